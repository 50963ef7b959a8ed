"""psycopg's binary format for the rows that one connection is about to read: half the bytes, no hex to parse."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection


def in_binary(connection: Connection) -> None:
    """From the next statement of this connection on, where its driver is psycopg."""
    if connection.dialect.driver == "psycopg":
        event.listen(connection, "before_cursor_execute", _binary)


def _binary(_connection: Any, cursor: Any, *_given: Any) -> None:
    from psycopg.pq import Format

    cursor.format = Format.BINARY
