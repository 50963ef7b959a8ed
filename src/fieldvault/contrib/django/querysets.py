"""EncryptedQuerySet: what Django does in bulk, sealed in one batch first; and what cannot be sound, refused first.

Rules of this file:

1. Nothing is sent before everything is sealed.
2. Whatever writes an encrypted column writes its index columns. One without the other would be found by its old
   value.
3. What an encrypted column's envelopes are bound to is not changed behind their back.
4. A method that is not overridden here is safe without it: fields refuse plain values and expressions themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, Value

from fieldvault.attempts import attempt
from fieldvault.contrib.django.apps import runtime
from fieldvault.contrib.django.fields.base import EncryptedField
from fieldvault.contrib.django.fields.columns import SealedCol
from fieldvault.contrib.django.sealing import saving, writing
from fieldvault.contrib.django.sealing.sealed import Sealed
from fieldvault.contrib.django.sealing.table import ROW_ID, SealedTable, tables_of
from fieldvault.errors import QueryRefused, WriteRefused

Row = TypeVar("Row", bound=models.Model)


class EncryptedQuerySet(models.QuerySet[Row]):
    """Django's, for models with encrypted fields."""

    # --- writing -----------------------------------------------------------------------------

    def bulk_create(
        self,
        objs: Iterable[Row],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[Row]:
        """See Django's. All values are sealed in one batch before the first INSERT; all or none."""
        rows = list(objs)
        tables = tables_of(self.model)
        if update_conflicts:
            update_fields, unique_fields = self._upsert(tables, update_fields or (), unique_fields or ())
        attempt(self._seal, tables, rows, None).or_raise()
        return super().bulk_create(
            rows,
            batch_size=batch_size,
            ignore_conflicts=ignore_conflicts,
            update_conflicts=update_conflicts,
            update_fields=update_fields,
            unique_fields=unique_fields,
        )

    def bulk_update(self, objs: Iterable[Row], fields: Iterable[str], batch_size: int | None = None) -> int:
        """See Django's. All values are sealed in one batch before the first UPDATE; all or none."""
        rows, names = tuple(objs), set(fields)
        tables = tables_of(self.model)
        written = names.union(*(writing.written_with(table, names) for table in tables))
        for table in tables:
            self._refuse_identity(table, names)
        attempt(self._seal, tables, rows, written).or_raise()
        encrypted = [field for table in tables for field in table.fields if field.name in written]
        with saving.handed_over(rows, encrypted):
            return super().bulk_update(rows, sorted(written), batch_size=batch_size)

    def update(self, **values: Any) -> int:
        """See Django's. An encrypted field may be set to None; to a value only if it is not bound to its row."""
        tables = tables_of(self.model)
        for table in tables:
            self._refuse_identity(table, values)
            for field in table.fields:
                name = field.name if field.name in values else field.attname
                is_sealed = name in values and hasattr(values[name], "resolve_expression")
                if is_sealed:
                    field.refuse_expression(values[name])
                    self._refuse_unless_of_bulk_update(field, values, values[name])
                elif name in values:
                    values |= attempt(self._same_for_all, table, field, name, values[name]).or_raise()
                twins = {*field.copied_to_names, *([field.copies] if field.copies else [])}
                if not is_sealed and twins and (name in values or twins & values.keys()):
                    raise WriteRefused(
                        f"{field.label} is being migrated: update() would leave its two columns unequal",
                        hint="save() the instances, or bulk_update()",
                    )
        for value in values.values():
            for name in _named_in(value):
                self._refuse_encrypted(name, "cannot be copied: it would not open elsewhere")
        return super().update(**values)

    # --- reading -----------------------------------------------------------------------------

    def only(self, *fields: str) -> EncryptedQuerySet[Row]:
        """See Django's. What an encrypted field is bound to is loaded with it."""
        return super().only(*fields, *self._companions(fields))

    def defer(self, *fields: str | None) -> EncryptedQuerySet[Row]:
        """See Django's. What encrypted fields are bound to cannot be deferred: opening would load it row by row."""
        bound = {name for table in tables_of(self.model) for name in table.identity} & set(fields)
        if bound:
            raise QueryRefused(
                f"encrypted fields are bound to {', '.join(sorted(map(str, bound)))}: it must be loaded"
            )
        return super().defer(*fields)  # type: ignore[arg-type]  # None, to defer nothing, is Django's

    def order_by(self, *field_names: Any) -> EncryptedQuerySet[Row]:
        """See Django's. Raises `QueryRefused` for an encrypted field."""
        for one in field_names:
            name = getattr(getattr(one, "expression", one), "name", one)
            if isinstance(name, str):
                self._refuse_encrypted(name.lstrip("+-"), "cannot be ordered by")
        return super().order_by(*field_names)

    def distinct(self, *field_names: str) -> EncryptedQuerySet[Row]:
        """See Django's. Raises `QueryRefused` for an encrypted field."""
        for name in field_names:
            self._refuse_encrypted(name, "has no distinct values")
        return super().distinct(*field_names)

    # --- inside ------------------------------------------------------------------------------

    def _seal(self, tables: Sequence[SealedTable], rows: Sequence[Row], only: Collection[str] | None) -> None:
        for table in tables:
            for row in rows:
                writing.mirror(table, row)
            writing.seal(table, rows, only)

    def _same_for_all(self, table: SealedTable, field: EncryptedField, name: str, value: Any) -> dict[str, Any]:
        """What to write for one value in every row."""
        if value is None:
            return {name: None, **dict.fromkeys(field.index_columns)}
        if field.sealed_field.row_bound or table.subject is not None or table.tenant is not None:
            raise WriteRefused(
                f"{field.label} is bound to its row, so one value for many rows cannot be sealed",
                hint="set it on the instances: save(), or bulk_update()",
            )
        running = runtime()
        cipher = running.cipher(table.schema, running.tenant_now(table.schema))
        row = cipher.seal({field.sealed_field.name: field.to_plain(value)})
        return {
            name: Sealed(field, row[field.sealed_field.name]),
            **{column: row[column] for column in field.index_columns},
        }

    def _refuse_identity(self, table: SealedTable, names: Iterable[str]) -> None:
        bound = {field.name: field.attname for field in table.model._meta.local_concrete_fields}
        given = {bound.get(name, name) for name in names}
        for name in table.identity:
            if name in given:
                raise WriteRefused(
                    f"encrypted fields of {table.schema.name} are bound to {name}, which is changed here",
                    hint="set it on an instance and save() it",
                )
        columns = {column for field in table.fields for column in field.index_columns}
        if columns & given and not any(field.name in given for field in table.searched):
            raise WriteRefused(f"{min(columns & given)} is written with its encrypted field only")

    def _refuse_unless_of_bulk_update(
        self, field: EncryptedField, values: Mapping[str, Any], expression: Any
    ) -> None:
        if isinstance(expression, Value) or not values.keys() >= set(field.index_columns):
            raise WriteRefused(
                f"{field.label}: an envelope was to be written by itself",
                hint="set the opened value on instances and save them, or use bulk_update()",
            )

    def _combinator_query(self, combinator: str, *others: Any, all: bool = False) -> Any:  # noqa: A002 - Django's
        for one in (self, *others):
            if not one.query.default_cols and any(isinstance(column, SealedCol) for column in one.query.select):
                raise QueryRefused(
                    f"{combinator}() of encrypted columns: the first query's would name what the others give",
                    hint=f"{combinator}() of instances, or of plain columns",
                )
        return super()._combinator_query(combinator, *others, all=all)  # type: ignore[misc]

    def _upsert(
        self, tables: Sequence[SealedTable], update_fields: Collection[str], unique_fields: Collection[str]
    ) -> tuple[Collection[str], Collection[str]]:
        """What `update_conflicts` may update, and on which columns' conflict.

        The row that is there keeps its row id unless that is written too; and what is bound to it must go with it.
        """
        update, unique = set(update_fields), []
        for table in tables:
            mine = {field.name: field for field in table.fields}
            unique = [mine[name].index_columns[0] if name in mine else name for name in unique_fields]
            written = [field for field in table.fields if field.name in update]
            if not written:
                continue
            update |= writing.written_with(table, update)
            if not any(field.sealed_field.row_bound for field in written):
                continue
            same_row = table.row_id in {self._attname(name) for name in unique_fields}
            bound = {field.name for field in table.fields if field.sealed_field.row_bound}
            if not same_row and table.row_id == ROW_ID and bound <= update:
                update.add(ROW_ID)
            elif not same_row:
                raise WriteRefused(
                    f"a conflict keeps the row's {table.row_id}, which the new envelopes are not bound to",
                    hint=f"unique_fields=[{table.row_id!r}], or update every encrypted field"
                    if table.row_id == ROW_ID
                    else f"unique_fields=[{table.row_id!r}], or update_or_create()",
                )
        return update, unique or unique_fields

    def _attname(self, name: str) -> str:
        field = self.model._meta.pk if name == "pk" else self.model._meta.get_field(name)
        return str(getattr(field, "attname", name))

    def _companions(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            *path, last = name.split("__")
            model = self._model_at(path)
            for table in [] if model is None else tables_of(model):
                found.update("__".join([*path, one]) for one in table.loaded_with([last]))
        return found

    def _model_at(self, path: Sequence[str]) -> type[models.Model] | None:
        model: type[models.Model] = self.model
        for part in path:
            try:
                related = model._meta.get_field(part).related_model
            except FieldDoesNotExist:
                return None
            if not isinstance(related, type):
                return None
            model = related
        return model

    def _refuse_encrypted(self, name: str, what: str) -> None:
        annotation = self.query.annotations.get(name)
        field = getattr(annotation, "target", None)
        if field is None:
            *path, last = name.split("__")
            model = self._model_at(path)
            if model is None:
                return
            try:
                field = model._meta.get_field(last)
            except FieldDoesNotExist:
                return
        if isinstance(field, EncryptedField):
            raise QueryRefused(
                f"{field.label} is encrypted and {what}",
                hint="open the rows and sort them in Python, or keep a plain column for it",
            )


def _named_in(expression: Any) -> Iterator[str]:
    """The names that an expression refers to."""
    if isinstance(expression, F):
        yield str(getattr(expression, "name", ""))
    elif hasattr(expression, "get_source_expressions"):
        for one in expression.get_source_expressions():
            yield from _named_in(one)


class EncryptedManager(models.Manager.from_queryset(EncryptedQuerySet)):  # type: ignore[misc]
    """Django's, of `EncryptedQuerySet`."""
