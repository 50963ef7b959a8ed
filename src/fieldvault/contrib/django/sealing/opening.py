"""Opening attributes: all that were loaded together, at the first access, in one batch.

Rules of this file:

1. What cannot be opened is the error of that row's attribute, raised at each access. The others are open.
2. A row belongs to a tenant: by its own column, or by the scope it was loaded in. In the scope of another tenant
   its values are refused.
3. Peers are known by weak references, in groups of a bounded size: whoever keeps one instance keeps no page.
4. A value that was opened is the instance's, not Python's: it is dropped with the instance.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from fieldvault.access import Place, Protected
from fieldvault.contrib.django.apps import runtime
from fieldvault.contrib.django.sealing.sealed import CLOSED, Assigned, Refused, Sealed
from fieldvault.contrib.django.sealing.table import SealedTable
from fieldvault.errors import AuthenticationFailed, FieldvaultError, OpenError, ScopeError, WriteRefused
from fieldvault.schema import Tenancy
from fieldvault.scoping import Acting, current_acting

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField

GROUP = 1000
"""Instances that are opened together at most."""


class Peers:
    """Instances of one model that one query loaded, in the scope that was active then."""

    __slots__ = ("acting", "is_direct", "members", "names", "touched")

    def __init__(self, names: object, acting: Acting | None) -> None:
        self.names = names
        self.acting = acting
        self.is_direct: bool | None = None
        """Whether rows become instances without `__init__` (loading.py); None until the first."""
        self.members: list[weakref.ref[Model]] = []
        self.touched: set[str] = set()
        """Attributes whose members may be unlike: some were opened. All of them, once a member has left."""

    def __reduce__(self) -> tuple[Any, ...]:
        # What was unpickled is alone. Its tenant stays its own; the actor was the other process's.
        return _alone, (None if self.acting is None else self.acting.tenant,)


class _Groups(threading.local):
    def __init__(self) -> None:
        self.by_model: dict[type[Model], Peers] = {}


_groups = _Groups()


def peers_of(model: type[Model], names: object) -> Peers:
    """The group that an instance loaded now belongs to: `names` is one object for one query."""
    peers = _groups.by_model.get(model)
    if peers is None or peers.names is not names or len(peers.members) >= GROUP:
        peers = _groups.by_model[model] = Peers(names, current_acting())
    return peers


def as_loaded(value: Any) -> Any:
    """What an instance keeps of what a query gave for an encrypted column."""
    if isinstance(value, Sealed):  # raw(), or a deferred field of many instances
        value = value.envelope
    return value if type(value) is bytes or value is None else bytes(value)


def remember_identity(instance: Model, attname: str, before: Any) -> None:
    """The row's `attname` was `before` when its envelopes were made. From now on it is opened by itself."""
    state: Any = instance._state
    was = state.__dict__.setdefault("fieldvault_was", {})
    was.setdefault(attname, before)
    peers = state.__dict__.get("fieldvault")
    if peers is not None:
        peers.touched.update(field.attname for field in instance._meta.concrete_fields)
        state.fieldvault = Peers(None, peers.acting)


def identity_of(instance: Model, attname: str) -> Any:
    """What an instance's envelopes are bound to; loads the column if it was deferred."""
    was = instance._state.__dict__.get("fieldvault_was")
    if was is not None and attname in was:
        return was[attname]
    return getattr(instance, attname)


def tenant_of(instance: Model, table: SealedTable) -> str | None:
    """Whose values an instance's are. Raises `ScopeError` if nobody says, or the scope is another tenant's."""
    if table.schema.tenancy is Tenancy.GLOBAL:
        return None
    acting = current_acting()
    if table.tenant is not None:
        named = identity_of(instance, table.tenant)
        tenant: str | None = None if named is None else str(named)
    else:
        peers = instance._state.__dict__.get("fieldvault")
        loaded_by = None if peers is None else peers.acting
        tenant = loaded_by.tenant if loaded_by is not None else runtime().tenant_now(table.schema)
    if tenant is None:
        raise ScopeError(f"the row of {table.schema.name} does not say whose it is")
    if acting is not None and acting.tenant != tenant:
        raise ScopeError(f"the row of {table.schema.name} belongs to another tenant than the scope's")
    return tenant


