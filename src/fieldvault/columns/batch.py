"""ColumnBatch: records turned into columns, checked against their schema.

What names the row and the subject is worked out here, once for all fields. A record that does not fit is noted
in `failures` by its position; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from fieldvault.columns import indexing
from fieldvault.columns.column import NULL, Column, Failures, each
from fieldvault.core import batch as core
from fieldvault.errors import FieldvaultError, OpenError, SchemaError
from fieldvault.keyring import DataKey
from fieldvault.schema import DeclaredIndex, Schema, SealedField

_FAILED_ROW = b"\x00\x00"
"""Stands for the row id of a record that has failed already; nothing is sealed or opened with it."""


class ColumnBatch:
    """`fields`: the cells of each sealed field that the batch has, None where there is nothing to do. `indexes`:
    what each index is made from. `rows`: encoded row ids, `subjects`: names, where the schema has them.
    """

    __slots__ = ("failures", "fields", "indexes", "rows", "size", "subjects")

    def __init__(self, size: int) -> None:
        self.size = size
        self.fields: dict[str, Sequence[Any]] = {}
        self.indexes: list[tuple[DeclaredIndex, Sequence[Any]]] = []
        self.rows: Sequence[bytes] | None = None
        self.subjects: list[str] | None = None
        self.failures: Failures = {}

    def gather(self, columns: Iterable[tuple[str, Column]]) -> None:
        """Note what failed in each field's column; the first failure of a position stands."""
        for name, column in columns:
            self._note(name, column.failures)

    def row_ids(self, schema: Schema, parts: Sequence[Sequence[Any]]) -> None:
        """Encode the row ids, given one column for each part (spec aad-v1 §4)."""
        encoded: list[Sequence[bytes]] = []
        for name, part in zip(schema.row_id, parts, strict=True):
            codec = schema.plain[name].codec
            cells, failures = each(part, partial(_row_parts, codec.pack_many), partial(_row_part, codec.encode))
            self._note(name, failures)
            encoded.append([cell or _FAILED_ROW for cell in cells] if failures else cells)  # type: ignore[arg-type]
        self.rows = core.row_suffixes(encoded)

    def subject_names(self, schema: Schema, ids: Sequence[Any]) -> None:
        """The names of the subjects, of a schema that has one (spec keyring-v1 §2)."""
        if schema.subject is not None:
            codec = schema.plain[schema.subject.field].codec
            names_of, name_of = (
                partial(schema.subject.names_of, codec=codec),
                partial(schema.subject.name_of, codec=codec),
            )
            names, failures = each(ids, names_of, name_of)
            self._note(schema.subject.field, failures)
            self.subjects = [name or "" for name in names]

    def keys_of_subjects(self, keys: Mapping[str, DataKey | OpenError]) -> list[DataKey | None]:
        """Each record's key, None where it has failed; a damaged key is its subject's records' failure."""
        of_records: list[DataKey | None] = []
        for at, subject in enumerate(self.subjects or ()):
            key = keys.get(subject)
            if isinstance(key, OpenError):
                self.failures.setdefault(at, key.copy())
            of_records.append(key if isinstance(key, DataKey) else None)
        return of_records

    def _note(self, field: str, failures: Mapping[int, FieldvaultError]) -> None:
        for at, error in failures.items():
            self.failures.setdefault(at, error.in_field(field))


def snapshot(items: Any) -> Any:
    """A list as it is now, anything else as it is. Another thread may sort a list while its items are worked on:
    then what one item became would stand beside another.
    """
    return items.copy() if type(items) is list else items


def of_records(schema: Schema, records: Sequence[Any]) -> ColumnBatch:
    """The sealed fields of records. A record may lack fields; one that has others than the schema fails.

    Raises `SchemaError` where `records` is no sequence.
    """
    _check_sequence("records", records)
    gathered = core.gather(records, schema.worked_on, schema.carried_along)
    if gathered is not None:
        return _of_cells(schema, records, *gathered)
    batch = ColumnBatch(len(records))
    present: set[str] = set()
    for at, record in enumerate(records):
        if type(record) is not dict and not isinstance(record, Mapping):
            batch.failures[at] = SchemaError(f"a record is a mapping, not a {type(record).__name__}")
            continue
        present |= record.keys()
        if not record.keys() <= schema.columns:
            unknown = ", ".join(sorted(map(str, record.keys() - schema.columns)))
            batch.failures[at] = SchemaError(
                f"{schema.name} does not declare: {unknown}",
                hint="declare each column as SealedField or PlainField; nothing passes unseen",
            )
    if batch.failures:
        records = [record if isinstance(record, Mapping) else {} for record in records]
    needed = [name for name in schema.worked_on if name in present or name in schema.plain]
    cells = {name: [record.get(name) for record in records] for name in needed}
    return _of_cells(schema, records, cells, present, batch)


