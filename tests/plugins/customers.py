"""A customer table for the tests of the record layer."""

from __future__ import annotations

from typing import Any

from fieldvault import ExactIndex, Keyrings, PlainField, RecordCipher, Schema, SealedField
from fieldvault.normalise import EMAIL
from fieldvault.testing import memory_keyrings

CUSTOMERS = Schema(
    "customers",
    [
        PlainField("id", int),
        SealedField("email", index=ExactIndex(EMAIL)),
        SealedField("iban"),
        SealedField("country", row_bound=False),
    ],
    row_id="id",
)
PEOPLE = Schema(
    "people",
    [
        PlainField("id", int),
        PlainField("person"),
        SealedField("email"),
        SealedField("country", row_bound=False),
    ],
    row_id="id",
    subject="person",
)


def cipher(schema: Schema = CUSTOMERS, keyrings: Keyrings | None = None, **changes: Any) -> RecordCipher:
    """A cipher for the tenant `acme`, over keyrings of its own unless some are given."""
    return RecordCipher(schema, keyrings or memory_keyrings(), **({"tenant": "acme"} | changes))


def customer(number: int = 1, **changes: Any) -> dict[str, Any]:
    record = {"id": number, "email": f"ada{number}@example.org", "iban": f"DE{number:020}", "country": "UK"}
    return record | changes


def person(number: int = 1, **changes: Any) -> dict[str, Any]:
    record = {"id": number, "person": f"p{number}", "email": f"ada{number}@example.org", "country": "UK"}
    return record | changes
