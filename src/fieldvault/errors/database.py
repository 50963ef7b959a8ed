"""The application's own tables, where a command reads or mends them."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class TableError(FieldvaultError):
    """A table could not be read or written; the statement that failed changed nothing."""


class TableUnavailable(TableError):
    """The database could not be reached, or a lock or statement took longer than the timeout. Try again later."""


class TableNotAsDeclared(TableError):
    """The table or a column of it does not exist."""
