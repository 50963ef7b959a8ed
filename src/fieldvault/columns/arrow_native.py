"""Arrow columns through the native core: no Python object is made for a value.

Rules of this file:

1. Every function gives None for what the native core does not do: another type, a key for each person, a value that
   is refused. The caller then goes the list path, which does it, or says which values failed and why. So there is
   one place that words failures, and both ways give the same.
2. The column is looked at as a whole before any key is asked for: no lease is spent on a column that is refused.
3. A column that breaks Arrow's rules never reaches the list path: it raises `SchemaError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldvault.columns.arrow_library import as_library_array, damaged, take, unreadable
from fieldvault.columns.arrow_types import normaliser_of, padding_of, tag_of
from fieldvault.columns.column import each
from fieldvault.columns.form import BinaryForm, Form, TextForm
from fieldvault.core import native
from fieldvault.core.context import FieldContext
from fieldvault.errors import OpenError
from fieldvault.keyring import DataKey
from fieldvault.normalise.email import EmailNormaliser
from fieldvault.schema import DeclaredIndex, Schema, SealedField
from fieldvault.tokens import ExactIndex

_FORMS = (BinaryForm, TextForm)


class SealingJob:
    """A column of `size` cells that can be sealed natively, looked at: `uses` envelopes."""

    __slots__ = ("_field", "_job", "_size", "_text", "uses")

    def __init__(self, field: SealedField, job: Any, size: int, text: bool) -> None:
        self._field = field
        self._job = job
        self._size = size
        self._text = text
        self.uses: int = job.uses

    def seal(self, key: DataKey | None, context: FieldContext) -> Any:
        """The column of envelopes. The key is None where there is nothing to seal."""
        if key is None:
            return _nulls(self._size, self._text)
        header = key.aead.header
        prefix = context.prefix(header, row_bound=self._field.row_bound)
        return as_library_array(_working(self._job.seal, key.aead.cipher, header, prefix))


def sealing(schema: Schema, field: SealedField, values: Any, row_ids: Any, form: Form) -> SealingJob | None:
    """The job of sealing a column, with nothing wrong in it."""
    tag, padding = tag_of(field.codec), padding_of(field.codec)
    if tag is None or padding is None or type(form) not in _FORMS or schema.subject is not None:
        return None
    column = take(values)
    if column is None or column.tag not in (tag, None):
        return None
    rows = _rows(schema, field, row_ids, len(column))
    if rows is None:
        return None
    null = field.codec.null_plaintext if field.seal_null else None
    extension: Any = native.MODULE
    text = type(form) is TextForm
    job = _looking(extension.ArrowSealing, column, tag, padding, null, rows or None, text)
    return None if job is None else SealingJob(field, job, len(column), text)


class OpeningJob:
    """A column of `size` envelopes that can be opened natively: `headers` are the distinct ones."""

    __slots__ = ("_field", "_job", "headers", "size")

    def __init__(self, field: SealedField, job: Any, size: int) -> None:
        self._field = field
        self._job = job
        self.size = size
        self.headers: set[bytes] = set(job.headers)

    def open(self, keys: Mapping[bytes, DataKey | OpenError], context: FieldContext) -> Any:
        """The column of values; None if any envelope does not open."""
        named = [
            (key.aead.header, key.aead.cipher, context.prefix(key.aead.header, row_bound=self._field.row_bound))
            for key in keys.values()
            if isinstance(key, DataKey)
        ]
        if len(named) < len(self.headers):
            return None
        opened = _looking(self._job.open, named, tag_of(self._field.codec), self._field.seal_null)
        return None if opened is None else as_library_array(opened)


def opening(schema: Schema, field: SealedField, sealed: Any, row_ids: Any) -> OpeningJob | None:
    """The job of opening a column, all of whose cells look like envelopes."""
    if tag_of(field.codec) is None or schema.subject is not None:
        return None
    column = take(sealed)
    if column is None:
        return None
    rows = _rows(schema, field, row_ids, len(column))
    if rows is None:
        return None
    extension: Any = native.MODULE
    job = _looking(extension.ArrowOpening, column, rows or None)
    return None if job is None else OpeningJob(field, job, len(column))


class IndexingJob:
    """A column that can be indexed natively. `is_empty` if nothing in it has an index value."""

    __slots__ = ("_given", "_job", "_size", "_text", "is_empty")

    def __init__(self, job: Any, given: Sequence[bytes], size: int, text: bool) -> None:
        self._job = job
        self._given = given
        self._size = size
        self._text = text
        self.is_empty: bool = job.is_empty

    def index(self, key: DataKey | None, declared: DeclaredIndex) -> Any:
        """The column of index values under one data key; of nulls without one."""
        if key is None:
            return _nulls(self._size, self._text)
        index_key = key.index_key(declared.slots[0].place)
        if index_key.native is None:
            extension: Any = native.MODULE
            index_key.native = extension.IndexMac(
                index_key.key, index_key.version, index_key.value_bytes, index_key.last_byte_mask
            )
        return as_library_array(_working(self._job.index, index_key.native, self._given, self._text))


def indexing(schema: Schema, declared: DeclaredIndex, values: Any, form: Form) -> IndexingJob | None:
    """The job of indexing a column. What is not plain ASCII is normalised here, in Python."""
    field = schema.sealed.get(declared.owner)
    name = None if field is None else normaliser_of(declared, field.codec)
    if field is None or name is None or type(form) not in _FORMS:
        return None
    column = take(values)
    if column is None or column.tag not in (field.codec.tag, None):
        return None
    index = declared.index
    if isinstance(index, ExactIndex) and type(index.normaliser) is EmailNormaliser:
        index.normalise_many([])  # a missing package shows here too, not only at the first odd address
    extension: Any = native.MODULE
    job = _looking(extension.ArrowIndexing.scan, column, name, field.codec.tag)
    if job is None:
        return None
    odd = column.pick(job.odd)
    given, failures = each(odd, index.normalise_many, lambda value: index.normalise_many([value])[0])
    if failures:
        return None
    return IndexingJob(job, [bytes(one) for one in given if one is not None], len(column), type(form) is TextForm)


def _rows(schema: Schema, field: SealedField, row_ids: Any, size: int) -> list[tuple[int, Any]] | None:
    """The columns of the row ids, with their tags; empty for a field that is not row-bound."""
    if not field.row_bound:
        return None if row_ids is not None else []
    columns = row_ids if type(row_ids) is tuple else (row_ids,)
    if len(columns) != len(schema.row_id):
        return None
    rows: list[tuple[int, Any]] = []
    for name, one in zip(schema.row_id, columns, strict=True):
        tag = schema.plain[name].codec.tag
        column = take(one)
        if column is None or len(column) != size or not column.identifies(tag):
            return None
        rows.append((tag, column))
    return rows


def _nulls(size: int, text: bool) -> Any:
    extension: Any = native.MODULE
    return as_library_array(extension.ArrowArray.of([None] * size, text))


def _looking(work: Any, *given: Any) -> Any:
    """What `work` gives; None where a value is refused."""
    extension: Any = native.MODULE
    try:
        return work(*given)
    except extension.ArrowRefused:
        return None
    except extension.ArrowNotText:
        why = None
    except extension.ArrowDamaged as error:
        why = str(error)
    del given
    raise unreadable() if why is None else damaged(why)


def _working(work: Any, *given: Any) -> Any:
    """What `work` gives, where nothing is refused any more unless the column changed meanwhile."""
    result = _looking(work, *given)
    del given
    if result is None:
        raise damaged("it changed while it was read")
    return result
