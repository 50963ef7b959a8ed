"""Sealing what instances hold: all that is new in them, in one batch for each tenant, before a statement exists.

Rules of this file:

1. Nothing is put into an instance before everything of the call is sealed: a failure leaves all as it was.
2. What came from the row and was not changed is written back as it is. It is sealed anew where it could have
   changed unseen (a JSON value), where the row id or subject changed, or where its index is under a key that is
   being left.
3. A row does not change its tenant.
4. An error leaves through a frame that holds no value.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from fieldvault.access import Protected
from fieldvault.contrib.django.apps import runtime
from fieldvault.contrib.django.sealing import opening
from fieldvault.contrib.django.sealing.sealed import CLOSED, Assigned, Refused, Sealed
from fieldvault.contrib.django.sealing.table import ROW_ID, SealedTable
from fieldvault.errors import (
    BatchError,
    FieldvaultError,
    OpenError,
    RowIdChanged,
    SchemaError,
    ScopeError,
    SealError,
    WriteRefused,
)

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField

Plan = dict[str | None, tuple[list[int], list[dict[str, Any]]]]
"""For each tenant: positions of instances, and their records."""
ROW_ID_BYTES = 16
ITEM_ERRORS = (OpenError, SchemaError, ScopeError, SealError, WriteRefused)


def seal(
    table: SealedTable,
    instances: Sequence[Model],
    only: Collection[str] | None = None,
    check_assigned: bool = True,
) -> None:
    """Give every new value of `instances` its envelope and index values.

    `only` names the columns that will be written, None for all. Without `check_assigned`, envelopes that a fixture
    brought are believed, as its rows are. Raises `WriteRefused` where that would leave a row
    that cannot be opened, the refusal of a single instance, or `BatchError` by position.
    """
    plan: Plan = {}
    failures: dict[int, FieldvaultError] = {}
    for at, instance in enumerate(instances):
        _clear_indexes_of_nulls(table, instance)
        try:
            planned = _planned(table, instance, only, check_assigned)
        except ITEM_ERRORS as error:
            failures[at] = error.detached()
            continue
        if planned is not None:
            tenant, record = planned
            positions, records = plan.setdefault(tenant, ([], []))
            positions.append(at)
            records.append(record)
    sealed: list[tuple[list[int], list[dict[str, Any]]]] = []
    if not failures:
        for tenant, (positions, records) in plan.items():
            cipher = runtime().cipher(table.schema, tenant)
            if len(instances) == 1:
                sealed.append((positions, [cipher.seal(records[0])]))
                continue
            try:
                sealed.append((positions, cipher.seal_many(records)))
            except BatchError as error:
                failures |= {positions[at]: one for at, one in error.failures.items()}
    if failures and len(instances) == 1:
        raise failures[0]
    if failures:
        raise BatchError(failures, total=len(instances))
    for positions, rows in sealed:
        for at, row in zip(positions, rows, strict=True):
            _put(table, instances[at], row)


def written_with(table: SealedTable, names: Iterable[str]) -> set[str]:
    """Attribute names of what a statement must write besides these: index columns, copies, the row id."""
    given, added = set(names), set[str]()
    for field in table.fields:
        if field.name in given or field.attname in given:
            added.update(field.index_columns)
            added.update(field.copied_to_names)
    for field in table.fields:
        if field.copies is not None and field.copies in given:
            added.update({field.name, *field.index_columns})
    return added


def without_their_field(table: SealedTable, names: Collection[str]) -> set[str]:
    """Index columns among `names` whose encrypted field is not: they may be of an older value."""
    return {
        column
        for field in table.searched
        if not _is_in(field, names)
        for column in field.index_columns
        if column in names
    }


def mirror(table: SealedTable, instance: Model) -> None:
    """Keep the two columns of a field that is being migrated equal (docs/guide/django-encrypt-a-column.md)."""
    for field in table.fields:
        if field.copies is not None and field.copies in instance.__dict__:
            plain = instance.__dict__[field.copies]
            if not (field.attname in instance.__dict__ and _opened(instance, field) == plain):
                setattr(instance, field.attname, plain)
        for name in field.copied_to_names:
            if field.attname in instance.__dict__:
                setattr(instance, name, plain_of(field, getattr(instance, field.attname)))


def snapshot(tables: Sequence[SealedTable], instance: Model) -> dict[int, list[Any]]:
    """What of the instance decides what is sealed, by table."""
    data = instance.__dict__
    return {id(table): [data.get(name) for name in table.decisive] for table in tables}


def is_as_in(before: dict[int, list[Any]] | None, tables: Sequence[SealedTable], instance: Model) -> bool:
    """Whether nothing was assigned since, so that there is nothing new to seal."""
    if before is None or any(table.has_mutable for table in tables):
        return False
    now = snapshot(tables, instance)
    return all(
        key in before and len(before[key]) == len(cells) and all(map(operator.is_, before[key], cells))
        for key, cells in now.items()
    )


def plain_of(field: EncryptedField, value: Any) -> Any:
    """The value itself, of an attribute that may be protected. For the field's own column only."""
    if isinstance(value, Protected):
        return value.value_to_seal(opening.place_of(field, value.place.tenant))
    return value