def opened_name(field: Any) -> str:
    """Under what an instance's `_state` keeps an opened value: no name that a program could give."""
    return f"fieldvault: {field.attname}"


def opened_value(instance: Model, field: EncryptedField) -> Any:
    """The value of an attribute that was read, `CLOSED` where it was not."""
    kept = instance.__dict__.get(field.attname)
    if type(kept) is bytes:
        return instance._state.__dict__.get(opened_name(field), CLOSED)
    return CLOSED if kept is None else kept.value


def forget_opened(state: Any) -> None:
    """Take opened values out of a copy of an instance's `_state`."""
    for name in [name for name in state.__dict__ if name.startswith("fieldvault: ")]:
        del state.__dict__[name]


def open_with_peers(instance: Model, field: EncryptedField) -> Any:
    """The value of one instance's closed attribute; its peers' are opened too. Raises its refusal."""
    table, attname = field.table, field.attname
    data = instance.__dict__
    if isinstance(data[attname], Refused):
        raise data[attname].error.copy()
    tenant = tenant_of(instance, table)
    batch = _Batch(field, tenant)
    batch.add(instance)
    batch.add_peers(instance)
    batch.open()
    if 0 in batch.failures:
        raise batch.failures[0].copy()
    return opened_value(instance, field)


class _Batch:
    """Closed cells of one column, of rows of one tenant."""

    __slots__ = ("envelopes", "failures", "field", "ids", "key", "rows", "subjects", "tenant")

    def __init__(self, field: EncryptedField, tenant: str | None) -> None:
        self.field = field
        self.tenant = tenant
        self.key = opened_name(field)
        self.rows: list[dict[str, Any]] = []
        self.envelopes: list[Any] = []
        self.ids: list[Any] = []
        self.subjects: list[Any] = []
        self.failures: dict[int, OpenError] = {}

    def add(self, instance: Model) -> None:
        """Add an instance, whatever became of its row id since; loads what is deferred."""
        table, row = self.field.table, instance.__dict__
        self.ids.append(identity_of(instance, table.row_id))
        if table.subject is not None:
            self.subjects.append(identity_of(instance, table.subject))
        self.rows.append(row)
        self.envelopes.append(as_loaded(row[self.field.attname]))

    def add_peers(self, instance: Model) -> None:
        """Add those that were loaded with it, are still closed, and have loaded what they are bound to.

        One whose identity was changed has left its peers (`remember_identity`).
        """
        peers = instance._state.__dict__.get("fieldvault")
        if peers is None or (self.field.attname not in peers.touched and self._add_untouched(peers, instance)):
            return
        table, attname, key = self.field.table, self.field.attname, self.key
        row_id, subject, tenant = table.row_id, table.subject, table.tenant
        for reference in peers.members:
            one = reference()
            if one is None or one is instance:
                continue
            row = one.__dict__
            cell, state = row.get(attname), row["_state"].__dict__
            if type(cell) is not bytes or key in state or state["fieldvault"] is not peers or row_id not in row:
                continue
            if subject is not None or tenant is not None:
                if not row.keys() >= {subject or row_id, tenant or row_id}:
                    continue
                if tenant is not None and str(row[tenant]) != self.tenant:
                    continue
                if subject is not None:
                    self.subjects.append(row[subject])
            self.rows.append(row)
            self.envelopes.append(cell)
            self.ids.append(row[row_id])

    def _add_untouched(self, peers: Peers, instance: Model) -> bool:
        """The usual case, a list at a time: nobody has opened or changed anything. Whether it is the case."""
        table, attname = self.field.table, self.field.attname
        if table.subject is not None or table.tenant is not None:
            return False
        alive = [one for reference in peers.members if (one := reference()) is not None and one is not instance]
        rows = [one.__dict__ for one in alive]
        try:
            cells, ids = [row[attname] for row in rows], [row[table.row_id] for row in rows]
        except KeyError:  # a deferred column of some
            return False
        if not set(map(type, cells)) <= {bytes}:
            return False
        self.rows += rows
        self.envelopes += cells
        self.ids += ids
        return True

    def open(self) -> None:
        """Put values and refusals into the instances. Raises for an outage only."""
        field, table, envelopes = self.field, self.field.table, self.envelopes
        if table.is_protected:
            gate_of(table).opening(self.tenant, table.schema.name, count=len(envelopes))
        result = (
            runtime()
            .cipher(table.schema, self.tenant)
            .open_column_partially(
                field.sealed_field.name,
                envelopes,
                row_ids=self.ids if field.sealed_field.row_bound else None,
                subjects=None if table.subject is None else self.subjects,
            )
        )
        values = field.from_plain_many(result.values)
        if table.is_protected:
            values = _protected(field, self.tenant, envelopes, values)
        attname, key, first = field.attname, self.key, self.rows[0][field.attname]
        self.rows[0][attname] = envelopes[0]  # which may have been refused before; its peers have theirs
        for row, value in zip(self.rows, values, strict=True):
            row["_state"].__dict__[key] = value
        peers = self.rows[0]["_state"].__dict__.get("fieldvault")
        if peers is not None:
            peers.touched.add(attname)
        for at, error in result.failures.items():
            del self.rows[at]["_state"].__dict__[key]
            self.failures[at] = _as_open_error(error, field)
            self.rows[at][attname] = Refused(field, envelopes[at], self.failures[at])
        if type(first) is Assigned:  # not the row's own: it stays what saving has to check, or to seal anew
            self.rows[0][attname] = first if self.failures else Sealed(field, None, values[0])


