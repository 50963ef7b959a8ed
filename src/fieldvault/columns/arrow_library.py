"""Arrow columns as objects of other libraries: taken, checked, turned into lists, handed back.

The interface does not tell how long a buffer is. pyarrow knows it of its own columns, so these are validated by
pyarrow before anything reads them.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.core import native
from fieldvault.errors import MissingExtra, SchemaError


def is_arrow(values: object) -> bool:
    """Whether `values` is a column of pyarrow, polars, pandas, … rather than a list."""
    return hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__") or is_taken(values)


def is_taken(column: object) -> bool:
    """Whether the native core has the column in its hands already."""
    return native.MODULE is not None and isinstance(column, native.MODULE.ArrowColumn)


def take(column: Any) -> Any:
    """A column of any library, in the native core's hands. None without such a core, and for another type.

    Raises `SchemaError` for one that breaks Arrow's rules.
    """
    if native.MODULE is None or not is_arrow(column) or is_taken(column):
        return column if is_taken(column) else None
    _validate(column)
    try:
        return native.MODULE.ArrowColumn.take(column)
    except native.MODULE.ArrowDamaged as error:
        why = str(error)
    raise damaged(why)


def pyarrow_or_raise() -> ModuleType:
    """Raises `MissingExtra` where pyarrow is not installed."""
    pa = pyarrow_or_none()
    if pa is None:
        raise MissingExtra("Arrow columns", extra="arrow")
    return pa


def pyarrow_or_none() -> ModuleType | None:
    """None where pyarrow is not installed."""
    try:
        import pyarrow
    except ImportError:
        return None
    return pyarrow  # type: ignore[no-any-return]


def as_library_array(column: Any) -> Any:
    """A column of the native core's as a `pyarrow.Array`; where pyarrow is not installed, as it is."""
    pa = pyarrow_or_none()
    return column if pa is None else pa.array(column)


def settled(*columns: Any) -> list[Any]:
    """The columns, such that they can be read more than once: somebody else's may give itself but once.

    A tuple of columns stays one; what is no Arrow column stays what it is. Raises `SchemaError`.
    """
    return [tuple(map(_settled, one)) if type(one) is tuple else _settled(one) for one in columns]


def _settled(column: Any) -> Any:
    if not is_arrow(column) or is_taken(column):
        return column
    pa = pyarrow_or_none()
    if pa is not None and isinstance(column, pa.Array | pa.ChunkedArray):
        return column
    taken = take(column)
    if taken is not None or pa is None:
        return column if taken is None else taken
    try:
        if hasattr(column, "__arrow_c_array__"):
            return pa.array(column)
        return pa.chunked_array(column)
    except (ValueError, TypeError, pa.ArrowException):
        pass  # raised below, without what pyarrow puts into its message
    raise damaged("its stream cannot be read")


def _validate(column: Any) -> None:
    """Check what pyarrow knows of its own columns: how long their buffers are. Raises `SchemaError`."""
    pa = pyarrow_or_none()
    if pa is None or not isinstance(column, pa.Array | pa.ChunkedArray):
        return
    try:
        column.validate()
        return
    except (ValueError, pa.ArrowException):
        pass  # raised below, without what pyarrow puts into its message
    raise damaged("its offsets or buffers contradict its length")


def damaged(why: str) -> SchemaError:
    """The error for a column that breaks Arrow's rules."""
    return SchemaError(f"the Arrow column is damaged: {why}", hint="whoever made it has a defect")


def unreadable() -> SchemaError:
    """The error for a column that is well made, with values that Python cannot hold."""
    return SchemaError(
        "the Arrow column has values that Python cannot hold: nanoseconds, far years, or text that is not UTF-8",
        hint="cast it first, e.g. to microseconds",
    )


def to_list(column: Any) -> list[Any]:
    """A column as a list of Python values, null as None. Raises `SchemaError`, without a value in it."""
    pa = pyarrow_or_none()
    if is_taken(column) or (pa is None and native.MODULE is not None):
        taken = attempt(_natively_to_list, column)
        del column
        return taken.or_raise()
    pa = pyarrow_or_raise()
    read = pa.array if hasattr(column, "__arrow_c_array__") else pa.chunked_array
    try:
        # Its own are not read anew: pyarrow refuses an empty slice of views that it has itself exported.
        array = column if isinstance(column, pa.Array | pa.ChunkedArray) else read(column)
        array.validate(full=True)
        return array.to_pylist()  # type: ignore[no-any-return]
    except (ValueError, OverflowError, pa.ArrowException):
        pass  # raised below, without the value that pyarrow puts into its message
    raise unreadable()


def _natively_to_list(column: Any) -> list[Any]:
    extension: Any = native.MODULE
    taken = take(column)
    if taken is None:
        raise MissingExtra("Arrow columns of this type", extra="arrow")
    try:
        return taken.to_pylist()  # type: ignore[no-any-return]
    except extension.ArrowNotText:
        error = unreadable()
    except extension.ArrowDamaged as broken:
        error = damaged(str(broken))
    raise error
