"""What the workloads seal: the values, the schemas, and the associated data that peers are given too."""

from __future__ import annotations

from typing import Any

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField
from fieldvault.codec.scalars import StrCodec
from fieldvault.core.context import FieldContext
from fieldvault.normalise import EMAIL, TEXT, Exact
from fieldvault.testing import memory_keyrings

TENANT = "acme"
COLUMN = Schema("customer", [PlainField("id", int), SealedField("note", row_bound=False)], row_id="id")
"""One sealed field whose values may move between rows, so that one associated data serves the whole column."""

ROW_BOUND = Schema("customer", [PlainField("id", int), SealedField("note")], row_id="id")

EMAILS = Schema(
    "customer",
    [PlainField("id", int), SealedField("email", index=ExactIndex(EMAIL), row_bound=False)],
    row_id="id",
)

EXACT = Schema(
    "customer",
    [PlainField("id", int), SealedField("note", index=ExactIndex(Exact(StrCodec())), row_bound=False)],
    row_id="id",
)
"""An index of the value as it is: nothing is normalised, so only the MAC is left."""

CUSTOMERS = Schema(
    "customer",
    [
        PlainField("id", int),
        PlainField("country"),
        PlainField("segment"),
        PlainField("language"),
        PlainField("created", int),
        PlainField("orders", int),
        PlainField("newsletter", bool),
        SealedField("name"),
        SealedField("email", index=ExactIndex(EMAIL)),
        SealedField("phone"),
        SealedField("street"),
        SealedField("iban", index=ExactIndex(TEXT)),
    ],
    row_id="id",
)
"""Twelve columns, five of them sealed and bound to their rows, two of those indexed."""


def texts(count: int) -> list[str]:
    """Values of 24 bytes."""
    return [f"person{number:08}@mail.info" for number in range(count)]


def plaintexts(count: int) -> list[bytes]:
    return [text.encode() for text in texts(count)]


def customers(count: int) -> list[dict[str, Any]]:
    """Records of `CUSTOMERS`."""
    return [
        {
            "id": number,
            "country": "JO",
            "segment": "retail",
            "language": "ar",
            "created": 1_700_000_000 + number,
            "orders": number % 40,
            "newsletter": number % 3 == 0,
            "name": f"Firstname Lastname {number % 9973}",
            "email": f"person{number:08}@mail.info",
            "phone": f"+9627900{number % 100_000:05}",
            "street": f"{number % 300} King Hussein Street, Amman",
            "iban": f"JO94CBJO00100000000{number:011}",
        }
        for number in range(count)
    ]


def cipher(schema: Schema = COLUMN) -> RecordCipher:
    """Over a key store in memory: what is measured here asks no key store and no KEK."""
    return RecordCipher(schema, memory_keyrings(), tenant=TENANT)


def associated_data(sealed: bytes, field: str = "note") -> bytes:
    """The bytes that an envelope of this schema's field is bound to (spec aad-v1 §3): peers are given the same."""
    return FieldContext(TENANT, "customer", field).prefix(sealed[:17], row_bound=False)
