"""What keyring-v1 wraps and reads: subject keys (§6), local KEKs and their files (§7), keys from transit (§4)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from generator.places import Scope
from generator.primitives import Refused, b64url, b64url_strict, canonical, gcm_open, gcm_seal, hkdf

MAGIC = "fieldvault-local-kek/v1\n"
PROTECT_KEY = "key"


# --- subject keys ---


def wrapping_scope(scope: Scope) -> Scope:
    """Whose data key wraps the subject keys of `scope`."""
    return Scope(scope.tenant, "subjects")


def subject_wrap_aad(header: bytes, scope: Scope) -> bytes:
    subject = Scope(scope.tenant, scope.purpose, scope.subject).encode()
    # canonical(tenant, purpose, subject) without its count: the same components, with two more in front.
    return (5).to_bytes(4, "big") + canonical(b"fieldvault/v1/subject-key", header)[4:] + subject[4:]


def wrap_subject_key(
    data_key: bytes,
    scope: Scope,
    key: bytes,
    nonce: bytes,
    *,
    version: int = 0x01,
    data_key_id: bytes | None = None,
) -> bytes:
    """`scope` is the subject scope; the version and id can be set wrong for negatives."""
    header = bytes([version]) + (data_key_id or wrapping_scope(scope).key_id(data_key))
    return header + nonce + gcm_seal(data_key, nonce, key, subject_wrap_aad(header, scope))


def unwrap_subject_key(data_keys: dict[bytes, bytes], scope: Scope, wrapped: bytes, key_id: bytes) -> bytes:
    """`data_keys` are the usable ones of the wrapping scope, by id; `key_id` is the one of the row."""
    if len(wrapped) != 77 or wrapped[0] != 0x01:
        raise Refused("unwrap", "not a wrapped subject key")
    header = wrapped[:17]
    if header[1:] not in data_keys:
        raise Refused("key", "no data key of the scope has this id")
    data_key = data_keys[header[1:]]
    key = gcm_open(data_key, wrapped[17:29], wrapped[29:], subject_wrap_aad(header, scope), stage="unwrap")
    return commit(key, scope, key_id)


def commit(key: bytes, scope: Scope, key_id: bytes) -> bytes:
    """keyring-v1 §3."""
    if not hmac.compare_digest(scope.key_id(key), key_id):
        raise Refused("commitment", "the key does not derive its id in this scope")
    return key


# --- local KEKs ---


def kek_id(kek: bytes) -> bytes:
    return hkdf(kek, b"fieldvault/v1/local-kek-id", 16)


def local_wrap(
    kek: bytes,
    key: bytes,
    nonce: bytes,
    *,
    version: int = 0x01,
    named: bytes | None = None,
    label: str = "local-kek-wrap",
) -> bytes:
    header = bytes([version]) + (named or kek_id(kek))
    return header + nonce + gcm_seal(kek, nonce, key, canonical(f"fieldvault/v1/{label}".encode(), header))


def local_unwrap(kek: bytes, wrapped: bytes) -> bytes:
    if len(wrapped) != 77 or wrapped[:17] != b"\x01" + kek_id(kek):
        raise Refused("unwrap", "not wrapped by this KEK")
    aad = canonical(b"fieldvault/v1/local-kek-wrap", wrapped[:17])
    return gcm_open(kek, wrapped[17:29], wrapped[29:], aad, stage="unwrap")


# --- local KEK files ---


def argon2id(passphrase: str, salt: bytes, m: int, t: int, p: int) -> bytes:
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return hash_secret_raw(
        secret, salt, time_cost=t, memory_cost=m, parallelism=p, hash_len=32, type=Type.ID, version=0x13
    )


def seal_file(before: str, protection_key: bytes, kek: bytes, nonce: bytes) -> str:
    """A whole file; `before` is all of it up to `sealed:`, and may be malformed on purpose."""
    return f"{before}sealed: {b64url(nonce + gcm_seal(protection_key, nonce, kek, before.encode('utf-8')))}\n"


def read_file(file: str, *, passphrase: str | None, protection_key: str | None) -> bytes:
    """The KEK in a file of keyring-v1 §7, or Refused."""
    number = "(0|[1-9][0-9]*)"
    argon = f"argon2id m={number} t={number} p={number} salt=([A-Za-z0-9_-]{{22}})"
    pattern = rf"({re.escape(MAGIC)}id: ([0-9a-f]{{32}})\nprotect: (key|{argon})\n)sealed: ([A-Za-z0-9_-]{{80}})\n"
    match = re.fullmatch(pattern, file, re.ASCII)
    if match is None:
        raise Refused("parse", "not as a writer would have written it")
    before, identity, protect, m, t, p, salt_text, sealed_text = match.groups()
    sealed = b64url_strict(sealed_text)
    if protect == PROTECT_KEY:
        if protection_key is None:
            raise Refused("parse", "needs the protection key")
        key = read_protection_key(protection_key)
    else:
        salt = b64url_strict(salt_text)
        memory, passes, lanes = int(m), int(t), int(p)
        if not (8192 <= memory <= 4194304 and 1 <= passes <= 64 and 1 <= lanes <= 16 and memory >= 8 * lanes):
            raise Refused("parse", "parameters out of bounds")
        if passphrase is None:
            raise Refused("parse", "needs the passphrase")
        key = argon2id(passphrase, salt, memory, passes, lanes)
    kek = gcm_open(key, sealed[:12], sealed[12:], before.encode("ascii"), stage="unwrap")
    if kek_id(kek).hex() != identity:
        raise Refused("commitment", "the KEK does not derive its id")
    return kek


def read_protection_key(text: str) -> bytes:
    key = b64url_strict(text)
    if len(key) != 32:
        raise Refused("parse", "a protection key is 32 bytes")
    return key


# --- transit ---


def vault_version(wrapped: str) -> int:
    """The key version N of a transit ciphertext, after its syntax is checked."""
    match = re.fullmatch(r"vault:v([1-9][0-9]*):([A-Za-z0-9+/]+={0,2})", wrapped, re.ASCII)
    if match is None:
        raise Refused("unwrap", "not a wrapped key of transit")
    try:
        data = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        raise Refused("unwrap", "not base64") from None
    # b64decode accepts "AAAA=" even when it validates, so what it decoded is written again and compared.
    if len(data) != 60 or base64.b64encode(data).decode("ascii") != match[2]:
        raise Refused("unwrap", "not 60 bytes in canonical base64")
    return int(match[1])
