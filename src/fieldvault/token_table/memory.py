"""A token table in memory, for our tests and for yours: same rules as the SQL one, gone with the process."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from fieldvault.keystore.forks import on_fork_in_child
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.table_port import SealingKeyRecord, TokenRecord


class MemoryTokenTable:
    """Never for tokens that must be reversed after the process ends. A forked child has an independent copy."""

    def __init__(self) -> None:
        self._tokens: dict[DomainPlace, dict[bytes, TokenRecord]] = {}
        self._lookups: dict[DomainPlace, dict[bytes, bytes]] = {}
        self._keys: dict[DomainPlace, dict[bytes, SealingKeyRecord]] = {}
        self._lock = threading.Lock()
        on_fork_in_child(self, _new_lock)

    def create(self) -> None:
        """See `TokenTable.create`."""

    def tokens_of(self, place: DomainPlace, lookups: Collection[bytes]) -> dict[bytes, bytes]:
        """See `TokenTable.tokens_of`."""
        with self._lock:
            known = self._lookups.get(place, {})
            return {lookup: known[lookup] for lookup in lookups if lookup in known}

    def add(self, place: DomainPlace, records: Sequence[TokenRecord]) -> None:
        """See `TokenTable.add`."""
        with self._lock:
            tokens, lookups = self._tokens.setdefault(place, {}), self._lookups.setdefault(place, {})
            for record in records:
                if record.lookup is not None and lookups.setdefault(record.lookup, record.token) != record.token:
                    continue
                tokens[record.token] = record

    def records(self, place: DomainPlace, tokens: Collection[bytes]) -> dict[bytes, TokenRecord]:
        """See `TokenTable.records`."""
        with self._lock:
            known = self._tokens.get(place, {})
            return {token: known[token] for token in tokens if token in known}

    def add_sealing_key(self, place: DomainPlace, record: SealingKeyRecord) -> None:
        """See `TokenTable.add_sealing_key`."""
        with self._lock:
            self._keys.setdefault(place, {})[record.key_id] = record

    def sealing_keys(self, place: DomainPlace, key_ids: Collection[bytes]) -> dict[bytes, SealingKeyRecord]:
        """See `TokenTable.sealing_keys`."""
        with self._lock:
            known = self._keys.get(place, {})
            return {key_id: known[key_id] for key_id in key_ids if key_id in known}

    def erase(self, place: DomainPlace) -> int:
        """See `TokenTable.erase`."""
        with self._lock:
            self._keys.pop(place, None)
            self._lookups.pop(place, None)
            return len(self._tokens.pop(place, {}))

    def __repr__(self) -> str:
        return f"MemoryTokenTable(tokens={sum(map(len, self._tokens.values()))})"


def _new_lock(table: MemoryTokenTable) -> None:
    table._lock = threading.Lock()
