"""Opening on first access: the attribute of an object, and of all objects that were loaded with it, in one batch.

Rules of this file:

1. Objects of one class and one load are peers, up to `MOST` of them. A group does not keep its objects alive.
2. What was opened together once is not tried together again, so a row that fails costs the others nothing.
3. A failure is an error on access of that row, each time. The others open.
4. No query is made for a peer, and an object of another tenant than the scope's is left alone.
5. What was opened for one tenant is not read in the scope of another, though the session still has the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import InstanceState, QueryContext

from fieldvault.access import Place, Protected
from fieldvault.attempts import attempt
from fieldvault.contrib.sqlalchemy.model_binding import ModelBinding, Part
from fieldvault.contrib.sqlalchemy.sealed_value import UNOPENED, Bound, SealedValue
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.core.envelope import HEADER_BYTES
from fieldvault.errors import FieldvaultError, SchemaError, ScopeError
from fieldvault.scoping import current_acting

MOST = 1000
"""Objects opened in one batch: enough for the batch to cost no more per value, few enough for memory and
latency."""
_GROUP = "fieldvault_peers"
State = InstanceState[Any]


class Peers:
    """Objects that one query loaded, and which of their attributes were opened together."""

    __slots__ = ("bound", "opened", "states", "tenant")

    def __init__(self) -> None:
        acting = current_acting()
        self.tenant = None if acting is None else acting.tenant
        self.states: list[State] = []
        self.opened: set[str] = set()
        self.bound: dict[tuple[TableBinding, str | None], list[Bound | None]] = {}


def loaded(state: State, context: QueryContext | None) -> None:
    """An object was loaded: it joins the peers of its query that nobody has read yet."""
    attributes: Any = {} if context is None else context.attributes
    name = (_GROUP, state.class_)
    group = attributes.get(name)
    if group is None or group.opened or len(group.states) >= MOST:
        group = attributes[name] = Peers()
    group.states.append(state)
    state.fieldvault_peers = group  # type: ignore[attr-defined]


def open_attribute(state: State, key: str, held: SealedValue) -> Any:
    """The value of an attribute, opened with its peers. Raises the `FieldvaultError` of this row."""
    if held.opened is not UNOPENED:
        return _of_scope(held)
    attempt(_open_with_peers, state, key, held).or_raise()
    return held.opened


def _open_with_peers(state: State, key: str, held: SealedValue) -> None:
    model = _model(state)
    part, name = model.attributes[key]
    tenant = _tenant_of(model, part, state)
    group: Peers | None = getattr(state, "fieldvault_peers", None)
    if group is None or key in group.opened or len(group.states) == 1:
        cells, bound = [held], [_bound(model, part, state, tenant, may_load=True)]
    else:
        group.opened.add(key)
        cells, bound = _gathered(group, key, model, part, tenant)
        if held not in cells:  # the object was expired and loaded again since: other peers
            cells, bound = [held, *cells], [_bound(model, part, state, tenant, may_load=True), *bound]
    failures = _open(part.binding, name, tenant, cells, bound)
    if held.opened is UNOPENED:
        raise failures[cells.index(held)].in_field(name)


def _gathered(
    group: Peers, key: str, model: ModelBinding, part: Part, tenant: str | None
) -> tuple[list[SealedValue], list[Bound]]:
    """The unopened cells of a group, and what they are bound to, which is looked up once for all attributes."""
    bound: Any = group.bound.get((part.binding, tenant))
    if bound is None:
        bound = [_bound_of_tenant(model, part, state, tenant) for state in group.states]
        group.bound[part.binding, tenant] = bound
    instances = [state.obj() for state in group.states]
    found: list[Any] = [None if instance is None else instance.__dict__.get(key) for instance in instances]
    if all(type(cell) is SealedValue and cell.opened is UNOPENED for cell in found) and None not in bound:
        return found, bound  # nearly always
    pairs = [
        (cell, its)
        for cell, its in zip(found, bound, strict=True)
        if type(cell) is SealedValue and cell.opened is UNOPENED and its is not None
    ]
    return [cell for cell, _ in pairs], [its for _, its in pairs]


def _open(
    binding: TableBinding, name: str, tenant: str | None, cells: Sequence[SealedValue], bound: Sequence[Bound]
) -> dict[int, FieldvaultError]:
    """Write each value into its cell; the failures by position."""
    given: dict[str, Any] = {}
    if binding.schema.sealed[name].row_bound:
        given["row_ids"] = [row for _, row, _ in bound]
    if binding.subject is not None:
        given["subjects"] = [subject for _, _, subject in bound]
    cipher = binding.cipher(tenant)
    gate = binding.declared[name].protected
    if gate is not None:
        gate.opening(tenant, binding.schema.name, count=len(cells))
    result = cipher.open_column_partially(name, [cell.envelope for cell in cells], **given)
    values: Sequence[Any] = result.values
    if gate is not None:
        place = Place.of(binding.schema, name, tenant)
        ids = [bytes(cell.envelope[1:HEADER_BYTES]) for cell in cells]
        pairs = zip(values, ids, strict=True)
        values = [None if one is None else Protected(one, place, gate, key_id=key_id) for one, key_id in pairs]
    failures = dict(result.failures)
    for at, (cell, value, its) in enumerate(zip(cells, values, bound, strict=True)):
        if not failures or at not in failures:
            cell.opened = value
            cell.bound = its
    return failures


def _of_scope(held: SealedValue) -> Any:
    acting = current_acting()
    tenant = None if held.bound is None else held.bound[0]
    if tenant is None or acting is None or acting.tenant in (None, tenant):
        return held.opened
    raise ScopeError(
        "the object was opened for another tenant than the scope's",
        hint="a session for each tenant; or session.expunge_all() where switch_scope begins and ends",
    )


def _bound(model: ModelBinding, part: Part, state: State, tenant: str | None, *, may_load: bool = False) -> Bound:
    """What an object's values are bound to. `may_load` asks the database for what was deferred, for one object."""
    held = state.dict
    if part.only_row_id is not None:
        row = held.get(part.only_row_id)
        if row is not None:
            return tenant, row, None
    values = model.bound_values(part, state, held)
    if may_load and None in values.values():
        values = {name: getattr(state.obj(), key) for name, key in part.bound_to.items()}
    return part.binding.bound(tenant, values)


def _bound_of_tenant(model: ModelBinding, part: Part, state: State, tenant: str | None) -> Bound | None:
    """What a peer's values are bound to; None where it is another tenant's, or gone."""
    if state.obj() is None:
        return None
    if part.binding.tenant is not None:
        try:
            if _tenant_of(model, part, state) != tenant:
                return None
        except ScopeError:
            return None
    bound = _bound(model, part, state, tenant)
    return None if bound[1] is None else bound


def _tenant_of(model: ModelBinding, part: Part, state: State) -> str | None:
    binding = part.binding
    return binding.tenant_of(model.bound_values(part, state, state.dict) if binding.tenant else {})


def _model(state: State) -> ModelBinding:
    model = ModelBinding.of(state.mapper)
    if model is None:
        raise SchemaError(f"{state.class_.__name__} has no encrypted attributes")
    return model