def ensure_row_id(table: SealedTable, instance: Model) -> None:
    """Give a row its id where it has none yet."""
    if table.row_id == ROW_ID and getattr(instance, ROW_ID) is None:
        setattr(instance, ROW_ID, os.urandom(ROW_ID_BYTES))


def _opened(instance: Model, field: EncryptedField) -> Any:
    return plain_of(field, getattr(instance, field.attname))


def _planned(
    table: SealedTable, instance: Model, only: Collection[str] | None, checked: bool
) -> tuple[str | None, dict[str, Any]] | None:
    """Whose keys, and the record of what is to be sealed; None where there is nothing."""
    was = instance._state.__dict__.get("fieldvault_was") or {}
    changed = {name for name, before in was.items() if getattr(instance, name) != before and name in table.identity}
    if table.tenant in changed:
        raise RowIdChanged(
            f"a row of {table.schema.name} does not change its tenant", hint="make a new row in the other tenant"
        )
    data = instance.__dict__
    names = [
        field
        for field in table.fields
        if (only is None or _is_in(field, only)) and _must_seal(field, instance, bool(changed), checked)
    ]
    if changed and only is not None:
        missing = [field.name for field in table.fields if field.attname in data and not _is_in(field, only)]
        if missing:
            raise WriteRefused(
                f"the row id of {table.schema.name} changed, so all its encrypted fields must be written",
                hint="save() without update_fields",
            )
    if not names:
        return None
    tenant = opening.tenant_of(instance, table)
    values = {field.sealed_field.name: _value(field, instance, tenant) for field in names}
    if table.row_id == ROW_ID and data.get(ROW_ID) is None:
        if only is not None and ROW_ID not in only and not instance._state.adding:
            raise WriteRefused(
                f"the row of {table.schema.name} has no {ROW_ID} yet, and update_fields leaves it out",
                hint=f"save() without update_fields, or fill {ROW_ID} first (manage.py fieldvault backfill)",
            )
        ensure_row_id(table, instance)
    record = {name: getattr(instance, name) for name in (table.row_id, table.subject) if name is not None}
    return tenant, record | values


def _must_seal(field: EncryptedField, instance: Model, moved: bool, checked: bool) -> bool:
    sealed = instance.__dict__.get(field.attname)
    if sealed is None:
        return False
    if moved:
        return True
    if type(sealed) is not bytes and (sealed.envelope is None or (checked and type(sealed) is Assigned)):
        return True
    if field.is_mutable and opening.opened_value(instance, field) is not CLOSED:
        return True
    return bool(field.index_columns) and _is_index_stale(field, instance)


def _is_index_stale(field: EncryptedField, instance: Model) -> bool:
    """Whether an index value is under another key than is written now (its first byte says: spec index-v1 §3).

    So is one that was loaded before a rotation filled its second column, which must not be emptied again.
    """
    if isinstance(instance.__dict__.get(field.attname), Refused):
        return False
    values = [instance.__dict__.get(column) for column in field.index_columns]
    if values[0] is None:
        return False
    table = field.table
    cipher = runtime().cipher(table.schema, opening.tenant_of(instance, table))
    keys = cipher.index_keyring.index_keys_to_write()
    return any(
        key is not None and (value is None or bytes(value)[0] != key.version & 0xFF)
        for value, key in zip(values, (keys.main, keys.following), strict=False)
    )


def _value(field: EncryptedField, instance: Model, tenant: str | None) -> Any:
    value = opening.opened_value(instance, field)
    if value is CLOSED:
        value = opening.open_one(instance, field, tenant)
    return field.to_plain(plain_of(field, value))


def _put(table: SealedTable, instance: Model, row: dict[str, Any]) -> None:
    data = instance.__dict__
    for field in table.fields:
        envelope = row.get(field.sealed_field.name)
        if envelope is None:
            continue
        # A new one: a copy of the instance may share the old one, and be bound to another row.
        data[field.attname] = Sealed(field, envelope, opening.opened_value(instance, field))
        for column in field.index_columns:
            data[column] = row[column]
    was = instance._state.__dict__.get("fieldvault_was")
    if was is not None:
        for name in table.identity:
            was.pop(name, None)


def _clear_indexes_of_nulls(table: SealedTable, instance: Model) -> None:
    data = instance.__dict__
    for field in table.searched:
        if field.attname in data and data[field.attname] is None:
            for column in field.index_columns:
                data[column] = None


def _is_in(field: EncryptedField, only: Collection[str]) -> bool:
    return field.name in only or field.attname in only
