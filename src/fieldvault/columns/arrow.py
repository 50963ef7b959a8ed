"""Arrow columns in and out: pyarrow arrays, or anything with the Arrow PyCapsule interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.codec import Codec
from fieldvault.codec.numbers import FloatCodec, IntCodec
from fieldvault.codec.scalars import BoolCodec, BytesCodec
from fieldvault.codec.temporal import AwareDatetimeCodec, DateCodec, NaiveDatetimeCodec
from fieldvault.columns.form import Form
from fieldvault.errors import MissingExtra, SchemaError
from fieldvault.schema import Schema


def is_arrow(values: object) -> bool:
    """Whether `values` is a column of pyarrow, polars, pandas, … rather than a list."""
    return hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__")


def as_lists(*columns: Any) -> list[Any]:
    """Each column as a list of Python values, null as None; lists, and None for no column, as they are."""
    return [_to_list(column) if is_arrow(column) else column for column in columns]


def sealed_like(given: Any, form: Form) -> Callable[[list[Any]], Any]:
    """How to give back envelopes or index values: as a list or, for an Arrow column, as an Array."""
    return partial(sealed_array, form=form) if is_arrow(given) else list


def opened_like(given: Any, schema: Schema, field: str) -> Callable[[list[Any]], Any]:
    """How to give back opened values: as a list or, for an Arrow column, as an Array."""
    return partial(_opened_or_raise, schema=schema, field=field) if is_arrow(given) else list


def _opened_or_raise(values: list[Any], schema: Schema, field: str) -> Any:
    result = attempt(opened_array, values, schema.field(field).codec)
    del values
    return result.or_raise()


def _to_list(column: Any) -> list[Any]:
    pa = _pyarrow()
    read = pa.array if hasattr(column, "__arrow_c_array__") else pa.chunked_array
    try:
        return read(column).to_pylist()  # type: ignore[no-any-return]
    except (ValueError, OverflowError, pa.ArrowException):
        pass  # raised below, without the value that pyarrow puts into its message
    raise SchemaError(
        "the Arrow column has values that Python cannot hold: nanoseconds, far years, or text that is not UTF-8",
        hint="cast it first, e.g. to microseconds",
    )


def sealed_array(cells: Sequence[Any], form: Form) -> Any:
    """A column of envelopes or index values: binary, or string in text form."""
    pa = _pyarrow()
    return pa.array(cells, pa.string() if isinstance(form.envelopes([b""])[0], str) else pa.binary())


def opened_array(values: Sequence[Any], codec: Codec[Any]) -> Any:
    """A column of opened values in the Arrow type of the codec.

    What has no Arrow type that keeps all of it becomes string: Decimal, time, UUID, Enum, JSON, and a datetime that
    may or may not have an offset. An aware datetime keeps its instant, in UTC. An int beyond 64 bits raises
    `SchemaError`.
    """
    pa = _pyarrow()
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
    pa = _pyarrow()
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


def _pyarrow() -> ModuleType:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra("Arrow columns", extra="arrow") from None
    return pyarrow  # type: ignore[no-any-return]
