"""Vectors of keyring-v1: scopes, key ids, wrapped subject keys, keys wrapped by a local KEK or by transit."""

from __future__ import annotations

import base64
from typing import Any

from generator import kek_file_vectors, subject_key_vectors
from generator.keyring_parts import (
    commit,
    kek_id,
    local_unwrap,
    local_wrap,
    unwrap_subject_key,
    vault_version,
)
from generator.places import Scope
from generator.primitives import Refused, canonical, derive, flip_bit
from generator.subject_key_vectors import DATA_KEY, OTHER_DATA_KEY, SUBJECT_KEY, scope_fields

Vector = dict[str, Any]

KEK = derive("keyring/local kek")

SCOPES: dict[str, Scope] = {
    "tenant": Scope("acme"),
    "tenant-index": Scope("acme", "index"),
    "global": Scope(None),
    "global-index": Scope(None, "index"),
    "purpose-of-1": Scope("acme", "x"),
    "purpose-of-32": Scope("acme", "a" + "0-_z" * 7 + "123"),
    "tenant-named-like-a-purpose": Scope("fields", "fields"),
    "tenant-nfc": Scope("Müller GmbH"),
    "tenant-nfd": Scope("Mu\u0308ller GmbH"),
    "tenant-of-255-bytes": Scope("t" * 255),
    "subject": Scope("acme", subject="person:7"),
    "subject-global": Scope(None, subject="person:7"),
    "subject-outside-ascii": Scope("acme", subject="Zoë"),
    "subject-of-255-bytes": Scope("acme", subject="名" * 85),
    "subject-border-at-1": Scope("a", subject="bc"),
    "subject-border-at-2": Scope("ab", subject="c"),
}

BAD_SCOPES: dict[str, tuple[Scope, str]] = {
    "tenant-empty": (Scope(""), "The tenant is empty, which only the global scope is, and it is absent there."),
    "tenant-256-bytes": (Scope("t" * 256), "The tenant has 256 bytes."),
    "tenant-control": (Scope("ac\x85me"), "The tenant has a control character."),
    "tenant-lone-surrogate": (Scope("ac\ud800me"), "The tenant has a lone surrogate."),
    "purpose-empty": (Scope("acme", ""), "The purpose is empty."),
    "purpose-of-33": (Scope("acme", "a" * 33), "The purpose has 33 characters."),
    "purpose-upper-case": (Scope("acme", "Fields"), "The purpose has an upper-case letter."),
    "purpose-digit-first": (Scope("acme", "1fields"), "The purpose begins with a digit."),
    "purpose-hyphen-first": (Scope("acme", "-fields"), "The purpose begins with a hyphen."),
    "purpose-space": (Scope("acme", "my fields"), "The purpose has a space."),
    "purpose-newline": (Scope("acme", "fields\n"), "The purpose ends in a newline."),
    "purpose-not-ascii": (Scope("acme", "félds"), "The purpose has a letter outside ASCII."),
    "purpose-digit-not-ascii": (Scope("acme", "fields\u0661"), "The purpose has a digit outside ASCII."),
    "subject-empty": (Scope("acme", subject=""), "The subject is empty."),
    "subject-256-bytes": (Scope("acme", subject="s" * 256), "The subject has 256 bytes."),
    "subject-control": (Scope("acme", subject="person\t7"), "The subject has a control character."),
    "subject-lone-surrogate": (Scope("acme", subject="\udc00"), "The subject has a lone surrogate."),
}

_B64 = base64.b64encode(b"\xfb\xff" + derive("keyring/transit", 58)).decode("ascii")  # begins with "+/"
BAD_VAULT: dict[str, tuple[str, str]] = {
    "empty": ("", "Nothing."),
    "version-0": (f"vault:v0:{_B64}", "Version 0."),
    "version-01": (f"vault:v01:{_B64}", "A version with a leading zero."),
    "version-missing": (f"vault:v:{_B64}", "No version."),
    "version-part-missing": (f"vault:{_B64}", "No version part."),
    "version-negative": (f"vault:v-1:{_B64}", "A negative version."),
    "version-plus": (f"vault:v+1:{_B64}", "A version with a sign."),
    "version-letters": (f"vault:vx:{_B64}", "A version that is no number."),
    "version-arabic-digit": (f"vault:v\u0661:{_B64}", "A version digit outside ASCII."),
    "version-without-v": (f"vault:1:{_B64}", "A version without its v."),
    "prefix-missing": (_B64, "No prefix."),
    "prefix-upper-case": (f"VAULT:v1:{_B64}", "The prefix in upper case."),
    "prefix-v-upper-case": (f"vault:V1:{_B64}", "The v in upper case."),
    "url-safe-base64": (f"vault:v1:{_B64.replace('+', '-').replace('/', '_')}", "base64url in place of base64."),
    "base64-missing": ("vault:v1:", "No ciphertext."),
    "base64-with-padding": (f"vault:v1:{_B64}=", "Padding that is not needed."),
    "base64-cut": (f"vault:v1:{_B64[:-1]}", "A character is missing."),
    **{
        f"{n}-bytes": (f"vault:v1:{base64.b64encode(derive('keyring/transit', n)).decode()}", f"{n} bytes.")
        for n in (48, 59, 61, 76)
    },
    "leading-space": (f" vault:v1:{_B64}", "A space in front."),
    "space-inside": (f"vault:v1: {_B64}", "A space before the base64."),
    "line-folded": (f"vault:v1:{_B64[:40]}\n{_B64[40:]}", "A newline inside the base64."),
    "trailing-newline": (f"vault:v1:{_B64}\n", "A newline at the end."),
    "trailing-space": (f"vault:v1:{_B64} ", "A space at the end."),
    "trailing-part": (f"vault:v1:{_B64}:x", "One part too many."),
}  # fmt: skip


