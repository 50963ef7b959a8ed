"""Row ids that come as Arrow columns, for the list path."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fieldvault.codec import Codec
from fieldvault.codec.scalars import UuidCodec
from fieldvault.columns.arrow_library import is_arrow, to_list
from fieldvault.errors import SchemaError, ValueRefused
from fieldvault.schema import Schema

UUID_BYTES = 16


def row_ids_as_list(schema: Schema, row_ids: Any) -> Any:
    """Row ids as a list, of tuples where composite; lists, and None for no row ids, as they are.

    An Arrow column of UUIDs is of 16 bytes each, or text. A composite row id is a tuple of Arrow columns, too.
    """
    columns = row_ids if type(row_ids) is tuple and row_ids and all(map(is_arrow, row_ids)) else (row_ids,)
    if not is_arrow(columns[0]) or len(columns) != max(1, len(schema.row_id)):
        return row_ids
    parts = [
        _row_id_values(schema.plain[name].codec, to_list(column))
        for name, column in zip(schema.row_id, columns, strict=False)
    ] or [to_list(column) for column in columns]
    if len(parts) == 1:
        return parts[0]
    if len(set(map(len, parts))) > 1:
        raise SchemaError("the columns of the row id differ in length")
    return list(zip(*parts, strict=True))


def _row_id_values(codec: Codec[Any], values: list[Any]) -> list[Any]:
    if type(codec) is not UuidCodec:
        return values
    return [_uuid(codec, value) for value in values]


def _uuid(codec: UuidCodec, value: Any) -> Any:
    if isinstance(value, bytes) and len(value) == UUID_BYTES:
        return UUID(bytes=value)
    try:
        return codec.from_text(value) if isinstance(value, str) else value
    except ValueRefused:
        return value  # the codec refuses it as what it is, and the failure stands at its position