def open_one(instance: Model, field: EncryptedField, tenant: str | None) -> Any:
    """The value of one instance's closed attribute, opened by itself. Raises its refusal."""
    batch = _Batch(field, tenant)
    batch.add(instance)
    batch.open()
    if batch.failures:
        raise batch.failures[0].copy()
    return opened_value(instance, field)


def open_alone(sealed: Sealed, row_id: Any, tenant: str | None, subject: Any) -> Any:
    """The value of an envelope without its instance."""
    field = sealed.field
    table = field.table
    if sealed.envelope is None:
        raise WriteRefused(f"{field.label} is not sealed yet")
    if tenant is None:
        tenant = runtime().tenant_now(table.schema)
    cipher = runtime().cipher(table.schema, tenant)
    result = cipher.open_column_partially(
        field.sealed_field.name,
        [sealed.envelope],
        row_ids=[row_id] if field.sealed_field.row_bound else None,
        subjects=None if table.subject is None else [subject],
    )
    if result.failures:
        raise result.failures[0]
    [value] = field.from_plain_many(result.values)
    return _protected(field, tenant, [sealed.envelope], [value])[0] if table.is_protected else value


def gate_of(table: SealedTable) -> Any:
    """The gate of a protected model's values. Raises `ScopeError` where settings name none."""
    gate = runtime().gate
    if gate is None:
        raise ScopeError(
            f"{table.schema.name} is protected, and settings name no gate",
            hint="FIELDVAULT['gate'] = 'dotted.path.to.an.AccessGate'",
        )
    return gate


def place_of(field: EncryptedField, tenant: str | None) -> Place:
    """Where a field's values belong."""
    return Place.of(field.table.schema, field.sealed_field.name, tenant)


def _protected(field: EncryptedField, tenant: str | None, envelopes: Sequence[Any], values: list[Any]) -> list[Any]:
    gate, place = gate_of(field.table), place_of(field, tenant)
    return [
        Protected(value, place, gate, key_id=envelope[1:17])
        for envelope, value in zip(envelopes, values, strict=True)
    ]


def _as_open_error(error: FieldvaultError, field: EncryptedField) -> OpenError:
    if isinstance(error, OpenError):
        return error
    return AuthenticationFailed(
        f"{field.label} cannot be opened: what its row is bound to is missing, or of another type",
        hint=f"see the row's {', '.join(field.table.identity)}",
    )


def _alone(tenant: str | None) -> Peers:
    return Peers(None, None if tenant is None else Acting(tenant, None))
