"""Values to typed plaintexts and back, many at once: the pure-Python twin, for which a packed column is a list.

For the types whose encoding is their own bytes (spec envelope-v1 §5). Rules of this file:

1. Only exact types are taken: a subclass, or anything odd, gives None, and the caller goes item by item.
2. None says nothing about which item it was; no error that holds a value is raised or kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from fieldvault.core import context
from fieldvault.core.context import encode_int

Packed = Sequence[bytes]
"""Byte strings that the other functions of the core take fastest."""

_AFTER_TYPE_BYTE = itemgetter(slice(1, None))
"""Faster in a `map` than slicing in a comprehension, by a third of a decoded str's cost."""


def pack_texts(tag: int, values: Sequence[Any]) -> Packed | None:
    """The type byte and the UTF-8 of each str. None if one is no plain str, or has a lone surrogate."""
    if set(map(type, values)) <= {str}:
        start = bytes((tag,))
        try:
            return [start + value.encode() for value in values]
        except UnicodeEncodeError:
            pass
    return None


def pack_bytes(tag: int, values: Sequence[Any]) -> Packed | None:
    """The type byte and each bytes. None if one is no plain bytes."""
    if set(map(type, values)) <= {bytes}:
        start = bytes((tag,))
        return [start + value for value in values]
    return None


def pack_ints(tag: int, values: Sequence[Any]) -> Packed | None:
    """The type byte and the least two's complement of each int. None if one is no plain int."""
    if set(map(type, values)) <= {int}:
        start = bytes((tag,))
        if min(values, default=0) >= 0 and max(values, default=0) < 1 << 31:
            # The usual row ids, at half the cost: the lengths of encode_int, told apart by comparison.
            return [
                start + n.to_bytes(1 if n < 1 << 7 else 2 if n < 1 << 15 else 3 if n < 1 << 23 else 4, "big")
                for n in values
            ]
        return [start + encode_int(value) for value in values]
    return None


def unpack_texts(tag: int, typed: Packed) -> list[str] | None:
    """What `pack_texts` packed. None unless all have the type byte and are UTF-8."""
    try:
        if {one[0] for one in typed} <= {tag}:
            return list(map(bytes.decode, map(_AFTER_TYPE_BYTE, typed)))
    except (IndexError, UnicodeDecodeError):
        pass
    return None


def unpack_bytes(tag: int, typed: Packed) -> list[bytes] | None:
    """What `pack_bytes` packed. None unless all have the type byte."""
    try:
        if {one[0] for one in typed} <= {tag}:
            return list(map(_AFTER_TYPE_BYTE, typed))
    except IndexError:
        pass
    return None


def as_list(packed: Packed) -> list[bytes]:
    """The same strings as a list of bytes."""
    return packed if isinstance(packed, list) else list(packed)


def extent(packed: Packed) -> tuple[int, int]:
    """The length of the shortest, and of all together; 0 where there are none."""
    lengths = list(map(len, packed))
    return min(lengths, default=0), sum(lengths)


row_suffixes = context.row_suffixes
