"""Fields of few possible values: an index of them is the column itself, up to the names of its labels."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from fieldvault.codec import Codec
from fieldvault.codec.enums import EnumCodec
from fieldvault.codec.scalars import BoolCodec
from fieldvault.errors import SchemaError
from fieldvault.tokens import BlindIndex

MIN_VALUES = 16
"""Below it no number of bits is safe: an observer who knows the values tells them apart by their frequency."""


def possible_values(codec: Codec[Any]) -> int | None:
    """How many values the type has, where it says so: two of a bool, the members of an Enum."""
    bare = codec.bare
    if isinstance(bare, BoolCodec):
        return 2
    if isinstance(bare, EnumCodec):
        return len({id(member) for member in bare.python_type.__members__.values()})  # an alias is no other value
    return None


def refuse_few_values(owner: str, codecs: Iterable[Codec[Any]], index: BlindIndex) -> None:
    """Raises `SchemaError` where fewer than 16 values are possible, and the index does not say that it is meant."""
    counts = [possible_values(codec) for codec in codecs]
    if index.few_values or None in counts:
        return
    possible = prod(count for count in counts if count is not None)
    if possible < MIN_VALUES:
        raise SchemaError(
            f"{owner} has {possible} possible values: whoever sees the index {index.name} tells which is which",
            hint="open the rows and filter; or say few_values=True, if all may know the column",
        )
