"""Arrow columns in and out by way of lists: for all that the native core does not do by itself (`arrow_native`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.codec import Codec
from fieldvault.codec.numbers import FloatCodec, IntCodec
from fieldvault.codec.scalars import BoolCodec, BytesCodec, StrCodec
from fieldvault.codec.temporal import AwareDatetimeCodec, DateCodec, NaiveDatetimeCodec
from fieldvault.columns.arrow_library import is_arrow, pyarrow_or_none, pyarrow_or_raise, to_list
from fieldvault.columns.arrow_row_ids import row_ids_as_list
from fieldvault.columns.form import Form
from fieldvault.core import native
from fieldvault.errors import SchemaError
from fieldvault.schema import Schema


def as_lists(*columns: Any) -> list[Any]:
    """Each column as a list of Python values, null as None; lists, and None for no column, as they are."""
    return [to_list(column) if is_arrow(column) else column for column in columns]


def beside_as_lists(schema: Schema, values: Any, row_ids: Any, subjects: Any) -> list[Any]:
    """Values, row ids and subjects as lists; a row id's column is read as its type."""
    [values, subjects] = as_lists(values, subjects)
    return [values, row_ids_as_list(schema, row_ids), subjects]


def sealed_like(given: Any, form: Form) -> Callable[[Any], Any]:
    """How to give back envelopes or index values: as a list or, for an Arrow column, as an Array."""
    return partial(sealed_array, form=form) if is_arrow(given) else list


def opened_like(given: Any, schema: Schema, field: str) -> Callable[[Any], Any]:
    """How to give back opened values: as a list or, for an Arrow column, as an Array."""
    return partial(_opened_or_raise, schema=schema, field=field) if is_arrow(given) else list


def _opened_or_raise(values: Any, schema: Schema, field: str) -> Any:
    if is_arrow(values):
        return values
    result = attempt(opened_array, values, schema.field(field).codec)
    del values
    return result.or_raise()


def sealed_array(cells: Any, form: Form) -> Any:
    """A column of envelopes or index values: binary, or string in text form. One that is Arrow already stays."""
    if is_arrow(cells):
        return cells
    pa = pyarrow_or_none()
    if pa is None and native.MODULE is not None:
        return native.MODULE.ArrowArray.of(cells, isinstance(form.envelopes([b""])[0], str))
    pa = pyarrow_or_raise()
    return pa.array(cells, pa.string() if isinstance(form.envelopes([b""])[0], str) else pa.binary())


def opened_array(values: Sequence[Any], codec: Codec[Any]) -> Any:
    """A column of opened values in the Arrow type of the codec.

    What has no Arrow type that keeps all of it becomes string: Decimal, time, UUID, Enum, JSON, and a datetime that
    may or may not have an offset. An aware datetime keeps its instant, in UTC. An int beyond 64 bits raises
    `SchemaError`.
    """
    if type(codec.bare) in (StrCodec, BytesCodec) and pyarrow_or_none() is None and native.MODULE is not None:
        return native.MODULE.ArrowArray.of(values, type(codec.bare) is StrCodec)
    pa = pyarrow_or_raise()
    arrow_type = arrow_type_of(codec)
    if pa.types.is_string(arrow_type):
        values = [None if value is None else codec.to_text(value) for value in values]
    try:
        return pa.array(values, arrow_type)
    except (pa.ArrowInvalid, OverflowError):
        pass  # raised below, without the value that pyarrow puts into its message
    raise SchemaError(f"an opened {codec.name} does not fit Arrow's {arrow_type}", hint="open it as a list")


def arrow_type_of(codec: Codec[Any]) -> Any:
    """The Arrow type that opened values of this codec have."""
    pa = pyarrow_or_raise()
    by_codec = {
        BytesCodec: pa.binary(),
        IntCodec: pa.int64(),
        BoolCodec: pa.bool_(),
        FloatCodec: pa.float64(),
        DateCodec: pa.date32(),
        NaiveDatetimeCodec: pa.timestamp("us"),
        AwareDatetimeCodec: pa.timestamp("us", tz="UTC"),
    }
    return by_codec.get(type(codec.bare), pa.string())
