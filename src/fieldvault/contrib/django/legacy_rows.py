"""A Django model's password column, read in pages: which rows are legacy, of which scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from fieldvault.contrib.django.forms import from_django
from fieldvault.errors import StoredHashMalformed
from fieldvault.passwords import Scheme, ShapeKind, identify

_KEPT = {ShapeKind.CURRENT, ShapeKind.WRAPPED, ShapeKind.FOREIGN, ShapeKind.UNUSABLE}


@dataclass(slots=True)
class WrapReport:
    """Counts of rows. `kept` are hashed well already, or unusable; `left` are of no scheme that was declared."""

    wrapped: int = 0
    changed_meanwhile: int = 0
    kept: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """A row to be wrapped, as it was read."""

    pk: Any
    scheme: Scheme
    stored: str = field(repr=False)
    salt: str | bytes | None = field(repr=False)


class LegacyRows:
    """The rows of one model in one database. `salt_field` is None where no scheme has its salt apart."""

    def __init__(
        self,
        model: type[models.Model],
        alias: str,
        schemes: Sequence[Scheme],
        *,
        field: str,
        salt_field: str | None,
        batch: int,
    ) -> None:
        self.room: int | None = getattr(model._meta.get_field(field), "max_length", None)
        self._model, self._alias, self._schemes = model, alias, schemes
        self._field, self._batch = field, batch
        self._columns = ["pk", field, *([salt_field] if salt_field else [])]

    def pages(self, report: WrapReport) -> Iterator[list[LegacyRow]]:
        """The legacy rows of each page, in the order of the primary key; counts the others."""
        query = self._rows().order_by("pk").values_list(*self._columns)
        page = list(query[: self._batch])
        while page:
            yield self._legacy(page, report)
            page = list(query.filter(pk__gt=page[-1][0])[: self._batch])

    def of(self, keys: Sequence[Any]) -> list[LegacyRow]:
        """The legacy rows among these primary keys."""
        return self._legacy(list(self._rows().filter(pk__in=keys).values_list(*self._columns)), WrapReport())

    def replace(self, row: LegacyRow, new: str) -> bool:
        """Compare and swap: was the row still what was read?"""
        unchanged = self._rows().filter(pk=row.pk, **{self._field: row.stored})
        return unchanged.update(**{self._field: new}) == 1

    def _rows(self) -> models.QuerySet[Any]:
        return self._model._base_manager.using(self._alias)  # a default manager may hide rows

    def _legacy(self, page: Sequence[tuple[Any, ...]], report: WrapReport) -> list[LegacyRow]:
        found = []
        for pk, stored, *salt in page:
            if identify(None if stored is None else from_django(stored)).kind in _KEPT:
                report.kept += 1
            elif row := self._read(pk, stored, salt[0] if salt else None):
                found.append(row)
            else:
                report.left += 1
        return found

    def _read(self, pk: Any, stored: str, salt: str | bytes | None) -> LegacyRow | None:
        for scheme in self._schemes:
            given = salt if scheme.salt_is_apart else None
            try:
                scheme.read(stored, given)
            except StoredHashMalformed:
                continue
            return LegacyRow(pk, scheme, stored, given)
        return None
