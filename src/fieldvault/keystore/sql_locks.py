"""The statements on locks. Each function is one work, run within one transaction."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.engine import Connection

from fieldvault.keystore import rows
from fieldvault.keystore.sql_schema import insert_absent
from fieldvault.keystore.tables import locks
from fieldvault.ports import LockRecord

_OVER = datetime(1970, 1, 1, tzinfo=UTC)


def take(connection: Connection, offered: LockRecord, at: datetime) -> LockRecord:
    """One guarded UPDATE: of two that find a lock whose time is over, the second sees the first's."""
    values = {"name": offered.name, "owner": offered.owner, "until": rows.time_text(offered.until)}
    connection.execute(insert_absent(connection, locks, ["name"]), values)
    free = or_(locks.c.owner == offered.owner, locks.c.until <= rows.time_text(at))
    connection.execute(update(locks).where(locks.c.name == offered.name, free).values(values))
    held = connection.execute(select(locks).where(locks.c.name == offered.name)).mappings().one()
    return LockRecord(held["name"], held["owner"], datetime.fromisoformat(held["until"]).astimezone(UTC))


def release(connection: Connection, name: str, owner: str) -> None:
    """Its time is over then; the row stays, or another's `take` would miss it between its INSERT and its SELECT."""
    ended = update(locks).where(locks.c.name == name, locks.c.owner == owner).values(until=rows.time_text(_OVER))
    connection.execute(ended)
