"""Which index keys a process writes with and asks for: the scope's state, cached (spec index-rotation-v1).

Rules of this file:

1. The state and the list of keys are read together and believed for the cache's time, counted from before they
   were read. No step of a rotation is taken sooner than that after the step before (rotation/), so at any moment
   all processes are in one phase or in two neighbouring ones.
2. The keys are read first and the state after them. A key that the state names was stored before the state, so a
   state that names a key that was not read is newer than the list: both are read again.
3. That a scope has no key at all is never believed for longer than one call: nobody waits before the first key is
   made.
4. Warm, nobody is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fieldvault.errors import KeyDestroyed, KeyStoreConflict, OpenError
from fieldvault.keyring.data_key import DataKey
from fieldvault.keyring.parts import KeyringParts
from fieldvault.keyring.single_flight import SingleFlight
from fieldvault.ports import DataKeyRecord, IndexPhase, IndexStateRecord, KeyState

if TYPE_CHECKING:
    from fieldvault.keyring.keyring import Keyring

_RACES = 8

_MAIN_IS_NEXT = (IndexPhase.CUT_OVER, IndexPhase.DROP)
_WRITES_NEXT = (IndexPhase.DUAL_WRITE, IndexPhase.BACKFILL, IndexPhase.CUT_OVER)


@dataclass(frozen=True, slots=True)
class IndexKeys:
    """The index data keys of a scope, by what they are for in its phase (spec index-rotation-v1 §3).

    `main` is what an index's column is written under, `following` what the second column of a unique index is
    written under (None: NULL is written). `asked` are those that a look-up asks for, newest first.
    """

    phase: IndexPhase
    main: DataKey
    following: DataKey | None
    asked: tuple[DataKey, ...]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    phase: IndexPhase
    main: bytes
    following: bytes | None
    asked: tuple[bytes, ...]
    wanted: frozenset[bytes]
    valid_until: float


class IndexStates:
    """The state of one scope of the purpose `index`. Thread-safe; a forked child may go on using it."""

    def __init__(self, keyring: Keyring, parts: KeyringParts) -> None:
        self._keyring = keyring
        self._store = parts.store
        self._clock = parts.clock
        self._cache = parts.data_keys
        self._seconds = parts.policy.cache_seconds
        self._snapshot: _Snapshot | None = None
        self._forgotten = 0
        self._flights: SingleFlight[_Snapshot | None] = SingleFlight()

    def to_ask(self) -> IndexKeys | None:
        """The keys for a look-up; None where the scope has none yet. Raises as `Keyring.keys`, and a refusal."""
        return self._current("ask", may_create=False)

    def to_write(self) -> IndexKeys:
        """The keys for a writer; the first key is made where there is none. Raises as `Keyring.primary`."""
        keys = self._current("write", may_create=True)
        if keys is None:
            raise KeyStoreConflict(f"the index keys of {self._keyring.scope} kept changing", hint="try again")
        return keys

    def forget(self) -> None:
        """Read the state again before it is used next."""
        self._forgotten += 1
        self._snapshot = None

    def after_fork_in_child(self) -> None:
        """Flights under way are the parent's; what is known stays."""
        self._flights.after_fork_in_child()

    def _current(self, purpose: str, *, may_create: bool) -> IndexKeys | None:
        for _ in range(_RACES):
            snapshot = self._snapshot
            if snapshot is None or self._clock.monotonic() >= snapshot.valid_until:
                # Two flights: a reader that finds no key ends with nothing, and a writer must not end with that.
                snapshot = self._flights.do(purpose, lambda: self._load(may_create=may_create))
            if snapshot is None:
                if not may_create:
                    return None
                continue
            warm = self._warm(snapshot)
            if warm is not None:
                return warm
            found = self._keyring.keys(snapshot.wanted)
            refused = [one for one in found.values() if isinstance(one, OpenError)]
            if not refused:
                keys = {key_id: one for key_id, one in found.items() if isinstance(one, DataKey)}
                return _handles(snapshot, keys)
            if snapshot is not self._snapshot or not isinstance(refused[0], KeyDestroyed):
                raise refused[0]
            self.forget()  # destroyed since the state was read: read again before it is called an error
        return None

    def _warm(self, snapshot: _Snapshot) -> IndexKeys | None:
        keys = {}
        for key_id in snapshot.wanted:
            key = self._cache.take((self._keyring.scope, key_id))
            if key is None:
                return None
            keys[key_id] = key
        return _handles(snapshot, keys)

    def _load(self, *, may_create: bool) -> _Snapshot | None:
        for _ in range(_RACES):
            forgotten, read_at = self._forgotten, self._clock.monotonic()
            records = self._store.data_keys(self._keyring.scope)
            usable = [one for one in reversed(records) if one.state is not KeyState.DESTROYED]
            state = self._store.index_state(self._keyring.scope) if usable else None
            main = _by_version(usable, _main_version(state)) or _active(usable, state)
            if main is None and state is not None and state.phase is not IndexPhase.STABLE:
                _raise_if_destroyed(records, _main_version(state))
                continue
            if main is None:
                if not may_create:
                    return None
                self._keyring.first_primary()
                continue
            following = None
            if state is not None and state.phase in _WRITES_NEXT:
                following = _by_version(usable, state.next_version)
                if following is None:
                    _raise_if_destroyed(records, state.next_version)
                    continue
            asked = [main] if state is not None and state.phase is IndexPhase.DROP else usable
            snapshot = _Snapshot(
                IndexPhase.STABLE if state is None else state.phase,
                main.key_id,
                None if following is None else following.key_id,
                tuple(one.key_id for one in asked),
                frozenset(one.key_id for one in (main, following, *asked) if one is not None),
                read_at + self._seconds,
            )
            if forgotten == self._forgotten:
                self._snapshot = snapshot
                return snapshot
        raise KeyStoreConflict(f"the index keys of {self._keyring.scope} kept changing", hint="try again")


def _main_version(state: IndexStateRecord | None) -> int | None:
    if state is None:
        return None
    return state.next_version if state.phase in _MAIN_IS_NEXT else state.version


def _by_version(usable: Sequence[DataKeyRecord], version: int | None) -> DataKeyRecord | None:
    return next((one for one in usable if one.version == version), None)


def _active(usable: Sequence[DataKeyRecord], state: IndexStateRecord | None) -> DataKeyRecord | None:
    """Where no rotation was ever begun, or the stable key was destroyed by hand, the primary is what one writes."""
    if state is not None and state.phase is not IndexPhase.STABLE:
        return None
    return next((one for one in usable if one.state is KeyState.ACTIVE), None)


def _raise_if_destroyed(records: Sequence[DataKeyRecord], version: int | None) -> None:
    for one in records:
        if one.version == version and one.state is KeyState.DESTROYED:
            raise KeyDestroyed(
                one.key_id,
                message=f"key {one.key_id.hex()} was destroyed in the middle of the rotation of {one.scope}",
                hint="restore the key store from a backup of before",
            )


def _handles(snapshot: _Snapshot, keys: Mapping[bytes, DataKey]) -> IndexKeys:
    return IndexKeys(
        snapshot.phase,
        keys[snapshot.main],
        None if snapshot.following is None else keys[snapshot.following],
        tuple(keys[key_id] for key_id in snapshot.asked),
    )
