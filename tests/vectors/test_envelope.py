"""The library against envelope-v1.json: the whole walk, from a key store's rows to a value or a refusal."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from plugins.cores import Core

from fieldvault import Keyrings, PlainField, RecordCipher, Schema, Scope, SealedField, Subject, Tenancy
from fieldvault.codec import codec_for
from fieldvault.codec.plaintext import is_null
from fieldvault.core import _pure
from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext, row_suffixes
from fieldvault.core.derive import derive_key_id, subject_key_aad
from fieldvault.core.envelope import ENVELOPE_PREFIX, from_text, to_text
from fieldvault.errors import KeyWrapRefused, OpenError
from fieldvault.keyring.data_key import SUBJECTS_PURPOSE
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import DataKeyRecord, KeyState, SubjectKeyRecord
from vectors.typed import codec_of, names, row_parts, same, value_of, vectors

FILE = vectors("envelope-v1")


class VectorKek:
    """Wraps nothing: the vectors give unwrapped keys. A test double for these tests alone."""

    name = "vectors"

    def wrap(self, keys: list[bytes]) -> list[bytes]:
        return list(keys)

    def unwrap(self, wrapped: list[bytes]) -> list[bytes | KeyWrapRefused]:
        return list(wrapped)

    def version_of(self, wrapped: bytes) -> int:
        return 1


def key_store(rows: list[dict[str, Any]]) -> MemoryKeyStore:
    store = MemoryKeyStore()
    store.create()
    now = datetime.now(UTC)
    last: dict[Scope, bytes] = {}
    for row in rows:
        scope = Scope(row["tenant"], row["purpose"])
        key, key_id = bytes.fromhex(row["key"] or "00"), bytes.fromhex(row["key_id"])
        if row["subject"] is None:
            version = len(store.data_keys(scope)) + 1
            record = DataKeyRecord(key_id, scope, version, KeyState.ACTIVE, "vectors", key, now)
            store.add_primary(record, replaces=last.get(scope))
            last[scope] = key_id
            if row["state"] == "destroyed":
                store.destroy_data_key(key_id)
                del last[scope]
        else:
            wrapping = os.urandom(32)
            owner = Scope(scope.tenant, SUBJECTS_PURPOSE)
            data_key = AeadKey(wrapping, derive_key_id(wrapping, owner))
            version = len(store.data_keys(owner)) + 1
            record = DataKeyRecord(data_key.key_id, owner, version, KeyState.ACTIVE, "vectors", wrapping, now)
            store.add_primary(record, replaces=last.get(owner))
            last[owner] = data_key.key_id
            wrapped = data_key.seal(key, subject_key_aad(data_key.header, scope, row["subject"]))
            store.add_subject_keys([SubjectKeyRecord(key_id, scope, row["subject"], wrapped, now)])
    return store


def read(case: dict[str, Any], place: dict[str, Any], cell: object, rows: list[dict[str, Any]]) -> Any:
    declared = case["declared"]
    parts = [] if place["row"] is None else row_parts(place["row"])
    ids = [PlainField(f"row id {at}", kind) for at, (kind, _) in enumerate(parts)]
    field = SealedField(
        place["field"], codec_of(declared), row_bound=bool(parts), seal_null=declared["nulls_sealed"]
    )
    fields = [*ids, field]
    record = {one.name: value for one, (_, value) in zip(ids, parts, strict=True)} | {place["field"]: cell}
    subject = None
    if place["subject"] is not None:
        kind, record["whose"] = place["subject"].split(":")
        fields.append(PlainField("whose"))
        subject = Subject("whose", kind)
    schema = Schema(
        place["schema"],
        fields,
        row_id=[one.name for one in ids],
        subject=subject,
        tenancy=Tenancy.GLOBAL if place["tenant"] is None else Tenancy.PER_TENANT,
    )
    keyrings = Keyrings(VectorKek(), key_store(rows))
    cipher = RecordCipher(schema, keyrings, tenant=place["tenant"])
    cipher.keyring = keyrings.keyring(Scope(place["tenant"], place["purpose"]))
    return cipher.open(record)[place["field"]]


def rows_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    place = {name: case["place"][name] for name in ("tenant", "purpose", "subject")}
    return [place | {"key_id": case["key_id"], "key": case["key"], "state": "active"}]


@pytest.mark.parametrize("case", FILE["positive"], ids=names(FILE["positive"]))
def test_a_positive_vector_is_what_we_write(
    case: dict[str, Any], core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = case["place"]
    codec = codec_of(case["declared"])
    typed = bytes.fromhex(case["typed_plaintext"])
    value = value_of(case["value"], codec)
    if case["padding_zeros"] is None and value is not None:
        assert codec.encode(value).hex() == typed.hex()
    key = core.key(bytes.fromhex(case["key"]), bytes.fromhex(case["key_id"]))
    assert (
        derive_key_id(bytes.fromhex(case["key"]), Scope(place["tenant"], place["purpose"]), place["subject"]).hex()
        == case["key_id"]
    )
    context = FieldContext(place["tenant"], place["schema"], place["field"])
    rows = None
    if place["row"] is not None:
        rows = row_suffixes([[codec_for(kind).encode(part)] for kind, part in row_parts(place["row"])])
    aad = context.prefix(key.header, row_bound=rows is not None) + (rows[0] if rows else b"")
    assert aad.hex() == case["aad"]
    monkeypatch.setattr(_pure.os, "urandom", lambda size: bytes.fromhex(case["nonce"]))
    [sealed] = core.seal_many(key, context, [typed], rows)
    assert sealed.hex() == case["envelope"]
    assert len(sealed) == 45 + len(typed)
    assert to_text(ENVELOPE_PREFIX, sealed) == case["text_form"]
    assert from_text(ENVELOPE_PREFIX, case["text_form"]) == sealed


@pytest.mark.parametrize("form", ["envelope", "text_form"])
@pytest.mark.parametrize("case", FILE["positive"], ids=names(FILE["positive"]))
def test_a_positive_vector_opens(case: dict[str, Any], form: str) -> None:
    cell = bytes.fromhex(case["envelope"]) if form == "envelope" else case["text_form"]
    opened = read(case, case["place"], cell, rows_of(case))
    codec = codec_of(case["declared"])
    if codec.name == "enum" or case["declared"]["type"] == "enum":
        assert opened.name == case["value"]["text"]
    elif opened is None:
        assert is_null(bytes.fromhex(case["typed_plaintext"]))
    else:
        assert same(opened, value_of(case["value"], codec))


@pytest.mark.parametrize("case", FILE["negative"], ids=names(FILE["negative"]))
def test_a_negative_vector_is_refused_at_its_stage(case: dict[str, Any]) -> None:
    cell = case["text_form"] if "text_form" in case else bytes.fromhex(case["envelope"])
    with pytest.raises(OpenError) as refusal:
        read(case, case["read_as"], cell, case["key_store"])
    assert refusal.value.stage == case["stage"]
