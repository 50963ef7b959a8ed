"""A canary as plaintext, one as a person's name, and the raw keys, in a world whose parts can be broken.

What counts as shown: repr, str, arguments, attributes and notes of an error and of every error it leads to; the
locals of each frame of fieldvault in their tracebacks; every log record at DEBUG; and the repr of what is returned.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from plugins.secrecy import found_in, shown_by
from plugins.spied_store import SpiedStore

from fieldvault import ExactIndex, FieldvaultError, Keyrings, PlainField, RecordCipher, Schema, SealedField
from fieldvault.codec import PadTo
from fieldvault.normalise import EMAIL
from fieldvault.testing import FakeKek

CANARY = f"canary-{uuid.uuid4().hex}"
PERSON = f"person-{uuid.uuid4().hex}"
NUMBER = uuid.uuid4().int << 70
SCHEMA = Schema(
    "people",
    [
        PlainField("id", str),
        PlainField("person"),
        SealedField("email", index=ExactIndex(EMAIL)),
        SealedField("note", padding=PadTo(100)),
        SealedField("number", int, row_bound=False),
        SealedField("extra", dict, row_bound=False),
        SealedField("blob", bytes, row_bound=False),
    ],
    row_id="id",
    subject="person",
)
TENANT = "acme"


def record(**changes: Any) -> dict[str, Any]:
    given = {
        "id": "r1", "person": PERSON, "email": f"{CANARY}@example.org", "note": CANARY, "number": NUMBER,
        "extra": {CANARY: [CANARY]}, "blob": CANARY.encode(),
    }  # fmt: skip
    return given | changes


class World:
    """A cipher over parts that can be broken, and what must not be shown of it."""

    def __init__(self, keys: list[bytes]) -> None:
        self.kek, self.store, self.keys = FakeKek(), SpiedStore(), keys
        self.sealed = self.cipher().seal(record())
        self.records = self.cipher()

    def cipher(self, schema: Schema = SCHEMA) -> RecordCipher:
        return RecordCipher(schema, Keyrings(self.kek, self.store), tenant=TENANT)

    @property
    def secrets(self) -> list[str | bytes]:
        return [CANARY, PERSON, str(NUMBER), hex(NUMBER)[2:], *self.keys]

    def change(self, scope: str, **changes: Any) -> None:
        """Alter the rows of data keys, as somebody who may write to the key store."""
        rows = self.store.behind._data_keys
        for key_id, row in list(rows.items()):
            if row.scope.purpose == scope:
                rows[key_id] = replace(row, **changes)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every raw key: 32 bytes are drawn for nothing else."""
    real, drawn = os.urandom, []

    def urandom(size: int) -> bytes:
        value = real(size)
        if size == 32:
            drawn.append(value)
        return value

    monkeypatch.setattr(os, "urandom", urandom)
    return drawn


@pytest.fixture
def world(keys: list[bytes], caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with caplog.at_level(logging.DEBUG):
        made = World(keys)
        assert len(keys) == 4  # the KEK's own, what wraps people's keys, the person's, the index's data key
        yield made
    shown = "\n".join(f"{one.getMessage()} {one.args!r} {one.exc_text} {vars(one)!r}" for one in caplog.records)
    assert found_in(shown, made.secrets) == []


def damaged_at(sealed: bytes, at: int) -> bytes:
    return sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]


def raise_all(result: Any) -> None:
    for error in result.failures.values():
        raise error


def shown_when(work: Callable[[], object]) -> str:
    with pytest.raises(FieldvaultError) as raised:
        work()
    return shown_by(raised.value)
