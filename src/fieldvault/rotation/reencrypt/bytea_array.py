"""A `bytea[]` in PostgreSQL's binary format, made by joins. psycopg makes each element by itself, which costs about
as much as sealing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from struct import pack
from typing import Any

from sqlalchemy.engine import Connection

_BYTEA_OID, _BYTEA_ARRAY_OID = 17, 1001
_NULL = (b"\xff\xff\xff\xff", b"")


class _Array:
    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


def array_of(connection: Connection, type_: str, cells: Sequence[Any]) -> Any:
    """What to give psycopg for a column of cells."""
    if type_ != "bytea":
        return list(cells)
    _register(connection.connection.driver_connection)
    header = pack("!iiIii", 1, int(None in cells), _BYTEA_OID, len(cells), 1)
    if None in cells:
        given: Iterable[Any] = chain.from_iterable(
            (pack("!i", len(one)), one) if one else _empty(one) for one in cells
        )
    else:
        lengths = {length: pack("!i", length) for length in set(map(len, cells))}
        given = chain.from_iterable(zip(map(lengths.__getitem__, map(len, cells)), cells, strict=True))
    return _Array(b"".join(chain((header,), given)))


def _empty(cell: bytes | None) -> tuple[bytes, bytes]:
    return _NULL if cell is None else (pack("!i", 0), b"")


def _register(connection: Any) -> None:
    connection.adapters.register_dumper(_Array, _dumper())


@cache
def _dumper() -> type[Any]:
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = _BYTEA_ARRAY_OID

        def dump(self, obj: _Array) -> bytes:
            return obj.data

    return ArrayDumper
