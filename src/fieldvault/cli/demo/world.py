"""World: what the demo's steps share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldvault.cli.demo.counting import CountingKek
from fieldvault.cli.demo.masters import Masters
from fieldvault.cli.demo.openbao import DemoServer
from fieldvault.cli.demo.story import Story
from fieldvault.config import Config
from fieldvault.keyring import Keyrings
from fieldvault.record import RecordCipher
from fieldvault.schema import Schema

TENANT = "acme"
OTHER_TENANT = "globex"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """`server` is None with a local KEK. The rows are the originals, to compare with."""

    story: Story
    folder: Path
    config: Config
    kek: CountingKek
    keyrings: Keyrings
    masters: Masters
    server: DemoServer | None
    customers: list[Row]
    vendors: list[Row]

    @property
    def customer(self) -> Schema:
        return self.config.schema("customer")

    @property
    def vendor(self) -> Schema:
        return self.config.schema("vendor")

    @property
    def tables(self) -> list[tuple[Schema, list[Row]]]:
        return [(self.customer, self.customers), (self.vendor, self.vendors)]

    def cipher(self, schema: Schema, tenant: str = TENANT) -> RecordCipher:
        return RecordCipher(schema, self.keyrings, tenant=tenant)


def fields_in(schema: Schema, rows: list[Row]) -> int:
    """How many values there are to seal: NULLs are none."""
    return sum(row[name] is not None for row in rows for name in schema.sealed)