def _of_cells(
    schema: Schema,
    records: Sequence[Mapping[str, Any]],
    cells: Mapping[str, list[Any]],
    present: Collection[str],
    batch: ColumnBatch | None = None,
) -> ColumnBatch:
    batch = batch or ColumnBatch(len(records))
    for name, field in schema.sealed.items():
        if name in present:
            batch.fields[name] = _with_nulls(name, records, cells[name]) if field.seal_null else cells[name]
    for declared in schema.indexes:
        if len(declared.fields) == 1:
            if declared.owner in present:
                batch.indexes.append((declared, batch.fields[declared.owner]))
        elif any(name in present for name in declared.fields):
            compound, incomplete = indexing.cells_of(declared, records)
            batch.indexes.append((declared, compound))
            for at in incomplete:
                batch.failures.setdefault(at, indexing.incomplete_parts(declared))
    if schema.row_id and any(schema.sealed[name].row_bound for name in batch.fields):
        batch.row_ids(schema, [cells[part] for part in schema.row_id])
    if schema.subject is not None:
        batch.subject_names(schema, cells[schema.subject.field])
    return batch


def with_cells(
    schema: Schema,
    records: Sequence[Mapping[str, Any]],
    cells: Mapping[str, list[Any]],
    failures: Failures,
    dropped: Collection[str] = (),
) -> Sequence[dict[str, Any] | None]:
    """Copies of the records with these cells by column, and without `dropped`; None where a record has failed.

    A cell is put where the record has the field that it is made from.
    """
    if not failures:
        sourced = {target: (schema.source_of(target), column) for target, column in cells.items()}
        copies = core.with_cells(records, sourced, list(dropped))
        if copies is not None:
            return copies
    results = [None if at in failures else dict(record) for at, record in enumerate(records)]
    for target, column in cells.items():
        source = schema.source_of(target)
        for result, cell in zip(results, column, strict=True):
            if result is not None and source in result:
                result[target] = cell
    for target in dropped:
        for result in results:
            if result is not None:
                result.pop(target, None)
    return results


def of_column(
    schema: Schema,
    field: SealedField,
    values: Sequence[Any],
    row_ids: Sequence[Any] | None,
    subjects: Sequence[Any] | None,
) -> ColumnBatch:
    """One column of cells, with row ids (tuples where composite) and subjects beside it where they are needed.

    Raises `SchemaError` where they are missing, or are not as many as the values.
    """
    _check_sequence("values", values)
    values, row_ids, subjects = snapshot(values), snapshot(row_ids), snapshot(subjects)
    batch = ColumnBatch(len(values))
    batch.fields[field.name] = [NULL if value is None else value for value in values] if field.seal_null else values
    if row_ids is not None and not field.row_bound:
        raise SchemaError(f"{field.name} is not row-bound", hint="leave out row_ids, which would bind nothing")
    if subjects is not None and schema.subject is None:
        raise SchemaError(
            f"{schema.name} has no subject", hint="declare Schema(…, subject=…), or leave out subjects"
        )
    if field.row_bound:
        _check_length("row_ids", row_ids, len(values), f"{field.name} is row-bound")
        ids = row_ids or ()
        if len(schema.row_id) == 1:
            batch.row_ids(schema, [ids])
        elif any(not isinstance(one, tuple) or len(one) != len(schema.row_id) for one in ids):
            raise SchemaError(f"each row id must be a tuple: {', '.join(schema.row_id)}")
        else:
            batch.row_ids(schema, list(zip(*ids, strict=True)) or [()] * len(schema.row_id))
    if schema.subject is not None:
        _check_length("subjects", subjects, len(values), f"{schema.name} seals under subject keys")
        batch.subject_names(schema, subjects or ())
    return batch


def _with_nulls(name: str, records: Sequence[Mapping[str, Any]], cells: Sequence[Any]) -> Sequence[Any]:
    # A null is sealed where the record has one; where it lacks the field there is nothing to do.
    return [NULL if cell is None and name in record else cell for record, cell in zip(records, cells, strict=True)]


def _row_parts(pack_many: Callable[[Sequence[Any]], Sequence[bytes]], ids: Sequence[Any]) -> Sequence[bytes]:
    typed = pack_many(ids)
    least, _ = core.extent(typed)
    if len(typed) and least < 2:
        raise SchemaError("a row id must not be empty")
    return typed


def _row_part(encode: Callable[[Any], bytes], one: Any) -> bytes:
    return _row_parts(lambda ids: [encode(ids[0])], [one])[0]


def _check_length(what: str, given: Sequence[Any] | None, size: int, why: str) -> None:
    if given is None:
        raise SchemaError(f"{why}: {what} is needed", hint=f"pass {what}=[…], one for each value")
    _check_sequence(what, given)
    if len(given) != size:
        raise SchemaError(f"{len(given)} {what} for {size} values")


def _check_sequence(what: str, given: object) -> None:
    # A text is a sequence too, of letters, which nobody means.
    if isinstance(given, str | bytes) or not (hasattr(given, "__len__") and hasattr(given, "__getitem__")):
        raise SchemaError(f"{what} must be a list, not a {type(given).__name__}", hint="list(…) makes one")
