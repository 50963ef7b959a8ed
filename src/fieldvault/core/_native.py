"""The native batch core: the twin of `_pure` and `_pure_packing`, byte for byte, by way of `fieldvault_native`.

Rules of this file:

1. The nonces of a batch come from one call to the operating system: of a small one as in the twin, of a larger one
   from a seed drawn for this batch alone and expanded in the extension, a thirteenth of the cost.
2. What is refused is opened again by the twin, one by one, which says why. So there is one place that words errors.
3. A list that the extension is given may change meanwhile: it has taken what it needs before it lets go of the GIL.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import fieldvault_native as extension

from fieldvault.core import _pure, _pure_packing
from fieldvault.core._pure import Rows
from fieldvault.core._pure_packing import Packed
from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext
from fieldvault.core.envelope import HEADER_BYTES, VERSION_1
from fieldvault.core.index import IndexKey
from fieldvault.errors import OpenError, SchemaError

_ANY_HEADER = bytes(HEADER_BYTES)
"""Stands where the extension puts each value's own header."""

_LEAST_EXPANDED = 32
"""Nonces; to expand a seed to fewer costs more than to draw them."""


def draw_nonces(count: int) -> bytes:
    """The nonces of a batch, 12 bytes each (spec envelope-v1 §2)."""
    return _pure.draw_nonces(count) if count < _LEAST_EXPANDED else extension.draw_nonces(count)


def seal_many(key: AeadKey, context: FieldContext, plaintexts: Sequence[bytes], rows: Rows) -> list[bytes]:
    """Seal typed plaintexts of one field under one key, in order."""
    _check_lengths(plaintexts, rows)
    header = key.header
    prefix = context.prefix(header, row_bound=rows is not None)
    return extension.seal_many(key.cipher, header, prefix, plaintexts, rows, draw_nonces(len(plaintexts)))


def seal_many_mixed(
    keys: Sequence[AeadKey], context: FieldContext, plaintexts: Sequence[bytes], rows: Rows
) -> list[bytes]:
    """Seal typed plaintexts of one field, each under its own key, in order."""
    _check_lengths(plaintexts, keys)
    _check_lengths(plaintexts, rows)
    ciphers, headers = [key.cipher for key in keys], [key.header for key in keys]
    prefix = context.prefix(_ANY_HEADER, row_bound=rows is not None)
    return extension.seal_many_mixed(ciphers, headers, prefix, plaintexts, rows, draw_nonces(len(plaintexts)))


headers_of = extension.headers_of


def open_packed(
    keys: Mapping[bytes, AeadKey],
    context: FieldContext,
    envelopes: Sequence[bytes],
    rows: Rows,
    headers: set[bytes],
) -> tuple[Sequence[bytes | None], dict[int, OpenError]]:
    """`open_many`, whose plaintexts are only unpacked: where they need not be Python's own bytes."""
    _check_lengths(envelopes, rows)
    ciphers = {
        header: keys[header[1:]].cipher for header in headers if header[:1] == VERSION_1 and header[1:] in keys
    }
    prefix = context.prefix(_ANY_HEADER, row_bound=rows is not None)
    packed, refused = extension.open_many(ciphers, prefix, envelopes, rows)
    if not refused:
        return packed, {}
    opened: list[bytes | None] = list(packed.tolist())
    failures: dict[int, OpenError] = {}
    for at in refused:
        row = None if rows is None else [rows[at]]
        [opened[at]], failed = _pure.open_one_by_one(keys, context, [envelopes[at]], row)
        if failed:
            failures[at] = failed[0]
    return opened, failures


def open_many(
    keys: Mapping[bytes, AeadKey],
    context: FieldContext,
    envelopes: Sequence[bytes],
    rows: Rows,
    headers: set[bytes],
) -> tuple[Sequence[bytes | None], dict[int, OpenError]]:
    """Open envelopes of one field, sealed under any of `keys` (by key id); see the twin."""
    opened, failures = open_packed(keys, context, envelopes, rows, headers)
    return (opened if failures else as_list(opened)), failures  # type: ignore[arg-type]


def index_many(key: IndexKey, normalised: Sequence[bytes]) -> list[bytes]:
    """Blind index values of normalised values, in order (spec index-v1 §3)."""
    if key.native is None:
        key.native = extension.IndexMac(key.key, key.version, key.value_bytes, key.last_byte_mask)
    return extension.index_many(key.native, normalised)


def pack_texts(tag: int, values: Sequence[Any]) -> Packed | None:
    """The type byte and the UTF-8 of each str. None if one is no plain str, or has a lone surrogate."""
    return extension.pack_texts(_listed(values), tag)


def pack_bytes(tag: int, values: Sequence[Any]) -> Packed | None:
    """The type byte and each bytes. None if one is no plain bytes."""
    return extension.pack_bytes(_listed(values), tag)


def pack_ints(tag: int, values: Sequence[Any]) -> Packed | None:
    """The type byte and the least two's complement of each int. None if one is no plain int."""
    packed = extension.pack_ints(_listed(values), tag)
    return _pure_packing.pack_ints(tag, values) if packed is None else packed  # one may have more than 64 bits


def unpack_texts(tag: int, typed: Packed) -> list[str] | None:
    """What `pack_texts` packed. None unless all have the type byte and are UTF-8."""
    return typed.texts(tag) if type(typed) is extension.Packed else _pure_packing.unpack_texts(tag, typed)


def unpack_bytes(tag: int, typed: Packed) -> list[bytes] | None:
    """What `pack_bytes` packed. None unless all have the type byte."""
    return typed.bodies(tag) if type(typed) is extension.Packed else _pure_packing.unpack_bytes(tag, typed)


def as_list(packed: Packed) -> list[bytes]:
    """The same strings as a list of bytes."""
    return packed.tolist() if type(packed) is extension.Packed else _pure_packing.as_list(packed)


def extent(packed: Packed) -> tuple[int, int]:
    """The length of the shortest, and of all together; 0 where there are none."""
    if type(packed) is extension.Packed:
        return packed.least_bytes, packed.total_bytes
    return _pure_packing.extent(packed)


def row_suffixes(parts: Sequence[Sequence[bytes]]) -> Packed:
    """The end of each row's AAD: see `context.row_suffixes`."""
    for part in parts:
        _check_lengths(parts[0], part)
    suffixes = extension.row_suffixes(list(parts))
    if suffixes is None:
        raise SchemaError("a row id must not be empty")
    return suffixes


def _listed(values: Sequence[Any]) -> list[Any]:
    return values if type(values) is list else list(values)


def _check_lengths(one: Sequence[object], other: Sequence[object] | None) -> None:
    if other is not None and len(one) != len(other):
        deque(zip(one, other, strict=True), maxlen=0)  # raises what the twin raises
