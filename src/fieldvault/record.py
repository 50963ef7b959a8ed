"""RecordCipher: the whole walk on one page.

Sealing a batch of records:

    schema      which fields are sealed, and what names the row and the subject
    codec       each value to a typed plaintext; the type comes back
    keyring     one key for the batch, or one for each subject, with a lease for as many encryptions
    core        AES-256-GCM, each value bound to its tenant, schema, field and row
    tokens      the blind index values, under the tenant's index keys

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

from fieldvault.attempts import Outcome, attempt
from fieldvault.columns import arrow, arrow_native, column, indexing
from fieldvault.columns.arrow_library import settled
from fieldvault.columns.batch import ColumnBatch, of_column, of_records, snapshot, with_cells
from fieldvault.columns.column import Failures
from fieldvault.columns.form import BinaryForm, Form
from fieldvault.columns.index_walk import IndexWalk
from fieldvault.columns.result import BatchResult, one_of, whole
from fieldvault.columns.single import SingleValues
from fieldvault.core import batch as core
from fieldvault.core.context import FieldContext, Scope
from fieldvault.core.envelope import key_ids_in
from fieldvault.errors import FieldvaultError, SchemaError, ScopeError
from fieldvault.keyring import FIELDS_PURPOSE, INDEX_PURPOSE, DataKey, Keyrings
from fieldvault.schema import Schema, Tenancy
from fieldvault.tokens import Search

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
        self._indexes = IndexWalk(schema, self.index_keyring, self.form)
        self._contexts = {name: FieldContext(tenant, schema.name, name) for name in schema.sealed}
        self._single = SingleValues(schema, self.form, self._contexts, self.keyring)

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
        result = attempt(self._open_values, field, sealed, row_ids, subjects, True)
        del sealed, row_ids, subjects
        return result.or_raise()

    # --- one value ---------------------------------------------------------------------------

    def seal_value(self, field: str, value: Any, *, row_id: Any = None, subject: Any = None) -> Any:
        """The envelope of one value of a field; None stays None unless the field seals its nulls.

        `row_id` and `subject` as in `seal_column`. Raises the value's `FieldvaultError`.
        """
        try:  # what `attempt` does, without its cost, which a single value feels
            return self._single.seal(field, value, row_id, subject, self._seal_values)
        except FieldvaultError as error:
            failure = error.detached()
        del value, row_id, subject
        raise failure

    def open_value(self, field: str, sealed: Any, *, row_id: Any = None, subject: Any = None) -> Any:
        """The value of one envelope of a field. Raises its `FieldvaultError`."""
        result = attempt(self._single.alone, self._open_values, field, sealed, row_id, subject)
        del sealed, row_id, subject
        return result.or_raise()

    # --- search ------------------------------------------------------------------------------

    def index_column(self, field: str, values: Any, *, index: str | None = None) -> Any:
        """The blind index values to store beside a column of values. All, or none: raises `BatchError`.

        Raises `SchemaError` for an index that is written to several columns, as a unique one is: `index_columns`.
        """
        as_given = arrow.sealed_like(values, self._indexes.form_of(field, index))
        result = attempt(self._index_column, field, values, index)
        del values
        return as_given(whole(result))

    def index_columns(self, field: str, values: Any, *, index: str | None = None) -> dict[str, Any]:
        """All columns of an index, by name, to store beside a column of values. Else as `index_column`."""
        as_given = arrow.sealed_like(values, self._indexes.form_of(field, index))
        result = attempt(self._index_columns, field, values, index)
        del values
        return {name: as_given(whole(one)) for name, one in result.or_raise().items()}

    def index_digests(
        self, field: str, digests: Sequence[str | bytes | None], *, index: str | None = None
    ) -> BatchResult[dict[str, Any]]:
        """The columns of a field's `Md5Index`, from what a legacy column `md5(value)` holds: hex or 16 bytes.

        They are what sealing the values would write. The failures say which cells are no MD5. Raises `SchemaError`
        where the field has no such index.
        """
        result = attempt(self._indexes.of_digests, field, digests, index)
        del digests
        return result.or_raise()

    def index_again(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        """The index columns of sealed records as they would be written now: to index what was sealed without, or
        under a former key. The failures say which records do not open."""
        result = attempt(self._index_again, records)
        del records
        return result.or_raise()

    def index_values(self, field: str, value: Any, *, index: str | None = None) -> list[Any]:
        """What to look for in the index column: `… email_index IN (these)`. One value, or while the index keys are
        rotated one for each. Warm, neither the KEK nor the key store is asked.

        None at all where the tenant has never indexed anything. Raises `NotIndexable` if the value cannot be
        normalised, `SchemaError` for None (look for NULL instead) or an index whose column holds token sets.
        """
        result = attempt(self._indexes.values, field, value, index)
        del value
        return result.or_raise()

    def search(self, field: str, value: Any, *, index: str | None = None) -> Search:
        """Which column to look in, and for what: for every kind of index. `field` may be a compound index's name,
        `value` then a mapping of its fields.

        What is found is to be opened and passed through `confirm`. Raises as `index_values`.
        """
        result = attempt(self._indexes.search, field, value, index)
        del value
        return result.or_raise()

    def confirm(
        self, field: str, wanted: Any, records: Sequence[Record], *, index: str | None = None
    ) -> list[dict[str, Any]]:
        """Those of opened records that are what was looked for: no collisions, no other row's index value."""
        result = attempt(self._indexes.confirmed, field, wanted, records, index)
        del wanted, records
        return result.or_raise()

    def matches(self, field: str, wanted: Any, opened: Any, *, index: str | None = None) -> bool:
        """Whether an opened value is what was looked for, and not a collision, or another row's index value."""
        result = attempt(self._indexes.matches, field, wanted, opened, index)
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
        indexed = [(declared, indexing.normalise(declared.index, cells)) for declared, cells in batch.indexes]
        batch.gather(encoded.items())
        batch.gather((declared.owner, one) for declared, one in indexed)
        if batch.failures and not partially:
            return {}, batch.failures

        uses = sum(len(one.values) for one in encoded.values())
        keys = self._sealing_keys(batch) if batch.subjects is not None else self._sealing_key(uses)
        if batch.failures and not partially:
            return {}, batch.failures
        for one in (*encoded.values(), *(one for _, one in indexed)):
            one.leave_out(batch.failures)
        for name, one in encoded.items():
            rows = batch.rows if self.schema.sealed[name].row_bound else None
            column.seal(one, self._contexts[name], keys, rows)
            one.values = self.form.envelopes(one.values)
        cells = {name: one.spread() for name, one in encoded.items()}
        return cells | self._indexes.written(indexed), batch.failures

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
        records = snapshot(records)
        batch = of_records(self.schema, records)
        cells, failures = self._seal(batch, partially)
        return BatchResult(with_cells(self.schema, records, cells, failures), failures)

    def _open_records(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        records = snapshot(records)
        batch = of_records(self.schema, records)
        cells, failures = self._open(batch)
        return BatchResult(with_cells(self.schema, records, cells, failures, self.schema.index_columns), failures)

    def _seal_values(
        self, name: str, values: Any, row_ids: Any, subjects: Any, partially: bool = False
    ) -> BatchResult[Any]:
        field = self.schema.field(name)
        values, row_ids, subjects = settled(values, row_ids, subjects)
        if not partially and subjects is None:
            job = arrow_native.sealing(self.schema, field, values, row_ids, self.form)
            if job is not None:
                return BatchResult(job.seal(self._sealing_key(job.uses), self._contexts[name]), {})
        batch = of_column(self.schema, field, *arrow.beside_as_lists(self.schema, values, row_ids, subjects))
        cells, failures = self._seal(batch, partially)
        return BatchResult(cells.get(name) or [None] * batch.size, failures)

    def _open_values(
        self, name: str, sealed: Any, row_ids: Any, subjects: Any, partially: bool = False
    ) -> BatchResult[Any]:
        field = self.schema.field(name)
        sealed, row_ids, subjects = settled(sealed, row_ids, subjects)
        if not partially and subjects is None:
            job = arrow_native.opening(self.schema, field, sealed, row_ids)
            if job is not None:
                keys = self.keyring.keys(key_ids_in(job.headers), uses=job.size)
                opened = job.open(keys, self._contexts[name])
                if opened is not None:
                    return BatchResult(opened, {})
        batch = of_column(self.schema, field, *arrow.beside_as_lists(self.schema, sealed, row_ids, subjects))
        cells, failures = self._open(batch)
        return BatchResult(cells[name], failures)

    def _index_column(self, name: str, values: Any, index_name: str | None) -> BatchResult[Any]:
        declared = self.schema.find_index(name, index_name)
        if len(declared.columns) > 1:
            raise indexing.several_columns(declared)
        [column] = declared.columns
        [values] = settled(values)
        job = arrow_native.indexing(self.schema, declared, values, self.form)
        if job is not None:
            key = None if job.is_empty else self.index_keyring.index_keys_to_write().main
            return BatchResult(job.index(key, declared), {})
        return self._index_columns(name, values, index_name)[column].or_raise()

    def _index_columns(
        self, name: str, values: Any, index_name: str | None
    ) -> dict[str, Outcome[BatchResult[Any]]]:
        declared = self.schema.find_index(name, index_name)
        cells = snapshot(*arrow.as_lists(values))
        batch = ColumnBatch(len(cells))
        batch.indexes.append((declared, cells))
        columns, failures = self._seal(batch)
        nothing = [None] * batch.size
        return {one: Outcome(BatchResult(columns.get(one) or nothing, failures), None) for one in declared.columns}

    def _index_again(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        opened = self._open_records(records)
        batch = of_records(self.schema, [one or {} for one in opened.values])
        indexed = [(declared, indexing.normalise(declared.index, cells)) for declared, cells in batch.indexes]
        batch.gather((declared.owner, one) for declared, one in indexed)
        return self._indexes.rows_written(indexed, batch.size, {**batch.failures, **opened.failures})

    def _shred_subjects(self, subjects: Sequence[Any]) -> list[bytes]:
        subject = self.schema.subject
        if subject is None:
            raise SchemaError(f"{self.schema.name} has no subject", hint="declare Schema(…, subject=…)")
        return self.keyring.shred_subjects(subject.names_of(subjects, self.schema.plain[subject.field].codec))

    def __repr__(self) -> str:
        return f"<RecordCipher {self.schema.name} for {self.keyring.scope}>"
