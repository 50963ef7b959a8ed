"""Before a flush: everything in the session that was assigned and is not sealed, sealed in one batch a table.

Rules of this file:

1. All values of a table are sealed before any object is changed, and before anything is written.
2. A value that was assigned and equals the one before stays as it was: no UPDATE, as with a plain column.
3. What values are bound to never changes in a row: such a change is refused.
4. A sealed value in a new object was sealed for another row, or before: it is opened and sealed anew.
5. Index columns are written whenever their field is, also where nothing seems to change: another process may have
   written them meanwhile, in another phase of an index rotation.
6. An object that was loaded or written for one tenant is not written for another.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import InstanceState, LoaderCallableStatus, Session
from sqlalchemy.orm.attributes import instance_dict, instance_state, set_attribute

from fieldvault.attempts import attempt
from fieldvault.contrib.sqlalchemy.model_binding import ModelBinding, Part
from fieldvault.contrib.sqlalchemy.peers import Peers, open_attribute
from fieldvault.contrib.sqlalchemy.sealed_value import UNOPENED, SealedValue
from fieldvault.contrib.sqlalchemy.sealing import Row, made_by_default, plain_value, seal_rows
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.errors import FieldvaultError, KeyNotFound, RowIdChanged, ScopeError
from fieldvault.schema import Tenancy
from fieldvault.scoping import current_acting

Held = dict[str, Any]


class Batch:
    """The rows of one table that are to be sealed, each with the object that it is of."""

    __slots__ = ("new", "parts", "rows", "states")

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.states: list[tuple[InstanceState[Any], Held, Part, bool]] = []


def before_flush(session: Session, context: Any, instances: Any) -> None:
    """SQLAlchemy's event. Raises a `FieldvaultError`; then nothing of the flush is written."""
    attempt(_seal, session).or_raise()


def _seal(session: Session) -> None:
    batches: dict[TableBinding, Batch] = {}
    for instance in session.new:
        state = instance_state(instance)
        model = ModelBinding.of(state.mapper)
        if model is not None:
            _gather_new(state, instance_dict(instance), model, batches)
    for instance in session.dirty:
        state = instance_state(instance)
        model = ModelBinding.of(state.mapper)
        if model is not None:
            _gather_changed(state, instance_dict(instance), model, batches)
    sealed = [(batch, seal_rows(binding, batch.rows)) for binding, batch in batches.items()]
    for batch, rows in sealed:
        _write_back(batch, rows)


def _gather_new(
    state: InstanceState[Any], held: Held, model: ModelBinding, batches: dict[TableBinding, Batch]
) -> None:
    for part in model.parts:
        binding = part.binding
        _fill_in(part, held)
        row: Row = {name: held.get(key) for name, key in part.bound_to.items()}
        values = {name: held[key] for name, key in part.fields.items() if key in held}
        if len(values) < len(part.fields):
            _forget_index_values(part, held)
        for name, twin in part.dual_writes.items():
            values[name] = held.get(twin)
        for name, value in values.items():
            if type(value) is SealedValue:
                values[name] = _opened(state, part.fields[name], value)
            elif value.__class__ not in _COMMON:
                values[name] = plain_value(value, binding, name, row)
        for name, twin in part.cut_overs.items():
            held[twin] = values.get(name)
        if values:
            row.update(values)
            _add(batches, binding, row, (state, held, part, True))
    model.remember(state, held)


def _gather_changed(
    state: InstanceState[Any], held: Held, model: ModelBinding, batches: dict[TableBinding, Batch]
) -> None:
    committed = state.committed_state
    for part in model.parts:
        _refuse_moves(state, held, part)
        row: Row = {}
        values: Row = {}
        for name, key in part.fields.items():
            if key not in committed or key not in held:
                continue
            value = held[key]
            if type(value) is SealedValue:
                value = _opened(state, key, value)
            row = row or model.bound_values(part, state, held)
            _refuse_other_tenant(state, held, part)
            value = plain_value(value, part.binding, name, row)
            if _is_unchanged(state, key, committed[key], value):
                held[key] = committed.pop(key)
            else:
                values[name] = value
        for name, twin in part.dual_writes.items():
            if twin in committed and twin in held:
                row = row or model.bound_values(part, state, held)
                values[name] = plain_value(held[twin], part.binding, name, row)
        for name, twin in part.cut_overs.items():
            if name in values:
                set_attribute(state.obj(), twin, values[name])
        if values:
            if None in row.values():
                row = _reloaded(state, part)
            _add(batches, part.binding, row | values, (state, held, part, False))


