"""RecordCipher: the whole walk on one page.

Sealing a batch of records:

    schema      which fields are sealed, and what names the row and the subject
    codec       each value to a typed plaintext; the type comes back
    keyring     one key for the batch, or one for each subject, with a lease for as many encryptions
    core        AES-256-GCM, each value bound to its tenant, schema, field and row
    tokens      the blind index values, under the tenant's index key

Opening goes back: the envelopes say which keys, the keyring fetches them at once, core opens, the codec decodes.

Rules of this file:

1. What a record does not fit, or a key refuses, is that record's failure. A batch is all or nothing, unless the
   caller asks for a part of it by a method whose name says so.
2. Nothing is sealed, and no lease spent, before every value of the batch has been encoded.
3. An error leaves through a frame that holds no value: the walk returns failures, the outermost method raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.columns import arrow, column
from fieldvault.columns.batch import ColumnBatch, of_column, of_records
from fieldvault.columns.column import Failures
from fieldvault.columns.form import BinaryForm, Form
from fieldvault.columns.result import BatchResult, one_of, whole
from fieldvault.core import batch as core
from fieldvault.core.context import FieldContext, Scope
from fieldvault.core.envelope import key_ids_in
from fieldvault.errors import SchemaError, ScopeError
from fieldvault.keyring import FIELDS_PURPOSE, INDEX_PURPOSE, DataKey, Keyrings
from fieldvault.schema import Schema, Tenancy

Record = Mapping[str, Any]
Cells = tuple[dict[str, list[Any]], Failures]
"""The cells of a batch by column, and the failures by position."""


class RecordCipher:
    """Seals, opens and searches the records of one schema, for one tenant. Thread-safe.

    Sealed fields become envelopes under their own name, index values go to columns of their own, plain fields stay
    as they are. `form` is `BinaryForm()` or `TextForm()`: how sealed cells are written; both are read.
    Raises `ScopeError` if the schema is per tenant and `tenant` is None, or the reverse.
    """

    def __init__(
        self, schema: Schema, keyrings: Keyrings, *, tenant: str | None = None, form: Form | None = None
    ) -> None:
        if schema.tenancy is Tenancy.PER_TENANT and tenant is None:
            raise ScopeError(f"{schema.name} is sealed per tenant", hint="say which: RecordCipher(…, tenant=…)")
        if schema.tenancy is Tenancy.GLOBAL and tenant is not None:
            raise ScopeError(f"{schema.name} is sealed for all tenants together", hint="leave out tenant")
        self.schema = schema
        self.tenant = tenant
        self.form = form or BinaryForm()
        self.keyring = keyrings.keyring(Scope(tenant, FIELDS_PURPOSE))
        self.index_keyring = keyrings.keyring(Scope(tenant, INDEX_PURPOSE))
        self._contexts = {name: FieldContext(tenant, schema.name, name) for name in schema.sealed}

    # --- records -----------------------------------------------------------------------------

    def seal(self, record: Record) -> dict[str, Any]:
        """One record. Raises its `FieldvaultError`. A batch costs less per record: see `seal_many`."""
        result = attempt(self._seal_records, [record])
        del record
        return one_of(result)

    def open(self, record: Record) -> dict[str, Any]:
        """One record, its index columns left out. Raises its `FieldvaultError`."""
        result = attempt(self._open_records, [record])
        del record
        return one_of(result)

    def seal_many(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """All records, or none: raises `BatchError` with the failures by position."""
        result = attempt(self._seal_records, records)
        del records
        return whole(result)

    def open_many(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """All records, or none: raises `BatchError` with the failures by position."""
        result = attempt(self._open_records, records)
        del records
        return whole(result)

    def seal_many_partially(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        """The records that can be sealed, and why the others cannot."""
        result = attempt(self._seal_records, records, True)
        del records
        return result.or_raise()

    def open_many_partially(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        """The records that can be opened, and why the others cannot."""
        result = attempt(self._open_records, records)
        del records
        return result.or_raise()

    def seal_batches(self, batches: Iterable[Sequence[Record]]) -> Iterator[list[dict[str, Any]]]:
        """`seal_many` for each batch of a stream, one batch in memory at a time."""
        return map(self.seal_many, batches)

    def open_batches(self, batches: Iterable[Sequence[Record]]) -> Iterator[list[dict[str, Any]]]:
        """`open_many` for each batch of a stream, one batch in memory at a time."""
        return map(self.open_many, batches)

    # --- one column --------------------------------------------------------------------------
    # `row_ids` stand beside the values of a row-bound field (tuples where the row id is composite), `subjects`
    # where the schema has a subject. A list gives a list; an Arrow column gives a pyarrow Array.

    def seal_column(self, field: str, values: Any, *, row_ids: Any = None, subjects: Any = None) -> Any:
        """Envelopes of one field's values. All, or none: raises `BatchError`."""
        as_given = arrow.sealed_like(values, self.form)
        result = attempt(self._seal_values, field, values, row_ids, subjects)
        del values, row_ids, subjects
        return as_given(whole(result))

    def open_column(self, field: str, sealed: Any, *, row_ids: Any = None, subjects: Any = None) -> Any:
        """The values of one field's envelopes. All, or none: raises `BatchError`."""
        as_given = arrow.opened_like(sealed, self.schema, field)
        result = attempt(self._open_values, field, sealed, row_ids, subjects)
        del sealed, row_ids, subjects
        return as_given(whole(result))

    def seal_column_partially(
        self, field: str, values: Any, *, row_ids: Any = None, subjects: Any = None
    ) -> BatchResult[Any]:
        """The values that can be sealed, and why the others cannot."""
        result = attempt(self._seal_values, field, values, row_ids, subjects, True)
        del values, row_ids, subjects
        return result.or_raise()

    def open_column_partially(
        self, field: str, sealed: Any, *, row_ids: Any = None, subjects: Any = None
    ) -> BatchResult[Any]:
        """The values that can be opened, and why the others cannot."""
        result = attempt(self._open_values, field, sealed, row_ids, subjects)
        del sealed, row_ids, subjects
        return result.or_raise()

    # --- search ------------------------------------------------------------------------------

    def index_column(self, field: str, values: Any, *, index: str | None = None) -> Any:
        """The blind index values to store beside a column of values. All, or none: raises `BatchError`."""
        as_given = arrow.sealed_like(values, self.form)
        result = attempt(self._index_column, field, values, index)
        del values
        return as_given(whole(result))

    def index_values(self, field: str, value: Any, *, index: str | None = None) -> list[Any]:
        """What to look for in the index column, one for each usable index key: `… email_index IN (these)`.

        None at all where the tenant has never indexed anything. Raises `NotIndexable` if the value cannot be
        normalised, `SchemaError` for None (look for NULL instead).
        """
        result = attempt(self._index_query, field, value, index)
        del value
        return result.or_raise()

    def matches(self, field: str, wanted: Any, opened: Any, *, index: str | None = None) -> bool:
        """Whether an opened value is what was looked for, and not a collision, or another row's index value."""
        result = attempt(self._matches, field, wanted, opened, index)
        del wanted, opened
        return result.or_raise()

    # --- erasure -----------------------------------------------------------------------------

    def shred_subjects(self, subjects: Sequence[Any]) -> list[bytes]:
        """Delete the keys of these persons, given by the values of the schema's subject field.

        What was sealed for them, by every schema of the same kind of subject, is gone: in every copy and backup of
        the data. Cannot be undone. Index values stay: set them to NULL, or delete the rows. Returns the key ids.
        """
        result = attempt(self._shred_subjects, subjects)
        del subjects
        return result.or_raise()

    # --- the walk ----------------------------------------------------------------------------

    def _seal(self, batch: ColumnBatch, partially: bool = False) -> Cells:
        encoded = {name: column.encode(self.schema.sealed[name], cells) for name, cells in batch.fields.items()}
        normalised = {target: column.normalise(index, cells) for target, (_, index, cells) in batch.indexes.items()}
        batch.gather(encoded.items())
        batch.gather((batch.indexes[target][0].name, one) for target, one in normalised.items())
        if batch.failures and not partially:
            return {}, batch.failures

        uses = sum(len(one.values) for one in encoded.values())
        keys = self._sealing_keys(batch) if batch.subjects is not None else self._sealing_key(uses)
        if batch.failures and not partially:
            return {}, batch.failures
        for one in (*encoded.values(), *normalised.values()):
            one.leave_out(batch.failures)
        for name, one in encoded.items():
            rows = batch.rows if self.schema.sealed[name].row_bound else None
            column.seal(one, self._contexts[name], keys, rows)
            one.values = self.form.envelopes(one.values)
        for target, one in normalised.items():
            field, index, _ = batch.indexes[target]
            if not one.values:
                continue
            key = self.index_keyring.primary(uses=0)
            one.values = self.form.index_values(index.values_under(key, self.schema.name, field.name, one.values))
        return {name: one.spread() for name, one in (encoded | normalised).items()}, batch.failures

    def _open(self, batch: ColumnBatch) -> Cells:
        envelopes = {name: column.envelopes(cells) for name, cells in batch.fields.items()}
        headers = {name: core.headers_of(one.values) for name, one in envelopes.items()}
        keys = self.keyring.keys(key_ids_in(set().union(*headers.values())), uses=batch.size * len(envelopes))
        for name, one in envelopes.items():
            one.leave_out(batch.failures)
            field = self.schema.sealed[name]
            rows = batch.rows if field.row_bound else None
            column.open_(field, one, self._contexts[name], keys, rows, batch.subjects, headers[name])
        batch.gather(envelopes.items())
        return {name: one.spread() for name, one in envelopes.items()}, batch.failures

    def _sealing_key(self, uses: int) -> DataKey | None:
        return self.keyring.primary(uses=uses) if uses else None  # nothing to seal: no key is made or asked for

    def _sealing_keys(self, batch: ColumnBatch) -> list[DataKey | None]:
        good = {name for at, name in enumerate(batch.subjects or ()) if at not in batch.failures}
        keys = self.keyring.subject_keys(good) if batch.fields else {}
        return batch.keys_of_subjects(keys)

    # --- records and columns, to batches and back -----------------------------------------------

    def _seal_records(self, records: Sequence[Record], partially: bool = False) -> BatchResult[dict[str, Any]]:
        batch = of_records(self.schema, records)
        cells, failures = self._seal(batch, partially)
        return BatchResult(self._with_cells(records, cells, failures), failures)

    def _open_records(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        batch = of_records(self.schema, records)
        cells, failures = self._open(batch)
        opened = self._with_cells(records, cells, failures)
        for target in self.schema.index_columns:
            for record in opened:
                if record is not None:
                    record.pop(target, None)
        return BatchResult(opened, failures)

    def _with_cells(
        self, records: Sequence[Record], cells: Mapping[str, list[Any]], failures: Failures
    ) -> list[dict[str, Any] | None]:
        results = [None if at in failures else dict(record) for at, record in enumerate(records)]
        for target, column_cells in cells.items():
            source = self.schema.source_of(target)
            for result, cell in zip(results, column_cells, strict=True):
                if result is not None and source in result:
                    result[target] = cell
        return results

    def _seal_values(
        self, name: str, values: Any, row_ids: Any, subjects: Any, partially: bool = False
    ) -> BatchResult[Any]:
        batch = of_column(self.schema, self.schema.field(name), *arrow.as_lists(values, row_ids, subjects))
        cells, failures = self._seal(batch, partially)
        return BatchResult(cells.get(name) or [None] * batch.size, failures)

    def _open_values(self, name: str, sealed: Any, row_ids: Any, subjects: Any) -> BatchResult[Any]:
        batch = of_column(self.schema, self.schema.field(name), *arrow.as_lists(sealed, row_ids, subjects))
        cells, failures = self._open(batch)
        return BatchResult(cells[name], failures)

    def _index_column(self, name: str, values: Any, index_name: str | None) -> BatchResult[Any]:
        field = self.schema.field(name)
        index = field.find_index(index_name)
        [cells] = arrow.as_lists(values)
        batch = ColumnBatch(len(cells))
        batch.indexes[name] = (field, index, cells)
        columns, failures = self._seal(batch)
        return BatchResult(columns.get(name) or [None] * batch.size, failures)

    def _index_query(self, name: str, value: Any, index_name: str | None) -> list[Any]:
        index = self.schema.field(name).find_index(index_name)
        if value is None:
            raise SchemaError(f"{name}: None has no index value", hint=f"look for {name} IS NULL")
        normalised = [index.normaliser.normalise(value)]
        keys = self.index_keyring.usable_keys()
        values = [index.values_under(key, self.schema.name, name, normalised)[0] for key in keys]
        return list(self.form.index_values(values))

    def _shred_subjects(self, subjects: Sequence[Any]) -> list[bytes]:
        subject = self.schema.subject
        if subject is None:
            raise SchemaError(f"{self.schema.name} has no subject", hint="declare Schema(…, subject=…)")
        return self.keyring.shred_subjects(subject.names_of(subjects, self.schema.plain[subject.field].codec))

    def _matches(self, name: str, wanted: Any, opened: Any, index_name: str | None) -> bool:
        return self.schema.field(name).find_index(index_name).same(wanted, opened)

    def __repr__(self) -> str:
        return f"<RecordCipher {self.schema.name} for {self.keyring.scope}>"
