"""Names, scopes, key ids, row ids and the AAD of a sealed field (aad-v1, keyring-v1 §2 and §3)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from generator.primitives import Refused, canonical, hkdf, minimal_integer

Row = dict[str, Any]


def utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("encode", "a lone surrogate has no UTF-8") from None


def name(text: str) -> bytes:
    """aad-v1 §3: 1 to 255 bytes without control characters."""
    encoded = utf8(text)
    if not 1 <= len(encoded) <= 255:
        raise Refused("encode", "a name is 1 to 255 bytes")
    if any(ord(c) <= 0x1F or 0x7F <= ord(c) <= 0x9F for c in text):
        raise Refused("encode", "a name has no control characters")
    return encoded


def tenant_name(tenant: str | None) -> bytes:
    return b"" if tenant is None else name(tenant)


@dataclass(frozen=True)
class Scope:
    """Whose key it is; `subject` is None for a data key."""

    tenant: str | None
    purpose: str = "fields"
    subject: str | None = None

    def encode(self) -> bytes:
        if re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", self.purpose, re.ASCII) is None:
            raise Refused("encode", "not a purpose")
        parts = [tenant_name(self.tenant), self.purpose.encode("ascii")]
        if self.subject is not None:
            parts.append(name(self.subject))
        return canonical(*parts)

    def key_id(self, key: bytes) -> bytes:
        return hkdf(key, b"fieldvault/v1/key-id" + self.encode(), 16)


def row_id(row: Row) -> bytes:
    """aad-v1 §4."""
    if row["type"] != "composite":
        return single_row_id(row)
    if len(row["values"]) < 2:
        raise Refused("encode", "a composite has two values or more")
    return canonical(*(single_row_id(value) for value in row["values"]))


def single_row_id(row: Row) -> bytes:
    match row["type"]:
        case "bytes" if row["hex"]:
            return b"\x01" + bytes.fromhex(row["hex"])
        case "text" if row["text"]:
            return b"\x02" + utf8(row["text"])
        case "int":
            return b"\x03" + minimal_integer(int(row["text"]))
        case "uuid":
            return b"\x0b" + uuid.UUID(row["text"]).bytes
        case _:
            raise Refused("encode", f"not a row id: {row['type']}")


def field_aad(header: bytes, tenant: str | None, schema: str, field: str, row: Row | None) -> bytes:
    """aad-v1 §3."""
    parts = [header, tenant_name(tenant), name(schema), name(field)]
    if row is not None:
        parts.append(row_id(row))
    return canonical(*parts)
