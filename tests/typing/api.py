"""Type-checks as a user would: nothing here runs, mypy reads it (`make lint`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, assert_type
from uuid import UUID

from fieldvault import (
    BatchError,
    BatchResult,
    BinaryForm,
    ExactIndex,
    FieldvaultError,
    Keyring,
    KeyringPolicy,
    Keyrings,
    OpenError,
    PlainField,
    RecordCipher,
    Schema,
    Scope,
    SealedField,
    SealError,
    Stage,
    Tenancy,
    TextForm,
    __version__,
)
from fieldvault.codec import Json, PadTo
from fieldvault.errors import EnvelopeVersionRefused, KeyDestroyed, KeyNotFound
from fieldvault.keyring import DataKey
from fieldvault.keystore import MemoryKeyStore, SqlKeyStore
from fieldvault.normalise import EMAIL, Phone
from fieldvault.ports import Clock, KekProvider, KeyStore
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings


class Tier(Enum):
    GOLD = 1


def declare() -> Schema:
    return Schema(
        "customers",
        [
            PlainField("id", UUID),
            PlainField("person"),
            SealedField("email", index=ExactIndex(EMAIL)),
            SealedField("phone", index=[ExactIndex(Phone("GB"), bits=64, name="phone", column="phone_lookup")]),
            SealedField("born", datetime, row_bound=False, seal_null=True),
            SealedField("credit", Decimal, padding=PadTo(32)),
            SealedField("tier", Tier),
            SealedField("extra", Json),
        ],
        row_id="id",
        subject="person",
        tenancy=Tenancy.PER_TENANT,
    )


def compose(url: str) -> Keyrings:
    kek: KekProvider = FakeKek()
    store: KeyStore = SqlKeyStore(url, timeout=5)
    clock: Clock = FakeClock()
    assert_type(memory_keyrings(), Keyrings)
    memory_keyrings(policy=KeyringPolicy(cache_seconds=60), clock=clock, kek=kek, store=MemoryKeyStore())
    return Keyrings(kek, store, policy=KeyringPolicy(lease=1000), clock=clock)


def records(cipher: RecordCipher, given: list[dict[str, object]]) -> None:
    assert_type(cipher.seal({"id": 1}), dict[str, Any])
    assert_type(cipher.open({"id": 1}), dict[str, Any])
    assert_type(cipher.seal_many(given), list[dict[str, Any]])
    assert_type(cipher.open_many(given), list[dict[str, Any]])
    assert_type(cipher.seal_batches([given]), Iterator[list[dict[str, Any]]])
    assert_type(cipher.open_batches([given]), Iterator[list[dict[str, Any]]])
    result = cipher.open_many_partially(given)
    assert_type(result, BatchResult[dict[str, Any]])
    for position, record in result.good():
        assert_type(position, int)
        assert_type(record, dict[str, Any])
    for at, error in result.failures.items():
        assert_type(at, int)
        assert_type(error, FieldvaultError)


def search(cipher: RecordCipher) -> bool:
    assert_type(cipher.index_values("email", "ada@example.org"), list[Any])
    return cipher.matches("email", "ada@example.org", "Ada@example.org")


def failures(cipher: RecordCipher) -> str:
    try:
        cipher.open({})
    except KeyDestroyed as gone:
        return gone.key_id.hex()
    except KeyNotFound as missing:
        assert_type(missing.key_id, bytes)
    except EnvelopeVersionRefused as newer:
        assert_type(newer.version, int)
    except OpenError as refused:
        assert_type(refused.stage, Stage)
        return refused.stage.value
    except SealError as refused:
        assert_type(refused.field, str | None)
    except BatchError as batch:
        assert_type(batch.failures, dict[int, FieldvaultError])
        assert_type(batch.total, int)
    except FieldvaultError as error:
        return error.message if error.hint is None else error.hint
    return __version__


def keys(keyrings: Keyrings) -> None:
    keyring = keyrings.keyring(Scope("acme", "fields"))
    assert_type(keyring, Keyring)
    assert_type(keyring.rotate(), DataKey)
    assert_type(keyring.shred_subjects(["people:p1"]), list[bytes])
    keyring.destroy(keyring.primary(uses=1).key_id)


def ciphers(keyrings: Keyrings) -> list[RecordCipher]:
    return [
        RecordCipher(declare(), keyrings, tenant="acme"),
        RecordCipher(declare(), keyrings, tenant="acme", form=TextForm()),
        RecordCipher(declare(), keyrings, form=BinaryForm()),
    ]


def what_a_checker_must_refuse(cipher: RecordCipher, keyrings: Keyrings) -> None:
    cipher.seal("a record")  # type: ignore[arg-type]
    cipher.seal_many({"id": 1})  # type: ignore[arg-type]
    cipher.index_values(7, "x")  # type: ignore[arg-type]
    RecordCipher(declare(), keyrings, "acme")  # type: ignore[call-arg]
    Keyrings(FakeKek(), FakeKek())  # type: ignore[arg-type]
    KeyringPolicy(60)  # type: ignore[call-arg]
    SealedField("v", "str")  # type: ignore[arg-type]
    Schema("t", ["v"])  # type: ignore[list-item]
    Scope("acme", "fields").tenant = "evil"  # type: ignore[misc]
