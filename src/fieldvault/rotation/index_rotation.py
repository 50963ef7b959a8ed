"""The phases of a rotation of index keys (spec index-rotation-v1).

Rules of this file:

1. A step is taken only when no process can still be in the phase before the present one: the cache's time and the
   slowest write have passed since the present phase began.
2. A step is taken only when no row is left that the next phase does not find or does not guard. The rows are
   counted after the waiting time, so no stale writer can add one behind the count.
3. Each step is one compare-and-swap in the key store: of two operators, one takes it. Whatever is interrupted is
   repeated by the same call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from fieldvault.core.context import Scope
from fieldvault.errors import IndexRowsLeft, IndexStepRefused, IndexStepTooEarly, ScopeError
from fieldvault.keyring import INDEX_PURPOSE, Keyrings
from fieldvault.ports import DataKeyRecord, IndexPhase, IndexStateRecord, KeyState
from fieldvault.rotation.table import IndexedTable
from fieldvault.rotation.transactions import Transactions
from fieldvault.schema import Tenancy

SLOWEST_WRITE_SECONDS = 60.0
_NEXT = {
    IndexPhase.DUAL_WRITE: IndexPhase.BACKFILL,
    IndexPhase.BACKFILL: IndexPhase.CUT_OVER,
    IndexPhase.CUT_OVER: IndexPhase.DROP,
    IndexPhase.DROP: IndexPhase.STABLE,
}


@dataclass(frozen=True, slots=True)
class RotationState:
    """`version` is the index key that a rotation leaves, or the only one; `next_version` the one that it goes to.

    `since` is when the phase began, None where no rotation was ever begun. `seconds_left` is how long the next step
    has to wait. `version` is None where the scope has no key yet.
    """

    phase: IndexPhase
    version: int | None
    next_version: int | None
    since: datetime | None
    seconds_left: float


class IndexRotation:
    """The rotation of a tenant's index keys: all its indexes go together. `tenant` None is the global scope.

    `tables` are all tables that hold rows of this tenant with index values: what is not among them is not waited
    for, and look-ups in it miss rows from DROP on, until it is indexed anew. `slowest_write` is how long it may
    take, in seconds, from sealing a record to the commit of its row, or from `index_values` to the end of its
    query. Every process must have a `cache_seconds` no longer than that of `keyrings`. Raises `ScopeError` for a
    table whose schema is not of this scope.
    """

    def __init__(
        self,
        keyrings: Keyrings,
        *,
        tenant: str | None,
        tables: Sequence[IndexedTable],
        slowest_write: float = SLOWEST_WRITE_SECONDS,
    ) -> None:
        for table in tables:
            if (table.schema.tenancy is Tenancy.GLOBAL) != (tenant is None):
                raise ScopeError(f"{table.schema.name} is {table.schema.tenancy.value}: its index keys are others")
        self.tenant = tenant
        self.tables = tuple(tables)
        self._scope = Scope(tenant, INDEX_PURPOSE)
        self._store = keyrings.store
        self._clock = keyrings.clock
        self._keyring = keyrings.keyring(self._scope)
        self._wait = timedelta(seconds=keyrings.policy.cache_seconds + slowest_write)

    @property
    def state(self) -> RotationState:
        """The state as the key store has it now."""
        record = self._store.index_state(self._scope)
        if record is None or record.phase is IndexPhase.STABLE:
            keys = self._usable()
            active = next((one.version for one in keys if one.state is KeyState.ACTIVE), None)
            version = active if record is None else record.version
            since = None if record is None else record.since
            return RotationState(IndexPhase.STABLE, version, None, since, self._seconds_left(record))
        return RotationState(
            record.phase, record.version, record.next_version, record.since, self._seconds_left(record)
        )

    def start(self) -> RotationState:
        """STABLE to DUAL_WRITE, under a new key. Raises `IndexStepRefused`, or `IndexStepTooEarly` right after a
        rotation."""
        record = self._store.index_state(self._scope)
        if record is not None and record.phase is not IndexPhase.STABLE:
            raise IndexStepRefused(
                f"{self._scope} is being rotated already: {record.phase.value}", hint="advance it"
            )
        self._refuse_too_early(record)
        keys = self._usable()
        active = next((one for one in keys if one.state is KeyState.ACTIVE), None)
        if record is None:
            if active is None:
                raise IndexStepRefused(f"{self._scope} has no index key yet", hint="it is made with the first row")
            # Says what is so already, so nobody has to wait for it; and from here on a new key changes nothing.
            record = IndexStateRecord(self._scope, IndexPhase.STABLE, active.version, None, self._clock.now(), 1)
            self._store.put_index_state(record, replaces=None)
        if active is None or active.version <= record.version:
            self._keyring.add_index_key()
            active = next(one for one in self._usable() if one.state is KeyState.ACTIVE)
        self._put(record, IndexPhase.DUAL_WRITE, version=record.version, next_version=active.version)
        return self.state

    def advance(self) -> RotationState:
        """To the next phase. Raises `IndexStepTooEarly`, `IndexRowsLeft`, or `IndexStepRefused` where nothing is
        being rotated."""
        record = self._store.index_state(self._scope)
        if record is None or record.phase is IndexPhase.STABLE or record.next_version is None:
            raise IndexStepRefused(f"{self._scope} is not being rotated", hint="start it first")
        self._refuse_too_early(record)
        rows = sum(self._rows_left(record).values())
        if rows:
            raise IndexRowsLeft(
                f"{rows:,} rows are not ready for the phase after {record.phase.value}",
                rows=rows,
                hint="run the backfill, then advance again",
            )
        if record.phase is IndexPhase.DROP:
            # Nobody has asked for these, nor written under them, since DROP began and its waiting time passed.
            for old in self._usable():
                if old.version < record.next_version:
                    self._keyring.destroy(old.key_id)
            self._put(record, IndexPhase.STABLE, version=record.next_version, next_version=None)
        else:
            self._put(record, _NEXT[record.phase], version=record.version, next_version=record.next_version)
        return self.state

    def rows_left(self) -> Mapping[str, int]:
        """For each table, how many rows the next step has to wait for. Raises `TableError`."""
        record = self._store.index_state(self._scope)
        return {} if record is None else self._rows_left(record)

    def rows_by_version(self) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        """The gauge: by table and index column, the number of rows under each version. Raises `TableError`."""
        return {
            table.name: Transactions(table.engine).read(partial(table.versions, tenant=self.tenant))
            for table in self.tables
        }

    def _rows_left(self, record: IndexStateRecord) -> dict[str, int]:
        if record.next_version is None:
            return {}
        left: dict[str, int] = {}
        for table in self.tables:
            where = table.left(record.phase, record.next_version)
            count = partial(table.count, tenant=self.tenant, where=where)
            left[table.name] = Transactions(table.engine).read(count)
        return left

    def _usable(self) -> list[DataKeyRecord]:
        return [one for one in self._store.data_keys(self._scope) if one.state is not KeyState.DESTROYED]

    def _put(self, record: IndexStateRecord, phase: IndexPhase, *, version: int, next_version: int | None) -> None:
        following = replace(
            record,
            phase=phase,
            version=version,
            next_version=next_version,
            since=self._clock.now(),
            revision=record.revision + 1,
        )
        try:
            self._store.put_index_state(following, replaces=record.revision)
        finally:
            self._keyring.forget_index_state()

    def _seconds_left(self, record: IndexStateRecord | None) -> float:
        if record is None or record.revision == 1:
            return 0.0  # the first state says what was so without it
        return max(0.0, (record.since + self._wait - self._clock.now()).total_seconds())

    def _refuse_too_early(self, record: IndexStateRecord | None) -> None:
        seconds = self._seconds_left(record)
        if record is not None and seconds > 0:
            raise IndexStepTooEarly(
                f"{self._scope} is in {record.phase.value} since {record.since:%H:%M:%S} UTC; other processes may "
                "not know it yet",
                seconds_left=seconds,
                hint=f"wait {seconds:.0f} seconds more",
            )

    def __repr__(self) -> str:
        return f"<IndexRotation {self._scope}>"