def _add(
    batches: dict[TableBinding, Batch],
    binding: TableBinding,
    row: Row,
    of: tuple[InstanceState[Any], Held, Part, bool],
) -> None:
    batch = batches.get(binding)
    if batch is None:
        batch = batches[binding] = Batch()
    batch.rows.append(row)
    batch.states.append(of)


def _write_back(batch: Batch, rows: list[Row]) -> None:
    for (state, held, part, new), plain, sealed in zip(batch.states, batch.rows, rows, strict=True):
        bound = part.binding.bound(part.binding.tenant_of(plain), plain)
        for name, key in part.fields.items():
            if name in plain:
                envelope = sealed[name]
                value = None
                if envelope is not None:
                    value = SealedValue(envelope, _kept(held.get(key), plain[name]), bound)
                if new or key in state.committed_state:
                    held[key] = value
                else:
                    set_attribute(state.obj(), key, value)
        for column, key in part.index_columns.items():
            if column in sealed:
                if new:
                    held[key] = sealed[column]
                else:
                    set_attribute(state.obj(), key, sealed[column])
                    state.committed_state[key] = LoaderCallableStatus.NO_VALUE  # so that it is written (rule 5)


def _kept(assigned: Any, value: Any) -> Any:
    # A Protected that was assigned stays one.
    return assigned if assigned.__class__.__name__ == "Protected" else value


def _fill_in(part: Part, held: Held) -> None:
    for name, key in part.row_id.items():
        if held.get(key) is None:
            made = made_by_default(part.binding.row_id[name])
            if made is not None:
                held[key] = made
    tenant = part.binding.tenant
    if tenant is not None and held.get(part.bound_to[tenant]) is None:
        acting = current_acting()
        if acting is None or acting.tenant is None:
            raise ScopeError(
                f"a row of {part.binding.schema.name} has no tenant", hint=f"set {tenant}, or enter a scope"
            )
        held[part.bound_to[tenant]] = part.binding.tenant_cell(acting.tenant)


def _forget_index_values(part: Part, held: Held) -> None:
    """Those of a former value: an object that was a row before, and has lost an attribute since."""
    for column, key in part.index_columns.items():
        if key in held and part.fields[part.binding.schema.source_of(column)] not in held:
            del held[key]


def _opened(state: InstanceState[Any], key: str, value: SealedValue) -> Any:
    return open_attribute(state, key, value) if value.opened is UNOPENED else value.opened


def _is_unchanged(state: InstanceState[Any], key: str, before: Any, value: Any) -> bool:
    if before is None or value is None:
        return before is value
    if type(before) is not SealedValue:
        return False
    try:
        opened = _opened(state, key, before)
    except KeyNotFound:
        raise  # another tenant's, or a key store that lacks the key: not to be overwritten
    except FieldvaultError:
        return False  # what cannot be opened may be replaced
    return type(opened) is type(value) and bool(opened == value)


def _refuse_other_tenant(state: InstanceState[Any], held: Held, part: Part) -> None:
    if part.binding.tenant is not None or part.binding.tenancy is Tenancy.GLOBAL:
        return  # a tenant's column says it
    tenant = part.binding.tenant_of({})
    group: Peers | None = getattr(state, "fieldvault_peers", None)
    known = {None if group is None else group.tenant}
    for key in part.fields.values():
        for value in (state.committed_state.get(key), held.get(key)):
            if type(value) is SealedValue and value.bound is not None:
                known.add(value.bound[0])
    if known - {None, tenant}:
        raise ScopeError(
            f"an object of {part.binding.schema.name} belongs to another tenant than the scope's",
            hint="switch_scope(tenant=…) around a session of its own is the one way to cross tenants",
        )


def _refuse_moves(state: InstanceState[Any], held: Held, part: Part) -> None:
    for name, key in part.bound_to.items():
        before = state.committed_state.get(key)
        if key in state.committed_state and key in held and before != held[key]:
            raise RowIdChanged(
                f"{part.binding.schema.name}.{name} was changed: the row's sealed values are bound to it",
                hint="make a new object with the values, and delete this one",
            )


def _reloaded(state: InstanceState[Any], part: Part) -> Row:
    return {name: getattr(state.obj(), key) for name, key in part.bound_to.items()}


_COMMON = frozenset({str, int, bytes, bool, float, type(None)})
"""Types that are surely no SQL expression and no `Protected`: nearly all values, told apart by one look."""
