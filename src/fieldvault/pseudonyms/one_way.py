"""One-way pseudonyms: a keyed MAC of the value (spec token-v1 §5)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NoReturn

from fieldvault.codec import Codec, codec_for
from fieldvault.columns.column import Column
from fieldvault.errors import SchemaError
from fieldvault.normalise import Normaliser
from fieldvault.pseudonyms.inputs import Encode, Inputs
from fieldvault.pseudonyms.text_form import ONE_WAY_PREFIX, from_text, in_chunks, to_texts
from fieldvault.pseudonyms.tokeniser import Bench, Tokeniser, check_declaration, one_way, the_key

KEY_BYTES = 32


class MacKey:
    """HMAC-SHA256 under one key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes, place: bytes) -> None:  # noqa: ARG002 - the key is bound to its place already
        self._key = key

    def mac_many(self, inputs: Sequence[bytes], length: int = 32) -> list[bytes]:
        """The first `length` bytes of each MAC."""
        digest, key = hmac.digest, self._key
        return [digest(key, one, "sha256")[:length] for one in inputs]

    def __repr__(self) -> str:
        return "<MacKey>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


@dataclass(frozen=True)
class OneWayPseudonym(Tokeniser):
    """`fp1.…`: joins, and cannot be reversed, not even by us. `bits` is 64 to 256, a multiple of 8.

    Whoever may pseudonymise can still try out values: a phone number is found in minutes.
    """

    name: str
    normaliser: Normaliser[Any] | None = None
    type: type[Any] | Codec[Any] = str
    bits: int = 128
    version: int = 1
    inputs: Inputs = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "one-way"
    symmetric: ClassVar[bool] = False
    reversible: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        if not 64 <= self.bits <= 256 or self.bits % 8:
            raise SchemaError(f"{self.name}: bits must be 64 to 256, and a multiple of 8")
        object.__setattr__(self, "inputs", Inputs(self.type, self.normaliser))

    @property
    def codec(self) -> Codec[Any]:
        return self.inputs.codec

    @property
    def token_codec(self) -> Codec[Any]:
        return codec_for(str)

    def parameters(self) -> Sequence[bytes]:
        return [self.inputs.parameter, self.bits.to_bytes(2, "big")]

    def check_values(self, column: Column) -> None:
        column.step(self.inputs.encode_many, self.inputs.encode)

    def tokenise(self, column: Column, bench: Bench) -> None:
        key = the_key(bench)
        mac = self.made(key, bench.place, KEY_BYTES, MacKey)
        make = partial(self._tokens, self.inputs.encoder(column.types), mac, key.version)
        column.step(partial(in_chunks, make), lambda value: make([value])[0])

    def _tokens(self, encode: Encode, mac: MacKey, version: int, values: Sequence[Any]) -> list[str]:
        return to_texts(ONE_WAY_PREFIX, version, mac.mac_many(encode(values), self.bits // 8))

    def check_tokens(self, column: Column) -> None:
        column.step(lambda texts: [from_text(ONE_WAY_PREFIX, text, at_least=self.bits // 8) for text in texts])

    def detokenise(self, column: Column, bench: Bench) -> None:  # noqa: ARG002
        raise one_way(self)
