"""Vectors of keyring-v1 §6: subject keys wrapped under data keys."""

from __future__ import annotations

from typing import Any

from generator.keyring_parts import subject_wrap_aad, wrap_subject_key, wrapping_scope
from generator.places import Scope
from generator.primitives import canonical, derive, flip_bit, gcm_seal

Vector = dict[str, Any]

DATA_KEY = derive("keyring/data key")
OTHER_DATA_KEY = derive("keyring/other data key")
SUBJECT_KEY = derive("keyring/subject key")


def scope_fields(scope: Scope) -> Vector:
    return {"tenant": scope.tenant, "purpose": scope.purpose, "subject": scope.subject}


def positive(scopes: dict[str, Scope]) -> list[Vector]:
    made = []
    for name, scope in scopes.items():
        nonce = derive(f"keyring/nonce/{name}", 12)
        data_scope = wrapping_scope(scope)
        header = b"\x01" + data_scope.key_id(DATA_KEY)
        made.append(
            {
                "name": f"subject-wrap-{name}",
                "kind": "subject-wrap",
                **scope_fields(scope),
                "data_key": DATA_KEY.hex(),
                "data_key_id": data_scope.key_id(DATA_KEY).hex(),
                "subject_key": SUBJECT_KEY.hex(),
                "subject_key_id": scope.key_id(SUBJECT_KEY).hex(),
                "nonce": nonce.hex(),
                "aad": subject_wrap_aad(header, scope).hex(),
                "wrapped": wrap_subject_key(DATA_KEY, scope, SUBJECT_KEY, nonce).hex(),
            }
        )
    return made


def _data_key_row(scope: Scope, key: bytes) -> Vector:
    return {"key_id": scope.key_id(key).hex(), "key": key.hex()}


def _wrapped_for(scope: Scope) -> Vector:
    """Wrapped under acme's data key, for a subject of another scope."""
    nonce = derive("keyring/nonce/subject", 12)
    data_key_id = wrapping_scope(Scope("acme")).key_id(DATA_KEY)
    return {"wrapped": wrap_subject_key(DATA_KEY, scope, SUBJECT_KEY, nonce, data_key_id=data_key_id).hex()}


def negative() -> list[Vector]:
    scope = Scope("acme", subject="person:7")
    data_key_id = wrapping_scope(Scope("acme")).key_id(DATA_KEY)
    nonce = derive("keyring/nonce/subject", 12)
    good = wrap_subject_key(DATA_KEY, scope, SUBJECT_KEY, nonce)
    header = good[:17]
    row: Vector = {
        "kind": "subject-wrap",
        **scope_fields(scope),
        "data_keys": [_data_key_row(wrapping_scope(scope), DATA_KEY)],
        "subject_key_id": scope.key_id(SUBJECT_KEY).hex(),
        "wrapped": good.hex(),
    }
    other_subject = Scope("acme", subject="person:8")
    other_tenant = Scope("other", subject="person:7")
    envelope_aad = canonical(header, b"acme", b"people", b"email")
    as_envelope = header + nonce + gcm_seal(DATA_KEY, nonce, SUBJECT_KEY, envelope_aad)
    under_other = wrap_subject_key(OTHER_DATA_KEY, scope, SUBJECT_KEY, nonce, data_key_id=data_key_id)
    names_other = wrap_subject_key(OTHER_DATA_KEY, scope, SUBJECT_KEY, nonce)
    cases: dict[str, tuple[str, str, Vector]] = {
        "moved-to-subject": (
            "unwrap",
            "The wrapped key stands in another subject's row.",
            scope_fields(other_subject),
        ),
        "moved-to-subject-with-id": (
            "unwrap",
            "The wrapped key stands in another subject's row, which names the id the key would have there.",
            scope_fields(other_subject) | {"subject_key_id": other_subject.key_id(SUBJECT_KEY).hex()},
        ),
        "moved-to-tenant": (
            "key",
            "The row was moved to another tenant, whose data key is another.",
            scope_fields(other_tenant)
            | {"data_keys": [_data_key_row(wrapping_scope(other_tenant), OTHER_DATA_KEY)]},
        ),
        "moved-to-purpose": (
            "unwrap",
            "The row was moved to another purpose.",
            {"purpose": "audit"},
        ),
        "for-another-tenant": ("unwrap", "Its AAD names another tenant.", _wrapped_for(other_tenant)),
        "for-another-purpose": (
            "unwrap",
            "Its AAD names another purpose.",
            _wrapped_for(Scope("acme", "audit", "person:7")),
        ),
        "wrapped-with-another-data-key": (
            "unwrap",
            "Wrapped under another data key.",
            {"wrapped": under_other.hex()},
        ),
        "data-key-unknown": (
            "key",
            "The scope has no data key of the id it names.",
            {"wrapped": names_other.hex()},
        ),
        "flipped-version": ("unwrap", "A bit of the version is flipped.", {"wrapped": flip_bit(good, 0, 1).hex()}),
        "version-02": (
            "unwrap",
            "Version 0x02, wrapped with that header in its AAD.",
            {"wrapped": wrap_subject_key(DATA_KEY, scope, SUBJECT_KEY, nonce, version=0x02).hex()},
        ),
        "flipped-nonce": ("unwrap", "A bit of the nonce is flipped.", {"wrapped": flip_bit(good, 17).hex()}),
        "flipped-ciphertext": (
            "unwrap",
            "A bit of the ciphertext is flipped.",
            {"wrapped": flip_bit(good, 29).hex()},
        ),
        "flipped-tag": ("unwrap", "A bit of the tag is flipped.", {"wrapped": flip_bit(good, -1).hex()}),
        "truncated": ("unwrap", "The last byte is missing.", {"wrapped": good[:-1].hex()}),
        "extended": ("unwrap", "A byte too many.", {"wrapped": good.hex() + "00"}),
        "empty": ("unwrap", "No bytes.", {"wrapped": ""}),
        "envelope-in-its-place": (
            "unwrap",
            "A field's envelope, whose value is the key, under the same data key.",
            {"wrapped": as_envelope.hex()},
        ),
        "another-key-id-in-row": (
            "commitment",
            "The row's key id is not the one of the wrapped key.",
            {"subject_key_id": scope.key_id(OTHER_DATA_KEY).hex()},
        ),
    }
    for length in (0, 16, 31, 33):
        inner = wrap_subject_key(DATA_KEY, scope, derive("keyring/inner", 64)[:length], nonce)
        cases[f"inner-key-of-{length}"] = ("unwrap", f"The inner key has {length} bytes.", {"wrapped": inner.hex()})
    return [
        {"name": f"subject-wrap-{name}", "stage": stage, "breaks": breaks} | row | changes
        for name, (stage, breaks, changes) in cases.items()
    ]
