"""What a tokeniser is: a frozen declaration that turns the values of one kind into tokens, and back.

Rules that every tokeniser keeps, and that the property tests check:

1. All that is declared goes into its key (spec token-v1 §3). So a changed declaration never meets old tokens.
2. It has no key. `Bench` lends it one of the domain's, for one call.
3. What is wrong with one value is that value's failure in the `Column`, without the value in it.
4. None stays None: what is NULL has no token.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from fieldvault.codec import Codec
from fieldvault.columns.column import Column
from fieldvault.core.context import encode_name
from fieldvault.errors import FieldvaultError, NotReversible, SchemaError
from fieldvault.keyring import DataKey
from fieldvault.pseudonyms.place import MAX_DECLARED_VERSION, DomainPlace

if TYPE_CHECKING:
    from fieldvault.pseudonyms.sealing import TokenSealing

Made = TypeVar("Made")
KeysByVersion = Mapping[int, DataKey | FieldvaultError]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a domain lends a tokeniser for one call.

    `key` makes tokens; `keys` gives those of the versions that tokens name, or why there is none. `sealing` is
    where look-up tokens are kept, None where the domain has no token table.
    """

    place: DomainPlace
    key: DataKey | None
    keys: Callable[[Collection[int]], KeysByVersion]
    sealing: TokenSealing | None


class Tokeniser(ABC):
    """`name` says what the tokens are of: what shares it in a domain, joins. It is not a column's name.

    `version` is that of the declaration: whoever changes one takes the next.
    """

    kind: ClassVar[str]
    """The spec's word for it."""
    symmetric: ClassVar[bool] = True
    """Whether the key that makes tokens also reverses them."""
    reversible: ClassVar[bool] = True
    says_version: ClassVar[bool] = True
    """Whether a token says under which of the domain's keys it was made."""
    per_subject: ClassVar[bool] = False
    """Whether a token depends on whose value it is."""

    name: str
    version: int

    @property
    def codec(self) -> Codec[Any]:
        """The type of the values that go in and come back."""
        raise NotImplementedError

    @property
    def token_codec(self) -> Codec[Any]:
        """The type of the tokens."""
        raise NotImplementedError

    @abstractmethod
    def parameters(self) -> Sequence[bytes]:
        """What is declared besides name and version, as the spec lists it."""

    @abstractmethod
    def tokenise(self, column: Column, bench: Bench) -> None:
        """Take a column from values to tokens."""

    @abstractmethod
    def check_values(self, column: Column) -> None:
        """Note the values that cannot have a token, without a key and without a token table."""

    @abstractmethod
    def check_tokens(self, column: Column) -> None:
        """Note what is no token of this kind, without a key."""

    @abstractmethod
    def detokenise(self, column: Column, bench: Bench) -> None:
        """Take a column from tokens to values."""

    def place(self, place: DomainPlace, version: int, kind: str | None = None) -> bytes:
        """What the key is bound to, under the domain's key of this version."""
        return place.of(kind or self.kind, self.name, self.version, self.parameters(), version)

    def made(self, key: DataKey, place: DomainPlace, length: int, make: Callable[[bytes, bytes], Made]) -> Made:
        """`make(token key, place)`, kept as long as the data key's handle."""
        return key.token_key(self.place(place, key.version), length, make)


def check_declaration(name: str, version: int) -> None:
    """Raises `SchemaError` for a name or a version that the spec does not know."""
    encode_name(name, "tokeniser's name")
    if type(version) is not int or not 1 <= version <= MAX_DECLARED_VERSION:
        raise SchemaError(f"{name}: a declared version is 1 to {MAX_DECLARED_VERSION}")


def the_key(bench: Bench) -> DataKey:
    """The key that makes tokens. Raises `SchemaError` where the bench was made for reversing only."""
    if bench.key is None:
        raise SchemaError("no key was lent for making tokens")
    return bench.key


def open_by_version(
    column: Column, bench: Bench, open_many: Callable[[DataKey, Sequence[bytes]], Sequence[Any]]
) -> None:
    """Open tokens whose first byte is the version of their key, each under that key."""
    keys = bench.keys({raw[0] for raw in column.values})
    missing = {}
    for at, raw in enumerate(column.values):
        key = keys[raw[0]]
        if not isinstance(key, DataKey):
            missing[at] = key.copy()
    column.settle(column.values, missing)
    handles = {version: key for version, key in keys.items() if isinstance(key, DataKey)}
    versions = {raw[0] for raw in column.values}
    if len(versions) == 1:
        column.step(partial(open_many, handles[versions.pop()]))
    else:
        column.step(lambda raws: [open_many(handles[raw[0]], [raw])[0] for raw in raws])


def one_way(tokeniser: Tokeniser) -> NotReversible:
    """The error for reversing what cannot be reversed."""
    return NotReversible(f"{tokeniser.name} is a one-way pseudonym: nobody can reverse it")
