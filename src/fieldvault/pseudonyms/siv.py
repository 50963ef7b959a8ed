"""AES-SIV tokens: deterministic, authenticated, reversible (RFC 5297; spec token-v1 §4).

The associated data is the whole place, so it is never empty: what an implementation makes of empty associated data
(OpenSSL before CVE-2023-2975 left it unauthenticated) does not matter here. Nor is the plaintext ever empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from fieldvault.codec import Codec, codec_for
from fieldvault.columns.column import Column
from fieldvault.errors import TokenRefused
from fieldvault.keyring import DataKey
from fieldvault.normalise import Normaliser
from fieldvault.pseudonyms.inputs import Encode, Inputs
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.text_form import SIV_PREFIX, from_text, in_chunks, to_texts
from fieldvault.pseudonyms.tokeniser import Bench, Tokeniser, check_declaration, open_by_version, the_key

KEY_BYTES = 64
MIN_BYTES = 16 + 1
"""The synthetic IV and at least the type byte."""


class SivKey:
    """AES-256-SIV under one key and one place. `encrypt_deterministically` shows which values are equal."""

    __slots__ = ("_associated", "_cipher")

    def __init__(self, key: bytes, place: bytes) -> None:
        self._cipher = AESSIV(key)
        self._associated = [place]

    def encrypt_deterministically(self, inputs: Sequence[bytes]) -> list[bytes]:
        """Synthetic IV and ciphertext of each. Equal inputs have equal outputs."""
        encrypt, associated = self._cipher.encrypt, self._associated
        return [encrypt(one, associated) for one in inputs]

    def decrypt(self, sealed: bytes) -> bytes:
        """The input. Raises `TokenRefused` for anything that was not made under this key at this place."""
        try:
            return self._cipher.decrypt(sealed, self._associated)
        except InvalidTag:
            pass
        raise refused()

    def __repr__(self) -> str:
        return "<SivKey>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


def refused() -> TokenRefused:
    """The error for a token that does not authenticate."""
    return TokenRefused(
        "the token was not made here: in this domain, for this tenant, under this name",
        hint="right domain, right column? or the token was altered",
    )


@dataclass(frozen=True)
class SivToken(Tokeniser):
    """The token to take, where nothing forces another: `ft1.…`, one for each value, reversible, of any length.

    `type` is the values' type. With a `normaliser`, differently written values get one token, and what comes back
    is the normalised text. An observer sees which rows share a value, how often, and how long it is.
    """

    name: str
    normaliser: Normaliser[Any] | None = None
    type: type[Any] | Codec[Any] = str
    version: int = 1
    inputs: Inputs = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "siv"

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        object.__setattr__(self, "inputs", Inputs(self.type, self.normaliser))

    @property
    def codec(self) -> Codec[Any]:
        return self.inputs.codec

    @property
    def token_codec(self) -> Codec[Any]:
        return codec_for(str)

    def parameters(self) -> Sequence[bytes]:
        return [self.inputs.parameter]

    def check_values(self, column: Column) -> None:
        column.step(self.inputs.encode_many, self.inputs.encode)

    def tokenise(self, column: Column, bench: Bench) -> None:
        key = the_key(bench)
        make = partial(self._tokens, self.inputs.encoder(column.types), self._key(key, bench.place), key.version)
        column.step(partial(in_chunks, make), lambda value: make([value])[0])

    def check_tokens(self, column: Column) -> None:
        column.step(lambda texts: [from_text(SIV_PREFIX, text, at_least=MIN_BYTES) for text in texts])

    def detokenise(self, column: Column, bench: Bench) -> None:
        self.check_tokens(column)
        open_by_version(column, bench, partial(self._open_many, bench.place))
        column.step(self.codec.decode_many, self.codec.decode)

    def _tokens(self, encode: Encode, siv: SivKey, version: int, values: Sequence[Any]) -> list[str]:
        return to_texts(SIV_PREFIX, version, siv.encrypt_deterministically(encode(values)))

    def _open_many(self, place: DomainPlace, key: DataKey, raws: Sequence[bytes]) -> list[bytes]:
        decrypt = self._key(key, place).decrypt
        return [decrypt(raw[1:]) for raw in raws]

    def _key(self, key: DataKey, place: DomainPlace) -> SivKey:
        return self.made(key, place, KEY_BYTES, SivKey)
