"""Columns made by hand through the Arrow C data interface, sound or not: what a hostile producer could give."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import Any

_new = ctypes.pythonapi.PyCapsule_New
_new.restype = ctypes.py_object
_new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_ReleaseSchema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_ReleaseArray = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))
_ReleaseStream = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))
_GetSchema = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))
_GetLastError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Stream))
_GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))

_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _ReleaseSchema),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _ReleaseArray),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", _GetSchema),
    ("get_next", _GetNext),
    ("get_last_error", _GetLastError),
    ("release", _ReleaseStream),
    ("private_data", ctypes.c_void_p),
]


_KEPT: list[Any] = []
"""Structs and callbacks of every column made: whoever took one may release it when its maker is long gone."""


class Crafted:
    """A column with just these buffers (None is a null pointer). `live` counts what was given and not released."""

    def __init__(
        self,
        format_: str,
        length: int,
        buffers: Sequence[bytes | bytearray | ctypes.Array[Any] | int | None],
        *,
        offset: int = 0,
        null_count: int = 0,
        n_buffers: int | None = None,
        metadata: bytes | None = None,
    ) -> None:
        self.live = 0
        self._format = format_.encode()
        self._metadata = metadata
        self._numbers = (length, null_count, offset, len(buffers) if n_buffers is None else n_buffers)
        self._addresses = _kept((ctypes.c_void_p * max(1, len(buffers)))(*map(self._address, buffers)))
        self._no_table = not buffers and n_buffers

    def _address(self, buffer: Any) -> int | None:
        if buffer is None or isinstance(buffer, int):
            return buffer
        held = (
            buffer if isinstance(buffer, ctypes.Array) else ctypes.create_string_buffer(bytes(buffer), len(buffer))
        )
        return ctypes.addressof(_kept(held))

    def _released(self, pointer: Any) -> None:
        self.live -= 1
        # A null function pointer is what says "released".
        kind = type(pointer.contents)
        ctypes.memset(ctypes.addressof(pointer.contents) + kind.release.offset, 0, 8)

    def _fill_schema(self, schema: _Schema) -> None:
        schema.format, schema.name, schema.metadata, schema.flags = self._format, b"", self._metadata, 2
        schema.release = _kept(_ReleaseSchema(self._released))
        self.live += 1

    def _fill_array(self, array: _Array) -> None:
        array.length, array.null_count, array.offset, array.n_buffers = self._numbers
        if not self._no_table:
            array.buffers = ctypes.cast(self._addresses, ctypes.POINTER(ctypes.c_void_p))
        array.release = _kept(_ReleaseArray(self._released))
        self.live += 1

    def capsules(self) -> tuple[Any, Any]:
        """A schema's and an array's. They do not release by themselves: their taker does."""
        schema, array = _Schema(), _Array()
        self._fill_schema(schema)
        self._fill_array(array)
        return (
            _new(ctypes.addressof(_kept(schema)), b"arrow_schema", None),
            _new(ctypes.addressof(_kept(array)), b"arrow_array", None),
        )

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        return self.capsules()


class CraftedStream:
    """A stream of crafted columns; `fails_at` says before which it breaks off."""

    def __init__(self, chunks: Sequence[Crafted], *, fails_at: int | None = None) -> None:
        self.chunks = chunks
        self.fails_at = fails_at

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        stream, given = _Stream(), iter(enumerate(self.chunks))

        def get_schema(_: Any, out: Any) -> int:
            self.chunks[0]._fill_schema(out.contents)
            return 0

        def get_next(_: Any, out: Any) -> int:
            at, chunk = next(given, (-1, None))
            if at == self.fails_at:
                return 5
            ctypes.memset(ctypes.addressof(out.contents), 0, ctypes.sizeof(_Array))
            if chunk is not None:
                chunk._fill_array(out.contents)
            return 0

        def release(pointer: Any) -> None:
            ctypes.memset(ctypes.addressof(pointer.contents) + _Stream.release.offset, 0, 8)

        stream.get_schema, stream.get_next = _kept(_GetSchema(get_schema)), _kept(_GetNext(get_next))
        stream.get_last_error, stream.release = _kept(_GetLastError(lambda _: None)), _kept(_ReleaseStream(release))
        return _new(ctypes.addressof(_kept(stream)), b"arrow_array_stream", None)


def _kept(one: Any) -> Any:
    _KEPT.append(one)
    return one


class Fixed:
    """Gives the capsules it was made with, as often as it is asked: used and released ones too."""

    def __init__(self, *capsules: Any) -> None:
        self._capsules = capsules

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._capsules


def capsule_named(name: bytes) -> Any:
    """A capsule of another kind."""
    return _new(ctypes.addressof(_kept(ctypes.create_string_buffer(256))), _kept(name), None)


def offsets(*numbers: int, width: int = 4) -> bytes:
    """An offsets buffer of 32 or 64 bits."""
    return struct.pack(f"={len(numbers)}{'i' if width == 4 else 'q'}", *numbers)


def views(*cells: bytes | tuple[int, int, int]) -> bytes:
    """A views buffer: short values themselves, long ones as (length, buffer, offset)."""
    packed = b""
    for cell in cells:
        if isinstance(cell, bytes):
            packed += struct.pack("=i12s", len(cell), cell)
        else:
            packed += struct.pack("=iiii", cell[0], 0, *cell[1:])
    return packed
