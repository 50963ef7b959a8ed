"""What stops a migration. Rows that are left as they are do not: they are counted.

Nothing here holds a password, a digest, a salt or a row's id.
"""

from __future__ import annotations

from fieldvault.errors import PasswordError


class PasswordTableError(PasswordError):
    """The table of passwords is not as declared, too narrow for what has to be written, or refused a statement."""


class PasswordTableUnavailable(PasswordTableError):
    """Its database could not be reached, is locked, full or read-only. Run the command again."""


class MigrationTakenOver(PasswordError):
    """Another run on the same column began meanwhile, and goes on where this one stopped."""
