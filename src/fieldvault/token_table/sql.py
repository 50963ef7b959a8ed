"""The token table in a database: SQLite, PostgreSQL, MySQL and MariaDB by URL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from fieldvault.errors import ConfigurationError, MissingExtra, TokenTableError
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.table_port import SealingKeyRecord, TokenRecord

try:
    from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, text
    from sqlalchemy.engine import URL, Connection, Engine
except ModuleNotFoundError:
    raise MissingExtra("the SQL token table", extra="sql") from None

from fieldvault.keystore.rows import time_text
from fieldvault.keystore.sql_engine import described, engine_from_engine, engine_from_url
from fieldvault.token_table.sql_tables import insert_absent_token, metadata, sealing_keys, tokens
from fieldvault.token_table.sql_work import TokenDatabase

DEFAULT_TIMEOUT_SECONDS = 10.0
CHUNK = 900
"""SQLite takes 999 parameters a statement before 3.32."""

T = TypeVar("T")
Row = Any


class SqlTokenTable:
    """Keeps look-up tokens in the tables `fieldvault_tokens` and `fieldvault_token_sealing_keys`.

    `database` is a URL or an SQLAlchemy `Engine`, as for `SqlKeyStore`; it may be the same database. `timeout` in
    seconds belongs to a URL only. Connects to nothing before the first call. Raises `ConfigurationError`,
    `MissingExtra`.
    """

    def __init__(self, database: str | URL | Engine, *, timeout: float | None = None) -> None:
        self._is_ours = not isinstance(database, Engine)
        if isinstance(database, Engine):
            if timeout is not None:
                raise ConfigurationError("an engine has its own timeouts", hint="set them where it is created")
            engine = engine_from_engine(database)
        else:
            engine = engine_from_url(database, DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout)
        self._name = described(engine)
        self._database = TokenDatabase(engine)

    def __repr__(self) -> str:
        return f"SqlTokenTable({self._name!r})"

    def __enter__(self) -> SqlTokenTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are those of the caller's engine."""
        if self._is_ours:
            self._database.engine.dispose()

    def create(self) -> None:
        """See `TokenTable.create`. A new SQLite file is readable by its owner only."""
        self._database.create_file()
        self._database.write(_create)

    def tokens_of(self, place: DomainPlace, lookups: Collection[bytes]) -> dict[bytes, bytes]:
        """See `TokenTable.tokens_of`."""

        def work(connection: Connection) -> dict[bytes, bytes]:
            found = _each_chunk(connection, tokens, place, tokens.c.lookup, lookups)
            return {bytes(row["lookup"]): bytes(row["token"]) for row in found}

        return self._database.read(work)

    def add(self, place: DomainPlace, records: Sequence[TokenRecord]) -> None:
        """See `TokenTable.add`. All in one transaction."""
        # Everybody inserts in one order, so that two writers of the same values do not wait for each other in a
        # ring.
        rows = sorted(
            ({**_place(place), **_token_values(record)} for record in records),
            key=lambda row: row["lookup"] or row["token"],
        )

        def work(connection: Connection) -> None:
            for chunk in _chunks(rows):
                connection.execute(insert_absent_token(connection), chunk)

        if rows:
            self._database.write(work)

    def records(self, place: DomainPlace, wanted: Collection[bytes]) -> dict[bytes, TokenRecord]:
        """See `TokenTable.records`. Raises `TokenTableError` for a malformed row."""

        def work(connection: Connection) -> dict[bytes, TokenRecord]:
            found = _each_chunk(connection, tokens, place, tokens.c.token, wanted)
            return {bytes(row["token"]): _token_record(row) for row in found}

        return self._database.read(work)

    def add_sealing_key(self, place: DomainPlace, record: SealingKeyRecord) -> None:
        """See `TokenTable.add_sealing_key`."""
        row = {
            **_place(place),
            "key_id": record.key_id,
            "kek": record.kek,
            "wrapped": record.wrapped,
            "created_at": time_text(record.created_at),
        }
        self._database.write(lambda connection: connection.execute(insert(sealing_keys), row))

    def sealing_keys(self, place: DomainPlace, key_ids: Collection[bytes]) -> dict[bytes, SealingKeyRecord]:
        """See `TokenTable.sealing_keys`."""

        def work(connection: Connection) -> dict[bytes, SealingKeyRecord]:
            found = _each_chunk(connection, sealing_keys, place, sealing_keys.c.key_id, key_ids)
            return {
                bytes(row["key_id"]): SealingKeyRecord(
                    bytes(row["key_id"]), row["kek"], bytes(row["wrapped"]), _time(row["created_at"])
                )
                for row in found
            }

        return self._database.read(work)

    def erase(self, place: DomainPlace) -> int:
        """See `TokenTable.erase`. In one transaction; SQLite overwrites what is deleted."""

        def work(connection: Connection) -> int:
            connection.execute(delete(sealing_keys).where(_in(sealing_keys, place)))
            count = connection.execute(select(func.count()).select_from(tokens).where(_in(tokens, place)))
            connection.execute(delete(tokens).where(_in(tokens, place)))
            return int(count.scalar_one())

        return self._database.write(work)


def _create(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Two CREATE TABLE IF NOT EXISTS at once can collide in PostgreSQL's own catalogue.
        connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(b"fvtokens", "big"))))
    metadata.create_all(connection, checkfirst=True)


def _place(place: DomainPlace) -> dict[str, Any]:
    # The global scope is the empty tenant, which no tenant's name can be (NULL would never be equal to itself).
    return {"tenant": place.tenant or "", "domain": place.domain}


def _in(table: Table, place: DomainPlace) -> ColumnElement[bool]:
    return and_(table.c.tenant == (place.tenant or ""), table.c.domain == place.domain)


def _each_chunk(
    connection: Connection, table: Table, place: DomainPlace, column: Any, wanted: Collection[bytes]
) -> Iterator[Row]:
    if connection.dialect.name == "postgresql":
        # A prepared statement's generic plan compares every row with every item of the list.
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    for chunk in _chunks(wanted):
        yield from connection.execute(select(table).where(column.in_(chunk), _in(table, place))).mappings()


def _token_values(record: TokenRecord) -> dict[str, Any]:
    return {
        "token": record.token,
        "name": record.name,
        "version": record.version,
        "lookup": record.lookup,
        "sealed": record.sealed,
        "sealing_key": record.sealing_key,
        "created_at": time_text(record.created_at),
    }


def _token_record(row: Row) -> TokenRecord:
    lookup, sealing_key = row["lookup"], row["sealing_key"]
    return TokenRecord(
        bytes(row["token"]),
        row["name"],
        int(row["version"]),
        None if lookup is None else bytes(lookup),
        bytes(row["sealed"]),
        None if sealing_key is None else bytes(sealing_key),
        _time(row["created_at"]),
    )


def _time(stored: Any) -> datetime:
    try:
        return datetime.fromisoformat(stored)
    except (TypeError, ValueError):
        pass
    raise TokenTableError("a row of the token table has no proper time", hint="it was altered")


def _chunks(items: Collection[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
