"""What look-up tokens ask of a table (spec token-v1 §10).

Rules that every implementation keeps, and that the contract tests check:

1. Any thread may call any method at any time; a forked child opens its own connections.
2. It never sees a value or a key: rows are sealed, look-up indexes are keyed.
3. Of two rows with one look-up index in one domain the first stays. The caller asks again for what is there.
4. A domain sees its own rows only.
5. Errors are `TokenTableError`s, without the driver's text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fieldvault.pseudonyms.place import DomainPlace


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token. `token` is its 16 random bytes. `lookup` is None where a value has many tokens. `sealing_key` is
    the id of the wrapped key that its value is sealed under, None where that is the domain's own.
    """

    token: bytes
    name: str
    version: int
    lookup: bytes | None = field(repr=False)
    sealed: bytes = field(repr=False)
    sealing_key: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SealingKeyRecord:
    """A split domain's sealing key, wrapped by the KEK named `kek`."""

    key_id: bytes
    kek: str
    wrapped: bytes = field(repr=False)
    created_at: datetime


class TokenTable(Protocol):
    """Keeps the tokens of any number of domains."""

    def create(self) -> None:
        """Create the tables where they do not exist yet."""

    def tokens_of(self, place: DomainPlace, lookups: Collection[bytes]) -> dict[bytes, bytes]:
        """The token of each look-up index that has one."""

    def add(self, place: DomainPlace, records: Sequence[TokenRecord]) -> None:
        """Store each record, but for those whose look-up index is there already."""

    def records(self, place: DomainPlace, tokens: Collection[bytes]) -> dict[bytes, TokenRecord]:
        """Those of `tokens` that are this domain's."""

    def add_sealing_key(self, place: DomainPlace, record: SealingKeyRecord) -> None:
        """Store a new sealing key; its id is new."""

    def sealing_keys(self, place: DomainPlace, key_ids: Collection[bytes]) -> dict[bytes, SealingKeyRecord]:
        """Those of `key_ids` that are this domain's."""

    def erase(self, place: DomainPlace) -> int:
        """Delete the domain's sealing keys and tokens, in this order; how many tokens there were."""
