"""A table of customers with three sealed fields in a real database, for the tests of re-encryption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, create_engine, insert, select, update
from sqlalchemy.engine import Engine

from fieldvault import Keyrings, PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.core.context import Scope
from fieldvault.keyring import FIELDS_PURPOSE, KeyringPolicy
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KekProvider, KeyStore
from fieldvault.rotation.reencrypt import Reencryption, ReencryptionOptions, SealedTable

FIELDS = ("name", "email", "iban")
CUSTOMERS = Schema("customers", [PlainField("id", int), *map(SealedField, FIELDS)], row_id="id")
SCOPE = Scope("acme", FIELDS_PURPOSE)


def customer(number: int, **changes: Any) -> dict[str, Any]:
    made = {"id": number, "name": f"Name {number}", "email": f"c{number}@example.org", "iban": f"DE{number:020}"}
    return made | changes


class Customers:
    """The table, its rows, and keyrings whose keys are in the same database unless another store is given."""

    def __init__(
        self,
        url: str,
        kek: KekProvider,
        *,
        store: KeyStore | None = None,
        schema: Schema = CUSTOMERS,
        text: bool = False,
        cache_seconds: float = 300.0,
    ) -> None:
        self.url, self.kek, self.schema, self.form = url, kek, schema, TextForm() if text else None
        self.engine: Engine = create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
        self.store = store or SqlKeyStore(url, timeout=30)
        self.keyrings = Keyrings(kek, self.store, policy=KeyringPolicy(cache_seconds=cache_seconds))
        kind = Text if text else LargeBinary
        self.rows = Table(
            "customers",
            MetaData(),
            Column("id", BigInteger, primary_key=True, autoincrement=False),
            Column("tenant", Text, nullable=False, server_default="acme"),
            *(Column(name, kind) for name in FIELDS),
        )

    def create(self) -> None:
        self.store.create()
        self.rows.metadata.create_all(self.engine)

    def cipher(self, tenant: str = "acme") -> RecordCipher:
        return RecordCipher(self.schema, self.keyrings, tenant=tenant, form=self.form)

    def fill(self, rows: int, *, tenant: str = "acme", first: int = 1) -> None:
        self.add([customer(n) for n in range(first, first + rows)], tenant=tenant)

    def add(self, records: Sequence[dict[str, Any]], *, tenant: str = "acme") -> None:
        sealed = self.cipher(tenant).seal_many(records)
        with self.engine.begin() as connection:
            connection.execute(insert(self.rows), [one | {"tenant": tenant} for one in sealed])

    def put(self, number: int, **cells: Any) -> None:
        """Cells as they are."""
        with self.engine.begin() as connection:
            connection.execute(update(self.rows).where(self.rows.c.id == number).values(cells))

    def rotate(self, tenant: str = "acme") -> bytes:
        """A new primary; its key id."""
        return self.keyrings.keyring(Scope(tenant, FIELDS_PURPOSE)).rotate().key_id

    def table(self, **changes: Any) -> SealedTable:
        given = {"tenant_column": "tenant", "form": self.form} | changes
        return SealedTable(self.engine, self.schema, "customers", **given)

    def job(self, *, tenants: Sequence[str] = ("acme",), **options: Any) -> Reencryption:
        return Reencryption(self.keyrings, [self.table()], tenants=tenants, options=ReencryptionOptions(**options))

    def cells(self) -> dict[int, tuple[Any, ...]]:
        with self.engine.connect() as connection:
            found = connection.execute(select(self.rows.c["id", *FIELDS]))
            return {row[0]: tuple(row[1:]) for row in found}

    def opened(self, tenant: str = "acme") -> dict[int, dict[str, Any]]:
        with self.engine.connect() as connection:
            query = select(self.rows.c["id", *FIELDS]).where(self.rows.c.tenant == tenant)
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return {one["id"]: one for one in self.cipher(tenant).open_many(rows)}

    def close(self) -> None:
        self.engine.dispose()
        if isinstance(self.store, SqlKeyStore):
            self.store.close()


@contextmanager
def customers(url: str, kek: KekProvider, **given: Any) -> Iterator[Customers]:
    """Closed at the end."""
    made = Customers(url, kek, **given)
    try:
        yield made
    finally:
        made.close()
