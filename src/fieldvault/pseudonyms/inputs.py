"""What a token is made from: the typed plaintext of a value, or of its normalised text (spec token-v1 §3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from fieldvault.codec import Codec, codec_for
from fieldvault.codec.base import attempt
from fieldvault.codec.plaintext import STR
from fieldvault.errors import SchemaError
from fieldvault.normalise import Normaliser

_STR = bytes((STR,))

Encode = Callable[[Sequence[Any]], list[bytes]]
"""From values to inputs, all at once."""


class Inputs:
    """How values of one declared type become inputs, and inputs values. Any thread may use it."""

    __slots__ = ("codec", "normaliser")

    def __init__(self, declared: type[Any] | Codec[Any], normaliser: Normaliser[Any] | None) -> None:
        """Raises `SchemaError` for a normaliser beside another type than str, and for `exact`."""
        self.codec = codec_for(declared).bare
        self.normaliser = normaliser
        if normaliser is None:
            return
        if self.codec.python_type is not str:
            raise SchemaError(f"{normaliser.name} normalises text, and the values are declared {self.codec.name}")
        if normaliser.name.partition("@")[0] == "exact":
            raise SchemaError("exact@1 gives no text", hint="leave out the normaliser and declare the type")

    @property
    def parameter(self) -> bytes:
        """The normaliser's name, empty where there is none."""
        return b"" if self.normaliser is None else self.normaliser.name.encode()

    def encode_many(self, values: Sequence[Any]) -> list[bytes]:
        """Raises `ValueRefused`, `NotIndexable`."""
        if self.normaliser is None:
            return self.codec.encode_many(values)
        return [_STR + one for one in self.normaliser.normalise_many(values)]

    def encoder(self, types: Collection[type]) -> Encode:
        """`encode_many`, or a shorter way for a column of these types."""
        plain = self.normaliser is None and self.codec.python_type is str and types == {str}
        return self._encode_texts if plain else self.encode_many

    def _encode_texts(self, values: Sequence[str]) -> list[bytes]:
        # One text with a line for each value, encoded and split: faster. Not where a value has lines itself.
        joined = attempt(("\x02" + "\n\x02".join(values)).encode, UnicodeEncodeError)
        inputs = [] if joined is None else joined.split(b"\n")
        return inputs if len(inputs) == len(values) else self.codec.encode_many(values)

    def encode(self, value: Any) -> bytes:
        """One of them. Raises `ValueRefused`, `NotIndexable`."""
        return self.encode_many([value])[0]