def _key_ids() -> list[Vector]:
    return [
        {
            "name": f"key-id-{name}",
            "kind": "key-id",
            **scope_fields(scope),
            "key": DATA_KEY.hex(),
            "scope": scope.encode().hex(),
            "key_id": scope.key_id(DATA_KEY).hex(),
        }
        for name, scope in SCOPES.items()
    ]


def _bad_scopes() -> list[Vector]:
    return [
        {"name": f"scope-{name}", "stage": "encode", "breaks": breaks, "kind": "key-id", **scope_fields(scope)}
        | {"key": DATA_KEY.hex()}
        for name, (scope, breaks) in BAD_SCOPES.items()
    ]


def _commitments() -> list[Vector]:
    """The key was unwrapped; its row says another scope or id than it commits to."""
    acme, index = Scope("acme"), Scope("acme", "index")
    person, other_person = Scope("acme", subject="person:7"), Scope("acme", subject="person:8")
    cases: dict[str, tuple[Scope, bytes, bytes, str]] = {
        "moved-to-tenant": (
            Scope("other"),
            DATA_KEY,
            acme.key_id(DATA_KEY),
            "The row was moved to another tenant.",
        ),
        "moved-to-global": (Scope(None), DATA_KEY, acme.key_id(DATA_KEY), "The row was moved to the global scope."),
        "moved-from-global": (acme, DATA_KEY, Scope(None).key_id(DATA_KEY), "A global row was moved to a tenant."),
        "moved-to-purpose": (index, DATA_KEY, acme.key_id(DATA_KEY), "The row was moved to another purpose."),
        "wrapped-key-moved-to-tenant": (
            Scope("other"),
            DATA_KEY,
            Scope("other").key_id(OTHER_DATA_KEY),
            "Only the wrapped key was moved, into the row of another tenant's key.",
        ),
        "wrapped-key-exchanged": (
            acme,
            OTHER_DATA_KEY,
            acme.key_id(DATA_KEY),
            "The wrapped keys of two rows of one scope were exchanged.",
        ),
        "key-id-flipped": (
            acme,
            DATA_KEY,
            flip_bit(acme.key_id(DATA_KEY), 15),
            "A bit of the row's key id is flipped.",
        ),
        "subject-key-as-data-key": (
            acme,
            SUBJECT_KEY,
            person.key_id(SUBJECT_KEY),
            "A subject key in a data key's row.",
        ),
        "data-key-as-subject-key": (person, DATA_KEY, acme.key_id(DATA_KEY), "A data key in a subject key's row."),
        "subject-key-id-of-another": (
            person,
            SUBJECT_KEY,
            other_person.key_id(SUBJECT_KEY),
            "The id which the key would have for another subject.",
        ),
    }
    return [
        {
            "name": f"commitment-{name}",
            "stage": "commitment",
            "breaks": breaks,
            "kind": "commitment",
            **scope_fields(scope),
        }
        | {"key": key.hex(), "stored_key_id": key_id.hex()}
        for name, (scope, key, key_id, breaks) in cases.items()
    ]


