"""Ending what was never upgraded: dormant rows whose hash is legacy, or wraps a legacy digest.

A wrapped digest is as strong as the password was; what makes it worth expiring is that its MD5 may have
leaked years ago. An expired account is not lost: its owner sets a new password by the usual way for forgotten ones.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from fieldvault.attempts import attempt
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.sorting import Sorter
from fieldvault.password_migration.survey import OLD, Dormancy
from fieldvault.password_migration.table import PasswordTable, Row, pages

UNUSABLE = "!fieldvault-expired-"
"""`!` begins no hash of any scheme, and Django takes it for an unusable password too. 32 random digits follow, so
that what an application derives from the stored value (a reset link) is not the same for all."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Rows that were made unusable, by label; `kept` were used or changed meanwhile."""

    expired: Counter[str]
    kept: int


def expire(
    database: Database,
    table: PasswordTable,
    sorter: Sorter,
    dormancy: Dormancy,
    *,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Expired:
    """Replace the dormant rows' hashes; a page is one transaction, a row that was changed meanwhile is kept.

    May be run again after it was interrupted. Raises `PasswordTableError`.
    """
    return attempt(_expire, database, table, sorter, dormancy, on_rows).or_raise()


def _expire(
    database: Database, table: PasswordTable, sorter: Sorter, dormancy: Dormancy, on_rows: Callable[[int], None]
) -> Expired:
    done: Counter[str] = Counter()
    kept = 0
    table.check_width(len(_unusable()))
    for rows in pages(database, table):
        dormant = [
            (row, found.label)
            for row in rows
            if (found := sorter.sort(row)).kind in OLD and dormancy.holds(row.others[dormancy.column])
        ]
        if dormant:
            replaced = database.write(_replacing(table, dormant, dormancy))
            done.update(label for (_, label), was in zip(dormant, replaced, strict=True) if was)
            kept += replaced.count(False)
        on_rows(len(rows))
    return Expired(done, kept)


def _replacing(
    table: PasswordTable, dormant: Sequence[tuple[Row, str]], dormancy: Dormancy
) -> Callable[[Connection], list[bool]]:
    def replace(connection: Connection, row: Row) -> bool:
        # An old hash stays the same at a login where the application does not upgrade it: so ask the date again.
        now = table.by_id(connection, row.id)
        still = now is not None and dormancy.holds(now.others[dormancy.column])
        return still and table.replace(connection, [(row, _unusable())])[0]

    return lambda connection: [replace(connection, row) for row, _ in dormant]


def _unusable() -> str:
    return UNUSABLE + secrets.token_hex(16)
