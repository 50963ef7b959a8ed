"""Columns that break Arrow's rules are typed errors on the native core, and never more (`native/src/arrow`)."""

from __future__ import annotations

import ctypes
import mmap
import struct
import threading
from typing import Any

import pyarrow as pa
import pytest
from plugins.arrow_kit import needs_native, of_type
from plugins.arrow_structs import Crafted, CraftedStream, Fixed, capsule_named, offsets, views
from plugins.customers import CUSTOMERS, cipher

from fieldvault import RecordCipher
from fieldvault.core import native
from fieldvault.errors import FieldvaultError, SchemaError

pytestmark = needs_native

BITS = b"\xff" * 8


def text(numbers: bytes, data: bytes | None = b"annbob", length: int = 2, **more: Any) -> Crafted:
    return Crafted("u", length, [None, numbers, data], **more)


def test_a_crafted_column_that_is_sound() -> None:
    column = text(offsets(0, 3, 6))
    records = of_type(str)
    sealed = records.seal_column("v", column)
    assert records.open_column("v", sealed).to_pylist() == ["ann", "bob"]
    assert column.live == 0


DAMAGED = {
    "back": text(offsets(0, 5, 3)),
    "forth and back": text(offsets(0, 9, 6)),
    "negative": text(offsets(-1, 3, 6)),
    "negative at the end": text(offsets(0, 3, -6)),
    "large, back": Crafted("U", 2, [None, offsets(0, 5, 3, width=8), b"annbob"]),
    "large, beyond": Crafted("U", 2, [None, offsets(0, 2**40, 6, width=8), b"annbob"]),
    "no data": text(offsets(0, 3, 6), None),
    "no offsets": Crafted("u", 2, [None, None, b"annbob"]),
    "two buffers only": Crafted("u", 2, [None, offsets(0, 3, 6)]),
    "no buffers": Crafted("u", 2, []),
    "no table of buffers": Crafted("u", 2, [], n_buffers=3),
    "negative length": text(offsets(0, 3, 6), length=-1),
    "negative offset": text(offsets(0, 3, 6), offset=-1),
    "offset and length overflow": text(offsets(0, 3, 6), length=2**62, offset=2**62),
    "absurd length": Crafted("z", 2**62, [None, offsets(0), b""]),
    "absurd width": Crafted("w:4000000000", 2**40, [None, b""]),
    "nulls, but none marked": text(offsets(0, 3, 6), null_count=1),
    "more nulls than values": Crafted("u", 2, [BITS, offsets(0, 3, 6), b"annbob"], null_count=3),
    "null count below -1": text(offsets(0, 3, 6), null_count=-2),
    "negative buffer count": text(offsets(0, 3, 6), n_buffers=-1),
    "view of a buffer that is not there": Crafted(
        "vu", 1, [None, views((20, 1, 0)), b"x" * 30, struct.pack("q", 30)]
    ),
    "view beyond its buffer": Crafted("vu", 1, [None, views((20, 0, 11)), b"x" * 30, struct.pack("q", 30)]),
    "view with a negative length": Crafted("vu", 1, [None, struct.pack("=i12x", -1), struct.pack("q", 0)]),
    "view with a negative place": Crafted("vu", 1, [None, views((20, 0, -1)), b"x" * 30, struct.pack("q", 30)]),
    "view of a negative buffer": Crafted("vu", 1, [None, views((20, -1, 0)), b"x" * 30, struct.pack("q", 30)]),
    "buffers of negative size": Crafted("vu", 1, [None, views(b"a"), b"x", struct.pack("q", -1)]),
    "view without sizes": Crafted("vu", 1, [None, views(b"a")]),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_column(case: str) -> None:
    column = DAMAGED[case]
    for records in (of_type(str), of_type(bytes)):
        with pytest.raises(FieldvaultError) as raised:
            records.seal_column("v", column)
        assert "bob" not in str(raised.value)
    with pytest.raises(FieldvaultError):
        of_type(str).open_column("v", column)
    assert column.live == 0


def test_a_damaged_index_column_and_damaged_row_ids() -> None:
    records = cipher(CUSTOMERS)
    with pytest.raises(SchemaError):
        records.index_column("email", text(offsets(0, 5, 3)))
    with pytest.raises(SchemaError):
        records.seal_column("iban", pa.array(["a", "b"]), row_ids=Crafted("l", 2, [None, None]))


@pytest.mark.parametrize("kind", ["u", "U", "vu"])
def test_text_that_is_not_utf8(kind: str) -> None:
    numbers = offsets(0, 1, 3, width=8 if kind == "U" else 4)
    column = (
        Crafted("vu", 2, [None, views(b"a", b"\xffa"), struct.pack("")])
        if kind == "vu"
        else Crafted(kind, 2, [None, numbers, b"a\xc3("])
    )
    with pytest.raises(SchemaError, match="UTF-8"):
        of_type(str).seal_column("v", column)


def test_a_character_cut_in_two_by_an_offset() -> None:
    with pytest.raises(SchemaError, match="UTF-8"):
        of_type(str).seal_column("v", Crafted("u", 2, [None, offsets(0, 1, 2), "é".encode()]))


def test_what_lies_under_nulls_is_not_read() -> None:
    records = of_type(str)
    below = Crafted("u", 2, [b"\x01", offsets(0, 3, 5), b"ann\xff\xff"], null_count=1)
    assert records.open_column("v", records.seal_column("v", below)).to_pylist() == ["ann", None]
    view = Crafted("vu", 2, [b"\x01", views(b"ann", (99, 99, 99)), struct.pack("")], null_count=-1)
    assert records.open_column("v", records.seal_column("v", view)).to_pylist() == ["ann", None]


def test_zero_length() -> None:
    for column in (
        Crafted("u", 0, [None, None, None]),
        Crafted("u", 0, [None, offsets(123), b""]),
        Crafted("u", 0, [None, offsets(0, 3, 6), b"annbob"], offset=2),
        CraftedStream([Crafted("u", 0, [None, None, None])]),
    ):
        assert len(of_type(str).seal_column("v", column)) == 0


def test_foreign_types() -> None:
    for column in (
        Crafted("+l", 0, []),
        Crafted("tts", 1, [None, b"\0" * 4]),
        Crafted("", 0, []),
        Crafted("?", 1, []),
    ):
        with pytest.raises(FieldvaultError):
            of_type(str).seal_column("v", column)


def test_an_extension_type_is_not_its_storage() -> None:
    key, value = b"ARROW:extension:name", b"arrow.uuid"
    metadata = struct.pack("=ii", 1, len(key)) + key + struct.pack("=i", len(value)) + value
    column = Crafted("z", 1, [None, offsets(0, 3), b"abc"], metadata=metadata)
    assert native.MODULE.ArrowColumn.take(column) is None
    metadata = struct.pack("=ii", 1, 3) + b"key" + struct.pack("=i", 2) + b"ok"
    assert (
        len(native.MODULE.ArrowColumn.take(Crafted("z", 1, [None, offsets(0, 3), b"abc"], metadata=metadata))) == 1
    )


# --- capsules and streams ----------------------------------------------------------------------------------


def taken(column: Any) -> Any:
    return native.MODULE.ArrowColumn.take(column)


def test_a_capsule_is_used_once() -> None:
    once = Fixed(*text(offsets(0, 3, 6)).capsules())
    assert len(taken(once)) == 2
    with pytest.raises(native.MODULE.ArrowDamaged, match="used before"):
        taken(once)
    with pytest.raises(FieldvaultError):
        of_type(str).seal_column("v", once)


def test_a_column_of_ours_survives_its_maker() -> None:
    ours = native.MODULE.ArrowArray.of(["ann", None], True)
    capsules = ours.__arrow_c_array__()
    array = pa.array(Fixed(*capsules))
    del ours, capsules
    assert array.to_pylist() == ["ann", None]
    assert taken(native.MODULE.ArrowArray.of([b"x"], False)).to_pylist() == [b"x"]


def test_capsules_of_another_kind() -> None:
    schema, array = text(offsets(0, 3, 6)).capsules()
    for given in (
        Fixed(array, schema),
        Fixed(schema, capsule_named(b"arrow_device_array")),
        Fixed(capsule_named(b"dltensor"), array),
        Fixed(schema),
        Fixed(schema, array, schema),
        Fixed(1, 2),
    ):
        with pytest.raises(FieldvaultError):
            of_type(str).seal_column("v", given)


def test_a_producer_that_raises() -> None:
    class Raises:
        def __arrow_c_array__(self, requested_schema: object = None) -> Any:
            raise RuntimeError("of its own")

    with pytest.raises(RuntimeError, match="of its own"):
        of_type(str).seal_column("v", Raises())


def test_streams() -> None:
    sound = CraftedStream([text(offsets(0, 3, 6)), text(offsets(6), b"", 0), text(offsets(0, 1, 2), b"xy")])
    assert taken(sound).to_pylist() == ["ann", "bob", "x", "y"]
    records = of_type(str)
    assert records.open_column("v", records.seal_column("v", sound)).to_pylist() == ["ann", "bob", "x", "y"]
    for broken in (
        CraftedStream([text(offsets(0, 3, 6))], fails_at=0),
        CraftedStream([text(offsets(0, 3, 6)), text(offsets(0, 3, 6))], fails_at=1),
        CraftedStream([text(offsets(0, 3, 6)), text(offsets(0, 5, 3))]),
    ):
        with pytest.raises(native.MODULE.ArrowDamaged):
            native.MODULE.ArrowSealing(taken(broken), 2, ("none", 0), None, None, False)
        with pytest.raises(FieldvaultError):
            records.seal_column("v", broken)


# --- pyarrow's own columns: it knows how long its buffers are ----------------------------------------------


@pytest.mark.parametrize("cut", [0, 1, 2])
@pytest.mark.parametrize(
    ("declared", "array"),
    [
        (str, pa.array(["value", None] * 500)),
        (int, pa.array([7, None] * 500)),
        (bool, pa.array([True, None] * 500)),
    ],
    ids=["text", "numbers", "booleans"],
)
def test_truncated_buffers_of_pyarrows(declared: Any, array: Any, cut: int) -> None:
    buffers: list[Any] = []
    for one in array.buffers():
        buffers.append(pa.allocate_buffer(one.size, resizable=True))
        ctypes.memmove(buffers[-1].address, one.address, one.size)
    if cut >= len(buffers):
        return
    short = pa.Array.from_buffers(array.type, len(array), buffers)
    assert short.equals(array)
    buffers[cut].resize(8, shrink_to_fit=False)
    for given in (short, pa.chunked_array([short])):
        with pytest.raises(SchemaError):
            of_type(declared).seal_column("v", given)


# --- 2^31 bytes --------------------------------------------------------------------------------------------


def test_more_than_two_gigabytes_become_a_large_column() -> None:
    # 33 values that are all the same 64 MiB of a file that has no blocks: only the offsets are real.
    size = 64 << 20
    with mmap.mmap(-1, size) as memory:
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        cells = views(*[(size, 0, 0)] * 33)
        column = taken(Crafted("vz", 33, [None, cells, start, struct.pack("q", size)]))
        job = native.MODULE.ArrowSealing(column, 1, ("none", 0), None, None, False)
        assert job.uses == 33
        assert job.bytes == 33 * (size + 46) > 2**31
        assert job.format == "Z"
        assert native.MODULE.ArrowSealing(column, 1, ("none", 0), None, None, True).format == "U"
        del column, job


def test_a_value_of_more_than_two_gigabytes_is_refused() -> None:
    size = 2**31
    with mmap.mmap(-1, 1 << 12) as memory:
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        # Never read: its length alone is too much for an envelope.
        column = taken(Crafted("Z", 1, [None, offsets(0, size, width=8), start]))
        with pytest.raises(native.MODULE.ArrowRefused):
            native.MODULE.ArrowSealing(column, 1, ("none", 0), None, None, False)
        sealed = taken(Crafted("Z", 1, [None, offsets(0, size, width=8), b"\x01" + b"k" * 4095]))
        with pytest.raises(native.MODULE.ArrowRefused):
            native.MODULE.ArrowOpening(sealed, None)


# --- memory that changes meanwhile -------------------------------------------------------------------------


def test_offsets_that_change_between_looking_and_sealing() -> None:
    numbers = ctypes.create_string_buffer(offsets(0, 3, 6), 12)
    column = taken(Crafted("u", 2, [None, numbers, b"annbob"]))
    records = of_type(str)
    key = records.keyring.primary(uses=0).aead
    for changed in (offsets(0, 0, 6), offsets(0, 6, 6), offsets(0, 6, 3), offsets(-5, 3, 6), offsets(0, 1, 2)):
        ctypes.memmove(numbers, offsets(0, 3, 6), 12)
        job = native.MODULE.ArrowSealing(column, 2, ("multiple", 4), None, None, False)
        ctypes.memmove(numbers, changed, 12)
        try:
            job.seal(key.cipher, key.header, b"")
        except native.MODULE.ArrowDamaged:
            continue
        assert changed == offsets(0, 1, 2) or len(changed) == 12


def test_a_column_that_changes_all_the_time() -> None:
    count = 20_000
    sound = offsets(*range(0, 8 * count + 1, 8))
    numbers = ctypes.create_string_buffer(sound, len(sound))
    data = ctypes.create_string_buffer(b"a" * 8 * count, 8 * count)
    records: RecordCipher = of_type(str)
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            for at in range(4, 4 * count, 4 * 997):
                ctypes.memmove(ctypes.addressof(numbers) + at, struct.pack("i", -(at**2) % 2**30), 4)
                data[at] = b"\xc3"
            ctypes.memmove(numbers, sound, len(sound))
            ctypes.memset(data, ord("a"), 8 * count)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(60):
            try:
                sealed = records.seal_column("v", Crafted("u", count, [None, numbers, data]))
                sealed.validate(full=True)
            except FieldvaultError:
                continue
    finally:
        over.set()
        changing.join()
