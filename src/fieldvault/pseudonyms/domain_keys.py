"""The keys of one domain, and the domain's life: made, rotated, discarded (spec token-v1 §2).

Rules of this file:

1. A key is made by `create` and `rotate` only. Using a domain never makes one, so neither a misspelt name nor a
   discarded domain comes to life.
2. Which key is primary is read anew whenever the keyring had to fetch that key anew: as often as a revoked key is
   noticed, and no query for each call.
3. Which key id a version has never changes, so it is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fieldvault.errors import (
    DomainDiscarded,
    DomainUnknown,
    FieldvaultError,
    KeyExhausted,
    KeyStoreConflict,
    OpenError,
    TokenVersionUnclear,
    TokenVersionUnknown,
)
from fieldvault.keyring import DataKey, Keyrings
from fieldvault.ports import DataKeyRecord, KeyState
from fieldvault.pseudonyms.place import MAX_VERSION, DomainPlace
from fieldvault.pseudonyms.tokeniser import KeysByVersion


class DomainKeys:
    """Thread-safe; a forked child may go on using it."""

    def __init__(self, place: DomainPlace, keyrings: Keyrings) -> None:
        self._place = place
        self._store = keyrings.store
        self._keyring = keyrings.keyring(place.scope)
        self._key_ids: dict[int, bytes] = {}
        self._primary: tuple[bytes, float] | None = None

    # --- using -------------------------------------------------------------------------------

    def primary(self, uses: int) -> DataKey:
        """The key that makes tokens. Raises `DomainUnknown`, `DomainDiscarded`, `KekError`, `KeyStoreError`."""
        seen = self._primary
        if seen is not None:
            key = self._keyring.keys([seen[0]], uses=uses)[seen[0]]
            if isinstance(key, DataKey) and key.fetched_at == seen[1]:
                return key
        key_id = self.alive().key_id
        key = self._keyring.keys([key_id], uses=uses)[key_id]
        if isinstance(key, OpenError):
            raise key
        self._primary = (key_id, key.fetched_at)
        return key

    def alive(self) -> DataKeyRecord:
        """The primary's record, read now, without the KEK. Raises `DomainUnknown`, `DomainDiscarded`."""
        return self._active(self.records())

    def records(self) -> list[DataKeyRecord]:
        """Every key that the domain has or had, oldest first."""
        records = self._store.data_keys(self._place.scope)
        self._key_ids |= {record.version: record.key_id for record in records}
        return records

    def of_versions(self, versions: Collection[int]) -> KeysByVersion:
        """The key of each version, or why there is none."""
        if not self._key_ids.keys() >= set(versions):
            self.records()
        known = {version: self._key_ids[version] for version in versions if version in self._key_ids}
        keys = self._keyring.keys(set(known.values())) if known else {}
        unknown: dict[int, DataKey | FieldvaultError] = {
            version: TokenVersionUnknown(
                f"{self._place} has no key of the token's version",
                hint="another domain's or another tenant's token, or a key store that lacks the key",
            )
            for version in set(versions) - known.keys()
        }
        return unknown | {version: keys[key_id] for version, key_id in known.items()}

    def only_version(self) -> int:
        """For tokens that do not say their key's version: the only one there is. Raises `TokenVersionUnclear`."""
        usable = [record.version for record in self.records() if record.state is not KeyState.DESTROYED]
        if len(usable) != 1:
            raise TokenVersionUnclear(
                f"{self._place} has {len(usable)} keys, and these tokens do not say which one made them",
                hint=f"give version=, one of {', '.join(map(str, usable))}",
            )
        return usable[0]

    # --- a domain's life ---------------------------------------------------------------------

    def create(self) -> DataKeyRecord:
        """Make the first key, unless there is one. Raises `DomainDiscarded`."""
        records = self.records()
        if not records:
            made = self._keyring.primary(uses=0)
            older = [record.state for record in self.records() if record.version < made.version]
            if older and set(older) == {KeyState.DESTROYED}:  # made, and discarded, by somebody else since
                self._keyring.destroy(made.key_id)
        return self.alive()

    def rotate(self) -> DataKeyRecord:
        """Make a new primary. Raises `DomainUnknown`, `DomainDiscarded`, `KeyExhausted` after 255 keys."""
        before = self.alive()
        if before.version >= MAX_VERSION:
            raise KeyExhausted(f"{self._place} has had {MAX_VERSION} keys, the most that a token can number")
        made = self._keyring.rotate()
        states = {record.key_id: record.state for record in self.records()}
        if states.get(before.key_id) is KeyState.DESTROYED:  # discarded by somebody else meanwhile
            self._keyring.destroy(made.key_id)
        self._primary = None
        return self.alive()

    def destroy_all(self) -> list[bytes]:
        """Destroy every key, the primary first, and look that they are gone. Returns their ids."""
        records = self.records()
        self._refuse_unknown(records)
        for record in sorted(records, key=lambda record: record.state is not KeyState.ACTIVE):
            if record.state is not KeyState.DESTROYED:
                self._keyring.destroy(record.key_id)
        self._primary = None
        left = [record for record in self.records() if record.state is not KeyState.DESTROYED or record.wrapped]
        if left:
            raise KeyStoreConflict(f"a key of {self._place} was added meanwhile", hint="discard it again")
        return [record.key_id for record in records]

    def _active(self, records: Sequence[DataKeyRecord]) -> DataKeyRecord:
        self._refuse_unknown(records)
        active = next((record for record in records if record.state is KeyState.ACTIVE), None)
        if active is None:
            raise DomainDiscarded(
                f"{self._place} was discarded: its keys are destroyed", hint="a new domain takes another name"
            )
        return active

    def _refuse_unknown(self, records: Sequence[DataKeyRecord]) -> None:
        if not records:
            raise DomainUnknown(
                f"there is no domain {self._place}", hint="misspelt? a new one is made by create() on purpose"
            )

    def __repr__(self) -> str:
        return f"<DomainKeys {self._place}>"
