"""Key derivation: HKDF-SHA256 (RFC 5869) with a domain separator for each use.

Every `info` string starts with a label of this page. Labels all end where a canonical encoding begins, and
none is a prefix of another, so two uses never derive the same bytes from one key (spec aad-v1 §5).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fieldvault.core.context import Scope, canonical, encode_name

KEY_BYTES = 32
KEY_ID_BYTES = 16

KEY_ID_LABEL = b"fieldvault/v1/key-id"
INDEX_KEY_LABEL = b"fieldvault/v1/index-key"
TOKEN_KEY_LABEL = b"fieldvault/v1/token-key"
AUDIT_KEY_LABEL = b"fieldvault/v1/audit-key"
LOCAL_KEK_ID_LABEL = b"fieldvault/v1/local-kek-id"

SUBJECT_KEY_AAD_LABEL = b"fieldvault/v1/subject-key"
LOCAL_KEK_WRAP_AAD_LABEL = b"fieldvault/v1/local-kek-wrap"


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """What the key of a column of index values is derived for (spec index-v1 §2, index-kinds-v1 §2).

    With a `domain`, under whose name tables join, `schema`, `field` and `index` are empty.
    """

    schema: str
    field: str
    index: str
    normaliser: str
    bits: int
    kind: str = "exact"
    domain: str = ""


def hkdf_sha256(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF with an empty salt: our input keys are uniformly random, so extraction needs none (RFC 5869 §3.1)."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(key)


def derive_key_id(key: bytes, scope: Scope, subject: str | None = None) -> bytes:
    """The 16-byte commitment to a key and its scope (spec keyring-v1 §3)."""
    return hkdf_sha256(key, KEY_ID_LABEL + scope.canonical(subject), KEY_ID_BYTES)


def derive_index_key(
    data_key: bytes,
    *,
    schema: str,
    field: str,
    index: str,
    normaliser: str,
    bits: int,
    version: int,
    kind: str = "exact",
    domain: str = "",
) -> bytes:
    """The 32-byte MAC key of one column of a blind index (spec index-v1 §2).

    With a `domain`, under whose name tables join, schema, field and index are left empty (spec index-kinds-v1 §2).
    """
    names = {"schema name": schema, "field name": field, "index name": index}
    parts = [encode_name(kind, "index's kind")]
    if domain:
        parts += [encode_name(domain, "shared index's name"), *[b""] * len(names)]
    else:
        parts += [b"", *(encode_name(name, what) for what, name in names.items())]
    parts += [encode_name(normaliser, "normaliser's name"), bits.to_bytes(2, "big"), version.to_bytes(1, "big")]
    return hkdf_sha256(data_key, INDEX_KEY_LABEL + canonical(parts), KEY_BYTES)


def derive_token_key(key: bytes, place: bytes, length: int) -> bytes:
    """The key of one tokeniser in one domain; `place` is all that it is bound to (spec token-v1 §3)."""
    return hkdf_sha256(key, TOKEN_KEY_LABEL + place, length)


def derive_audit_key(key: bytes, log: str) -> bytes:
    """The 32-byte MAC key of one audit log, by its name (spec audit-v1 §3)."""
    return hkdf_sha256(key, AUDIT_KEY_LABEL + canonical([encode_name(log, "audit log's name")]), KEY_BYTES)


def subject_key_aad(header: bytes, scope: Scope, subject: str) -> bytes:
    """The AAD of a subject key wrapped under a data key (spec keyring-v1 §6)."""
    parts = [SUBJECT_KEY_AAD_LABEL, header, scope.tenant_bytes(), scope.purpose.encode()]
    return canonical([*parts, encode_name(subject, "subject")])
