"""What the tests of files share: a schema with every type, keyrings in memory, and one-call jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField, Tenancy
from fieldvault.codec import AwareDatetime, Json, NaiveDatetime
from fieldvault.files import (
    AllOrNothing,
    Counts,
    FileFormat,
    KeepGoing,
    Overwrite,
    State,
    form_for,
    format_of,
    open_file,
    open_sink,
    open_source,
    seal_file,
)
from fieldvault.normalise import EMAIL, NAME
from fieldvault.testing import memory_keyrings

CANARY = "canary-7f3a"
"""Put into cells; must never be in an error."""


ALL_OR_NOTHING = AllOrNothing()


class Grade(Enum):
    GOLD = 1
    TIN = 2


CUSTOMERS = Schema(
    "customers",
    [
        PlainField("id", int),
        PlainField("country"),
        SealedField("name", index=ExactIndex(NAME, bits=16)),
        SealedField("email", index=ExactIndex(EMAIL)),
        SealedField("born", date),
        SealedField("balance", Decimal, row_bound=False),
    ],
    row_id="id",
    tenancy=Tenancy.GLOBAL,
)

EVERY_TYPE = Schema(
    "everything",
    [
        PlainField("id", UUID),
        SealedField("text"),
        SealedField("blob", bytes),
        SealedField("count", int),
        SealedField("yes", bool),
        SealedField("ratio", float),
        SealedField("amount", Decimal),
        SealedField("day", date),
        SealedField("local", NaiveDatetime),
        SealedField("instant", AwareDatetime),
        SealedField("clock", time),
        SealedField("key", UUID),
        SealedField("grade", Grade),
        SealedField("extra", Json),
        SealedField("hidden", str, seal_null=True),
    ],
    row_id="id",
    tenancy=Tenancy.GLOBAL,
)


class Desk:
    """Keyrings and one-call jobs over files."""

    def __init__(self, schema: Schema = CUSTOMERS) -> None:
        self.schema = schema
        self.keyrings = memory_keyrings()

    def cipher(self, file_format: FileFormat = FileFormat.CSV) -> RecordCipher:
        return RecordCipher(self.schema, self.keyrings, form=form_for(file_format))

    def seal(self, given: Path, wanted: Path, **options: Any) -> Counts:
        return self._run(given, wanted, State.OPENED, **options)

    def open(self, given: Path, wanted: Path, **options: Any) -> Counts:
        return self._run(given, wanted, State.SEALED, **options)

    def _run(
        self,
        given: Path,
        wanted: Path,
        state: State,
        *,
        batch_rows: int = 7,
        failures: AllOrNothing | KeepGoing = ALL_OR_NOTHING,
        overwrite: Overwrite = Overwrite.REFUSE,
    ) -> Counts:
        other, job = (State.SEALED, seal_file) if state is State.OPENED else (State.OPENED, open_file)
        file_format = format_of(wanted)
        with (
            open_source(given, self.schema, state, batch_rows=batch_rows) as source,
            open_sink(
                wanted, file_format, self.schema, other, source.columns, source=given, overwrite=overwrite
            ) as sink,
        ):
            return job(self.cipher(file_format), source, sink, failures=failures)

    def read(self, path: Path, state: State = State.OPENED) -> list[dict[str, Any]]:
        with open_source(path, self.schema, state, batch_rows=7) as source:
            return [record for batch in source for record in batch]

    def write(self, path: Path, records: Sequence[dict[str, Any]], state: State = State.OPENED) -> Path:
        with open_sink(path, format_of(path), self.schema, state, list(self.schema.fields)) as sink:
            sink.write(records)
        return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def customers_csv(rows: int) -> str:
    """Canonical CSV of `CUSTOMERS`: what a `CsvSink` would write."""
    lines = ["id,country,name,email,born,balance"]
    lines += [
        f'{n},{"JO" if n % 2 else ""},"{CANARY}, {n % 5}",user{n}@example.com,19{n % 90 + 10}-02-03,{n}.50'
        for n in range(1, rows + 1)
    ]
    return "".join(f"{line}\n" for line in lines)


def every_type() -> list[dict[str, Any]]:
    """Records of `EVERY_TYPE`; the second one is null wherever it may be, the third has awkward values."""
    full = {
        "id": UUID(int=1),
        "text": "Grüße, „Welt“ =1+1",
        "blob": b"\x00\xff\x01",
        "count": 42,
        "yes": True,
        "ratio": 0.1,
        "amount": Decimal("12.50"),
        "day": date(1999, 12, 31),
        "local": datetime.fromisoformat("2020-02-29T12:30:00"),
        "instant": datetime.fromisoformat("2020-02-29T12:30:00.000001+00:00"),
        "clock": time(23, 59, 59, 999999),
        "key": UUID(int=7),
        "grade": Grade.TIN,
        "extra": {"a": [1, 2.5, None, "x"], "b": {"c": True}},
        "hidden": "h",
    }
    nulls = dict.fromkeys(full, None) | {"id": UUID(int=2)}
    awkward = full | {
        "id": UUID(int=3),
        "text": 'a "quoted"\r\nline\nbreak, and\ra return \u2028 ',
        "count": -(2**63),
        "yes": False,
        "ratio": float("inf"),
        "amount": Decimal("-0E+3"),
        "day": date(1, 1, 1),
        "grade": Grade.GOLD,
        "extra": ["fv1.", "ü"],
        "hidden": None,
    }
    return [full, nulls, awkward]