def _local_wraps() -> tuple[list[Vector], list[Vector]]:
    nonce = derive("keyring/nonce/local wrap", 12)
    good = local_wrap(KEK, DATA_KEY, nonce)
    shared: Vector = {"kind": "local-wrap", "kek": KEK.hex(), "kek_id": kek_id(KEK).hex()}
    positive = {
        "name": "local-wrap",
        **shared,
        "kek_name": f"local:{kek_id(KEK).hex()}",
        "data_key": DATA_KEY.hex(),
    }
    positive |= {
        "nonce": nonce.hex(),
        "aad": canonical(b"fieldvault/v1/local-kek-wrap", good[:17]).hex(),
        "wrapped": good.hex(),
    }
    other = derive("keyring/other local kek")
    cases: dict[str, tuple[bytes, str]] = {
        "of-another-kek": (local_wrap(other, DATA_KEY, nonce), "Wrapped by another KEK, whose id it names."),
        "under-another-kek": (local_wrap(other, DATA_KEY, nonce, named=kek_id(KEK)), "Wrapped by another KEK."),
        "names-another-kek": (local_wrap(KEK, DATA_KEY, nonce, named=kek_id(other)), "Names another KEK's id."),
        "version-02": (
            local_wrap(KEK, DATA_KEY, nonce, version=2),
            "Version 0x02, wrapped with that header in its AAD.",
        ),
        "other-label": (local_wrap(KEK, DATA_KEY, nonce, label="subject-key"), "Wrapped under another label."),
        "flipped-id": (flip_bit(good, 1), "A bit of the id is flipped."),
        "flipped-nonce": (flip_bit(good, 17), "A bit of the nonce is flipped."),
        "flipped-ciphertext": (flip_bit(good, 29), "A bit of the ciphertext is flipped."),
        "flipped-tag": (flip_bit(good, -1), "A bit of the tag is flipped."),
        "truncated": (good[:-1], "The last byte is missing."),
        "extended": (good + b"\x00", "A byte too many."),
        "empty": (b"", "No bytes."),
        "inner-key-of-31": (local_wrap(KEK, DATA_KEY[:31], nonce), "The inner key has 31 bytes."),
        "inner-key-of-33": (local_wrap(KEK, DATA_KEY + b"\x00", nonce), "The inner key has 33 bytes."),
    }
    negatives = [
        {"name": f"local-wrap-{name}", "stage": "unwrap", "breaks": breaks, **shared, "wrapped": wrapped.hex()}
        for name, (wrapped, breaks) in cases.items()
    ]
    return [positive], negatives


def _vault() -> tuple[list[Vector], list[Vector]]:
    good = [
        {"name": f"vault-version-{n}", "kind": "vault-wrapped-key", "wrapped": f"vault:v{n}:{_B64}", "version": n}
        for n in (1, 2, 12, 100)
    ]
    bad = [
        {
            "name": f"vault-{name}",
            "stage": "unwrap",
            "breaks": breaks,
            "kind": "vault-wrapped-key",
            "wrapped": wrapped,
        }
        for name, (wrapped, breaks) in BAD_VAULT.items()
    ]
    return good, bad


def vectors() -> tuple[list[Vector], list[Vector]]:
    local, bad_local = _local_wraps()
    vault, bad_vault = _vault()
    files, bad_files = kek_file_vectors.vectors(KEK)
    subjects = {name: scope for name, scope in SCOPES.items() if scope.subject is not None}
    positives = _key_ids() + subject_key_vectors.positive(subjects) + local + files + vault
    negatives = _bad_scopes() + _commitments() + subject_key_vectors.negative()
    return positives, negatives + bad_local + bad_files + bad_vault


def open_vector(vector: Vector) -> None:
    """Refused for a negative."""
    scope = Scope(vector.get("tenant"), vector.get("purpose", "fields"), vector.get("subject"))
    match vector["kind"]:
        case "key-id":
            scope.encode()
        case "commitment":
            commit(bytes.fromhex(vector["key"]), scope, bytes.fromhex(vector["stored_key_id"]))
        case "subject-wrap":
            keys = vector.get("data_keys") or [{"key_id": vector["data_key_id"], "key": vector["data_key"]}]
            data_keys = {bytes.fromhex(row["key_id"]): bytes.fromhex(row["key"]) for row in keys}
            wrapped, row_key_id = bytes.fromhex(vector["wrapped"]), bytes.fromhex(vector["subject_key_id"])
            unwrap_subject_key(data_keys, scope, wrapped, row_key_id)
        case "local-wrap":
            local_unwrap(bytes.fromhex(vector["kek"]), bytes.fromhex(vector["wrapped"]))
        case "local-kek-file":
            kek_file_vectors.open_vector(vector)
        case "vault-wrapped-key":
            vault_version(vector["wrapped"])


def check(positives: list[Vector], negatives: list[Vector]) -> None:
    for vector in positives:
        open_vector(vector)
    for vector in negatives:
        try:
            open_vector(vector)
        except Refused as refused:
            if refused.stage != vector["stage"]:
                raise AssertionError(f"{vector['name']}: {refused}") from refused
        else:
            raise AssertionError(f"{vector['name']} is not refused")
