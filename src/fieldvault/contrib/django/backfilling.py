"""Backfill: makes the sealed column equal to the plain one that it copies, while the application goes on writing.

Rules of this file:

1. A row is written only while it still has the plain value and the row id that were read. What somebody else wrote
   meanwhile is theirs, and the next pass looks at it again.
2. It can be interrupted and run again. Each page is a transaction of its own.
3. A row whose value cannot be sealed stays as it is and is counted, by its primary key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models, transaction

from fieldvault.attempts import attempt
from fieldvault.contrib.django.fields.base import EncryptedField
from fieldvault.contrib.django.sealing import saving, writing
from fieldvault.contrib.django.sealing.table import ROW_ID, SealedTable, tables_of
from fieldvault.errors import BatchError, FieldvaultError, OpenError, SchemaError, WriteRefused

PASSES = 3
"""Over the table, while rows change."""


@dataclass(slots=True)
class BackfillReport:
    """`left` rows are in plain text only at the end; `refused` are among them, with why."""

    sealed: int = 0
    changed_meanwhile: int = 0
    left: int = 0
    refused: dict[Any, FieldvaultError] = field(default_factory=dict)


def backfill(
    model: type[models.Model],
    *,
    batch: int = 500,
    using: str | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> BackfillReport:
    """Seal every row of `model` where an encrypted field is not what the plain column it copies has.

    Raises `SchemaError` where no field copies another, and what an outage raises.
    """
    report = BackfillReport()
    copying = [table for table in tables_of(model) if any(one.copies for one in table.fields)]
    if not copying:
        raise SchemaError(
            f"no field of {model._meta.label} copies another", hint="EncryptedEmailField(copies='email')"
        )
    for table in copying:
        for _ in range(PASSES):
            before = report.sealed
            for page in _pages(table, batch, using, report):
                _seal_page(table, page, using, report)
                on_rows(report.sealed)
            if report.sealed == before:
                break
        report.left += _left(table, using)
    return report


def _candidates(table: SealedTable, using: str | None) -> models.QuerySet[Any]:
    """Django's own queryset: it reads what there is."""
    wanted = models.Q()
    for one in _copying(table):
        wanted |= models.Q(**{f"{one.name}__isnull": False}) | models.Q(**{f"{one.copies}__isnull": False})
    return models.QuerySet(table.model, using=using).filter(wanted)


def _left(table: SealedTable, using: str | None) -> int:
    """How many rows have a plain value and no sealed one."""
    wanted = models.Q()
    for one in _copying(table):
        wanted |= models.Q(**{f"{one.name}__isnull": True, f"{one.copies}__isnull": False})
    return models.QuerySet(table.model, using=using).filter(wanted).count()


def _pages(table: SealedTable, batch: int, using: str | None, report: BackfillReport) -> Iterator[list[Any]]:
    last = None
    while True:
        rows = _candidates(table, using).order_by("pk")
        page = list((rows if last is None else rows.filter(pk__gt=last))[:batch])
        if not page:
            return
        last = page[-1].pk
        yield [row for row in page if row.pk not in report.refused]


def _seal_page(table: SealedTable, page: list[Any], using: str | None, report: BackfillReport) -> None:
    """Seal and write those rows of a page whose two columns are unequal."""
    unequal: list[_Unequal] = []
    for row in page:
        changed = [one for one in _copying(table) if not _is_equal(row, one)]
        if changed:
            unequal.append(_Unequal(row, row.__dict__.get(ROW_ID), changed))
            for one in changed:
                setattr(row, one.attname, row.__dict__[one.copies])
    with_envelopes = _sealed(table, [one.row for one in unequal], report)
    with transaction.atomic(using=using or table.model._default_manager.db):
        for at in with_envelopes:
            written = _write_unless_taken(table, unequal[at], using)
            if written is None:
                refusal = WriteRefused("another row has the same value, and the field is unique")
                report.refused[unequal[at].row.pk] = refusal
            else:
                report.sealed += written
                report.changed_meanwhile += not written


@dataclass(frozen=True, slots=True)
class _Unequal:
    """A row, the id it was read with, and the fields to write."""

    row: Any
    row_id: bytes | None
    fields: list[EncryptedField]


def _is_equal(row: Any, one: EncryptedField) -> bool:
    """Whether the sealed value is the plain one. One that cannot be opened is not."""
    plain = row.__dict__[one.copies]
    try:
        opened = writing.plain_of(one, getattr(row, one.attname))
    except OpenError:
        return False
    return bool(opened == (None if plain is None else one.to_plain(plain)))


def _sealed(table: SealedTable, rows: list[Any], report: BackfillReport) -> list[int]:
    """Seal; the positions of those that could be."""
    try:
        attempt(writing.seal, table, rows).or_raise()
        return list(range(len(rows)))
    except BatchError as error:
        failures: dict[int, FieldvaultError] = error.failures
    except writing.ITEM_ERRORS as error:
        failures = {0: error}
    report.refused.update({rows[at].pk: failure for at, failure in failures.items()})
    good = [at for at in range(len(rows)) if at not in failures]
    if good:
        attempt(writing.seal, table, [rows[at] for at in good]).or_raise()
    return good


def _write_unless_taken(table: SealedTable, unequal: _Unequal, using: str | None) -> bool | None:
    """Whether it was written; None where a UNIQUE index refuses it."""
    if not any(one.is_unique for one in unequal.fields):
        return _write(table, unequal, using)
    try:
        with transaction.atomic(using=using or table.model._default_manager.db):
            return _write(table, unequal, using)
    except IntegrityError:
        return None


def _write(table: SealedTable, unequal: _Unequal, using: str | None) -> bool:
    new: dict[str, Any] = {}
    still: dict[str, Any] = {"pk": unequal.row.pk}
    data = unequal.row.__dict__
    for one in unequal.fields:
        new[one.name] = saving.cell_of(unequal.row, one)
        new |= {column: data[column] for column in one.index_columns}
        still[str(one.copies)] = data[one.copies]
    if table.row_id == ROW_ID:
        new[ROW_ID] = data[ROW_ID]
        still[ROW_ID] = unequal.row_id
    return bool(models.QuerySet(table.model, using=using).filter(**still).update(**new))


def _copying(table: SealedTable) -> list[EncryptedField]:
    return [one for one in table.fields if one.copies is not None]
