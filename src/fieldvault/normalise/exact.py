"""`exact@1`: the typed plaintext itself, for values that are written in one way: int, UUID, date, Enum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from fieldvault.core.batch import Packed
from fieldvault.errors import NotIndexable, ValueRefused
from fieldvault.normalise.base import Normaliser

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Encodes(Protocol[T_contra]):
    """The part of a codec that `Exact` needs."""

    def encode(self, value: T_contra, /) -> bytes:
        """The typed plaintext; never padded, or the padding policy would become a part of the index."""

    def pack_many(self, values: Sequence[T_contra], /) -> Packed:
        """The same of each, in order."""


class Exact(Normaliser[T], Generic[T]):
    """`exact@1`: the codec's typed plaintext without padding (spec envelope-v1 §5), its type byte included.

    So what counts is the encoding, not Python's `==`: Decimal("1.0") is not Decimal("1.00"), -0.0 is not 0.0, and
    an instant is not found under another offset. Give it a codec's `bare` form.
    """

    name = "exact@1"

    def __init__(self, codec: Encodes[T]) -> None:
        self.codec = codec

    def normalise(self, value: T) -> bytes:
        try:
            return self.codec.encode(value)
        except ValueRefused as refused:
            error = NotIndexable(refused.message, hint=refused.hint)
        raise error

    def pack_many(self, values: Sequence[T]) -> Packed:
        try:
            return self.codec.pack_many(values)
        except ValueRefused:
            pass  # told below, as what it is here
        return super().pack_many(values)
