"""The columns of a file against the fields of its schema, before a single row is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fieldvault.codec import Codec
from fieldvault.errors import SchemaError
from fieldvault.files.reading.rows import ColumnReader
from fieldvault.files.state import State
from fieldvault.schema import Schema


def check_columns(path: Path, found: Sequence[str], schema: Schema, state: State) -> None:
    """Every declared field is there, and every column is declared: nothing passes unseen.

    A sealed file may have index columns; an opened one that has them is refused, because it looks sealed.
    Raises `SchemaError` with the names.
    """
    indexes = schema.columns - schema.fields.keys()
    if state is State.OPENED and indexes & set(found):
        raise SchemaError(
            f"{path.name} has index columns: {', '.join(name for name in found if name in indexes)}",
            hint="is the file sealed already?",
        )
    missing = [name for name in schema.fields if name not in found]
    if missing:
        raise SchemaError(
            f"{path.name} lacks columns that {schema.name} declares: {', '.join(missing)}",
            hint="names are compared exactly; the first row of a CSV file must have them",
        )
    # From here on the first row is a header, and not a row of values: now it may be shown.
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise SchemaError(f"{path.name} has two columns of the same name: {', '.join(twice)}")
    unknown = [name for name in found if name not in schema.columns]
    if unknown:
        raise SchemaError(
            f"{path.name} has columns that {schema.name} does not declare: {', '.join(map(repr, unknown))}",
            hint="declare each one as plain or sealed; nothing passes unseen",
        )


def readers_for(
    found: Sequence[str],
    schema: Schema,
    state: State,
    *,
    value: Callable[[str, Codec[Any]], ColumnReader],
    sealed: Callable[[str], ColumnReader],
) -> list[ColumnReader]:
    """A reader for each column found: `value` where it holds values, `sealed` where envelopes or index values."""
    as_values = schema.fields if state is State.OPENED else schema.plain
    return [value(name, schema.fields[name].codec) if name in as_values else sealed(name) for name in found]
