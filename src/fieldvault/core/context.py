"""Canonical context encoding: what a key or a ciphertext is bound to (spec aad-v1).

Rules of this file:

1. Every component is length-prefixed and the number of components comes first, so no two lists of components
   have the same encoding. (Joining with a separator is how `("a-b", "c")` and `("a", "b-c")` collide.)
2. Text is UTF-8 as given: no normalisation, so two spellings are two contexts.
3. What cannot be encoded is refused here, before any key is touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from fieldvault.errors import SchemaError, ScopeError

MAX_NAME_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")


def canonical(components: Sequence[bytes]) -> bytes:
    """Encode a list of byte strings so that distinct lists never collide (spec aad-v1 §2).

    Layout: number of components as u32 big-endian, then for each its length as u32 big-endian and its bytes.
    """
    parts = [len(components).to_bytes(4, "big")]
    for component in components:
        parts.append(len(component).to_bytes(4, "big"))
        parts.append(component)
    return b"".join(parts)


def encode_name(name: str, what: str) -> bytes:
    """UTF-8 of a name (tenant, subject, schema, field): 1 to 255 bytes, no control characters.

    Raises `SchemaError` without the name in it, since a subject's name may itself be personal data.
    """
    if not issubclass(type(name), str):
        raise SchemaError(f"the {what} must be a str, not {type(name).__name__}")
    encoded = None if _SURROGATE.search(name) else name.encode()
    if encoded is None:  # not by catching UnicodeEncodeError, which holds the name
        raise SchemaError(f"the {what} has a lone surrogate, which UTF-8 cannot encode")
    if not 1 <= len(encoded) <= MAX_NAME_BYTES:
        raise SchemaError(f"the {what} must be 1 to {MAX_NAME_BYTES} bytes of UTF-8, not {len(encoded)}")
    if _CONTROL.search(name):
        raise SchemaError(f"the {what} has a control character")
    return encoded


@dataclass(frozen=True, slots=True)
class Scope:
    """What a data key is for: one tenant and one purpose. `tenant` None is the global scope.

    Raises `ScopeError` for a malformed tenant or purpose.
    """

    tenant: str | None
    purpose: str

    def __post_init__(self) -> None:
        if self.tenant is not None:
            try:
                encode_name(self.tenant, "tenant")
            except SchemaError as error:
                raise ScopeError(error.message) from None
        if not _PURPOSE.match(self.purpose):
            raise ScopeError("a purpose is 1 to 32 of a-z, 0-9, '_' and '-', starting with a letter")

    def tenant_bytes(self) -> bytes:
        """The tenant's component: empty for the global scope, which no tenant's name can be."""
        return b"" if self.tenant is None else self.tenant.encode()

    def canonical(self, subject: str | None = None) -> bytes:
        """canonical(tenant, purpose), or with a third component for a subject's key (spec keyring-v1 §2)."""
        components = [self.tenant_bytes(), self.purpose.encode()]
        if subject is not None:
            components.append(encode_name(subject, "subject"))
        return canonical(components)

    def __str__(self) -> str:
        return f"{'(global)' if self.tenant is None else self.tenant}/{self.purpose}"


def row_suffixes(parts: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The end of each row's AAD: u32(len(row)) || row (spec aad-v1 §3, §4).

    `parts` has one column for each part of the row id, of typed plaintexts: the type byte makes row 7 and row "7"
    two rows. Raises `SchemaError` if any part of any row is empty, or there are no parts.
    """
    if not parts or any(min(map(len, part), default=2) < 2 for part in parts):
        raise SchemaError("a row id must not be empty")
    # A type byte is never 0x00, and a component count below 2^24 starts with it: a composite id never equals a
    # single one.
    rows = parts[0] if len(parts) == 1 else [canonical(row) for row in zip(*parts, strict=True)]
    lengths = {length: length.to_bytes(4, "big") for length in set(map(len, rows))}
    return [lengths[len(row)] + row for row in rows]


def encode_int(value: int) -> bytes:
    """Minimal two's complement, big-endian; zero is one zero byte (spec envelope-v1 §5.3)."""
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


@dataclass(frozen=True, slots=True)
class FieldContext:
    """The EncryptionContext of one field: tenant, schema, field. The row id, where bound, comes per value.

    Raises `SchemaError` for a name that cannot be encoded.
    """

    tenant: str | None
    schema: str
    field: str
    _after_header: bytes = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tenant = b"" if self.tenant is None else self.tenant.encode()
        names = [tenant, encode_name(self.schema, "schema name"), encode_name(self.field, "field name")]
        object.__setattr__(self, "_after_header", canonical(names)[4:])

    def prefix(self, header: bytes, *, row_bound: bool) -> bytes:
        """The AAD up to the row id: canonical(header, tenant, schema, field[, …]) (spec aad-v1 §3).

        Where `row_bound`, the caller appends the row's suffix (`row_suffixes`).
        """
        return (_BOUND if row_bound else _UNBOUND) + len(header).to_bytes(4, "big") + header + self._after_header


_UNBOUND, _BOUND = ((count).to_bytes(4, "big") for count in (4, 5))
"""How many components: with the row id, or without."""
