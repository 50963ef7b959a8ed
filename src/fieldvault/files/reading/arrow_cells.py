"""An Arrow column as a field's values: which Arrow types can be which declared type, and how.

Nothing is coerced that would not come back: no int becomes a float, no float a Decimal. Types that Arrow has no
type for, or that are often written as text (Decimal, date, datetime, time, UUID, Enum, JSON), are read from strings
as in a CSV file; an empty string is a value here, because Parquet has nulls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from fieldvault.codec import Codec
from fieldvault.codec.base import attempt
from fieldvault.codec.plaintext import AWARE_DATETIME, JSON, NAIVE_DATETIME
from fieldvault.codec.temporal import DatetimeCodec
from fieldvault.errors import SchemaError, ValueRefused
from fieldvault.files.arrow_library import arrow
from fieldvault.files.reading.rows import ColumnReader, may_be_sealed, refuse_sealed

_PYTHON_CANNOT = (ValueError, ArithmeticError, KeyError, TypeError)
"""What pyarrow raises where a value has no Python form: nanoseconds, the year 10000, an unknown zone, bad UTF-8."""


def arrow_column(path: Path, name: str, arrow_type: Any, codec: Codec[Any]) -> ColumnReader:
    """Values of one field. Raises `SchemaError` where the column cannot be of the declared type."""
    pa = arrow()
    stored = _stored(arrow_type)
    if pa.types.is_null(stored):
        return ColumnReader(name, lambda column: [None] * len(column), lambda _: None)
    if _is_text(stored):
        if codec.python_type is str:
            return ColumnReader(name, _texts, _text)
        if codec.python_type not in (bytes, int, bool, float):
            return _parsed(name, codec)
    elif (unit := _microseconds(stored)) is not None and _fits(stored, codec):
        return ColumnReader(name, lambda column: _values(column, unit), lambda cell: _value(cell, unit))
    elif _fits(stored, codec):
        if codec.python_type is UUID and pa.types.is_fixed_size_binary(stored):
            return ColumnReader(name, _uuids, lambda cell: _uuids([cell])[0])
        return ColumnReader(name, _values, _value)
    hint = None
    if pa.types.is_binary(stored) or pa.types.is_large_binary(stored):
        hint = "binary: is the file sealed already?"
    raise SchemaError(f"{path.name}: column {name} is {arrow_type}, which cannot be a {codec.name}", hint=hint)


def sealed_arrow_column(path: Path, name: str, arrow_type: Any) -> ColumnReader:
    """Envelopes or index values, in either form. Raises `SchemaError` for a column that is neither."""
    stored = _stored(arrow_type)
    if _is_text(stored) or _is_bytes(stored) or arrow().types.is_null(stored):
        return ColumnReader(name, _values, _value)
    raise SchemaError(f"{path.name}: column {name} is {arrow_type}, which holds no sealed values")


def _stored(arrow_type: Any) -> Any:
    types = arrow().types
    if types.is_dictionary(arrow_type):
        return _stored(arrow_type.value_type)
    if isinstance(arrow_type, arrow().BaseExtensionType):
        return _stored(arrow_type.storage_type)
    return arrow_type


def _is_text(stored: Any) -> bool:
    types = arrow().types
    return bool(types.is_string(stored) or types.is_large_string(stored) or types.is_string_view(stored))


def _is_bytes(stored: Any) -> bool:
    types = arrow().types
    kinds = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return any(kind(stored) for kind in kinds)


def _fits(stored: Any, codec: Codec[Any]) -> bool:
    types = arrow().types
    if codec.tag == JSON:
        return any(kind(stored) for kind in (types.is_struct, types.is_list, types.is_large_list))
    if types.is_timestamp(stored) and codec.python_type is datetime:
        found = NAIVE_DATETIME if stored.tz is None else AWARE_DATETIME
        return isinstance(codec.bare, DatetimeCodec) or codec.tag == found
    if types.is_fixed_size_binary(stored) and codec.python_type is UUID:
        return bool(stored.byte_width == 16)
    fitting: dict[type[Any], Callable[[Any], bool]] = {
        bytes: _is_bytes,
        int: types.is_integer,
        bool: types.is_boolean,
        float: types.is_floating,
        Decimal: types.is_decimal,
        date: types.is_date,
        time: types.is_time,
    }
    fits = fitting.get(codec.python_type)
    return fits is not None and bool(fits(stored))


def _microseconds(stored: Any) -> Any:
    """The type that a timestamp or time is cast to first, so that nanoseconds are refused and not cut off."""
    pa = arrow()
    if pa.types.is_timestamp(stored):
        return pa.timestamp("us", tz=stored.tz)
    if pa.types.is_time(stored):
        return pa.time64("us")
    return None


# --- whole columns, and one cell (a pyarrow Scalar) at a time ---------------------------------


def _values(column: Any, cast_to: Any = None) -> Sequence[Any]:
    values: Sequence[Any] | None = attempt(
        lambda: (column if cast_to is None else column.cast(cast_to)).to_pylist(), *_PYTHON_CANNOT
    )
    return [_value(cell, cast_to) for cell in column] if values is None else values


def _value(cell: Any, cast_to: Any = None) -> Any:
    if not cell.is_valid:
        return None
    value = attempt(lambda: (cell if cast_to is None else cell.cast(cast_to)).as_py(), *_PYTHON_CANNOT)
    if value is None:
        raise ValueRefused(
            "a value that Python cannot hold exactly",
            hint="nanoseconds, a year beyond 9999, an unknown time zone, or text that is not UTF-8",
        )
    return value


def _texts(column: Any) -> Sequence[Any]:
    values = _values(column)
    if may_be_sealed(filter(None, values)):
        return [_text(cell) for cell in column]
    return values


def _text(cell: Any) -> Any:
    value = _value(cell)
    if value is not None:
        refuse_sealed(value)
    return value


def _parsed(name: str, codec: Codec[Any]) -> ColumnReader:
    def one(cell: Any) -> Any:
        value = _text(cell)
        return None if value is None else codec.from_text(value)

    def many(column: Any) -> list[Any]:
        return [None if value is None else codec.from_text(value) for value in _texts(column)]

    return ColumnReader(name, many, one)


def _uuids(column: Any) -> list[Any]:
    values = [_value(cell) for cell in column]
    return [UUID(bytes=value) if isinstance(value, bytes) else value for value in values]
