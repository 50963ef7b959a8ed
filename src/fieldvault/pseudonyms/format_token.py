"""Tokens that look like the value: its characters of one alphabet replaced, the others left (spec token-v1 §6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar
from unicodedata import category

from fieldvault.codec import Codec, codec_for
from fieldvault.columns.column import Column
from fieldvault.core.context import encode_name
from fieldvault.errors import SchemaError, ValueRefused
from fieldvault.normalise import Normaliser
from fieldvault.pseudonyms.ff1 import KEY_BYTES, Ff1Key, require_size
from fieldvault.pseudonyms.inputs import Inputs
from fieldvault.pseudonyms.tokeniser import Bench, Tokeniser, check_declaration, the_key

DIGITS = "0123456789"
MAX_ALPHABET = 65536
_STR = codec_for(str)


@dataclass(frozen=True, slots=True, repr=False)
class Numerals:
    """The characters of a text that an alphabet has: all of them in `text`, and where they stand in `whole`."""

    whole: str
    text: str
    positions: Sequence[int]

    def with_numerals(self, numerals: str) -> str:
        """The whole text with other numerals in the places of its own."""
        characters = list(self.whole)
        for at, numeral in zip(self.positions, numerals, strict=True):
            characters[at] = numeral
        return "".join(characters)


def numerals_of(whole: str, alphabet: frozenset[str]) -> Numerals:
    """Raises `ValueRefused` for a number of another script, which would stay readable."""
    positions = [at for at, character in enumerate(whole) if character in alphabet]
    if len(positions) < len(whole) and any(
        category(character)[0] == "N" and character not in alphabet for character in whole
    ):
        raise ValueRefused("a digit that the alphabet does not have would stay readable", hint="write it in 0 to 9")
    return Numerals(whole, "".join([whole[at] for at in positions]), positions)


class FormatPreserving(Tokeniser):
    """What the tokenisers over FF1 share: text in, text of the same form out, and no version in it."""

    says_version: ClassVar[bool] = False

    @property
    def codec(self) -> Codec[Any]:
        return _STR

    @property
    def token_codec(self) -> Codec[Any]:
        return _STR

    def normalised(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts that are encrypted."""
        return texts

    def tokenise_one(self, key: Ff1Key, text: str) -> str:
        """The token of one text. Raises `ValueRefused`, `FormatTooSmall`."""
        raise NotImplementedError

    def detokenise_one(self, key: Ff1Key, token: str) -> str:
        """The text of one token. Raises `TokenMalformed`, and what `tokenise_one` raises."""
        raise NotImplementedError

    def check_one(self, text: str) -> None:
        """Raises what `tokenise_one` would raise."""
        raise NotImplementedError

    def check_token(self, token: str) -> None:
        """Raises what `detokenise_one` would raise."""
        self.check_one(token)

    def check_values(self, column: Column) -> None:
        column.step(self._texts)
        column.step(partial(_checked, self.check_one))

    def check_tokens(self, column: Column) -> None:
        column.step(_texts_only)
        column.step(partial(_checked, self.check_token))

    def tokenise(self, column: Column, bench: Bench) -> None:
        column.step(self._texts)
        key = self.made(the_key(bench), bench.place, KEY_BYTES, Ff1Key)
        column.step(lambda texts: [self.tokenise_one(key, text) for text in texts])

    def detokenise(self, column: Column, bench: Bench) -> None:
        column.step(_texts_only)
        key = self.made(the_key(bench), bench.place, KEY_BYTES, Ff1Key)
        column.step(lambda texts: [self.detokenise_one(key, text) for text in texts])

    def _texts(self, values: Sequence[Any]) -> Sequence[str]:
        return self.normalised(_texts_only(values))


@dataclass(frozen=True)
class FormatToken(FormatPreserving):
    """FF1 over the characters of `alphabet`: national identifiers, account numbers, anything with a form to keep.

    The first `keep_first` and last `keep_last` of them stay, and so does everything outside the alphabet: **it
    stays readable**. The token says neither its domain nor its version, and any text of the form reverses to
    something. Raises `SchemaError`; needs the extra `tokens`.
    """

    name: str
    alphabet: str = DIGITS
    keep_first: int = 0
    keep_last: int = 0
    normaliser: Normaliser[Any] | None = None
    version: int = 1
    inputs: Inputs = field(init=False, repr=False, compare=False)
    members: frozenset[str] = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "ff1"

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        check_kept(self.name, self.keep_first, self.keep_last)
        members = frozenset(self.alphabet)
        if not 2 <= len(self.alphabet) <= MAX_ALPHABET or len(members) < len(self.alphabet):
            raise SchemaError(f"{self.name}: an alphabet has 2 to {MAX_ALPHABET} characters, each once")
        if any(category(character) == "Cs" for character in members):
            raise SchemaError(f"{self.name}: the alphabet has a lone surrogate")
        object.__setattr__(self, "members", members)
        object.__setattr__(self, "inputs", Inputs(str, self.normaliser))

    def parameters(self) -> Sequence[bytes]:
        first, last = self.keep_first.to_bytes(2, "big"), self.keep_last.to_bytes(2, "big")
        return [self.inputs.parameter, self.alphabet.encode(), first, last]

    def normalised(self, texts: Sequence[str]) -> Sequence[str]:
        return normalised_texts(self.normaliser, texts)

    def check_one(self, text: str) -> None:
        self._parts(text)

    def tokenise_one(self, key: Ff1Key, text: str) -> str:
        numerals, first, middle, last = self._parts(text)
        replaced = key.encrypt_deterministically(self.alphabet, middle, [first, last])
        return numerals.with_numerals(first + replaced + last)

    def detokenise_one(self, key: Ff1Key, token: str) -> str:
        numerals, first, middle, last = self._parts(token)
        return numerals.with_numerals(first + key.decrypt(self.alphabet, middle, [first, last]) + last)

    def _parts(self, text: str) -> tuple[Numerals, str, str, str]:
        numerals = numerals_of(text, self.members)
        first, middle, last = split(numerals.text, self.keep_first, self.keep_last)
        require_size(len(self.alphabet), len(middle))
        return numerals, first, middle, last


def check_kept(name: str, first: int, last: int) -> None:
    """Raises `SchemaError` for a number that is none, or is past any text."""
    encode_name(name, "tokeniser's name")
    if any(type(one) is not int or not 0 <= one < 1 << 16 for one in (first, last)):
        raise SchemaError(f"{name}: keep_first and keep_last are 0 or more")


def split(numerals: str, first: int, last: int) -> tuple[str, str, str]:
    """The kept beginning, the middle (perhaps empty), and the kept end."""
    end = max(len(numerals) - last, first)
    return numerals[:first], numerals[first:end], numerals[end:]


def normalised_texts(normaliser: Normaliser[Any] | None, texts: Sequence[str]) -> Sequence[str]:
    """The normalised texts, or the texts. Raises `NotIndexable`."""
    return texts if normaliser is None else [one.decode() for one in normaliser.normalise_many(texts)]


def _texts_only(values: Sequence[Any]) -> list[str]:
    _STR.encode_many(values)  # refuses other types and lone surrogates
    return list(map(str.__str__, values))


def _checked(check: Callable[[str], None], texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        check(text)
    return texts
