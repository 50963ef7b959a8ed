"""Arrow columns on the native core: the same as by way of lists (`columns/arrow_native.py`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pytest
from plugins.arrow_kit import needs_native, of_type, outcome
from plugins.customers import CUSTOMERS, PEOPLE, cipher

from fieldvault import (
    BatchError,
    ExactIndex,
    PlainField,
    Schema,
    SealedField,
    TextForm,
)
from fieldvault.codec import PadTo, PadToMultiple, PadToPowerOfTwo, codec_for
from fieldvault.errors import SchemaError
from fieldvault.normalise import EMAIL, NAME, TEXT, Exact

pytestmark = needs_native
ListPath = Callable[[Callable[[], Any]], Any]


class Colour(Enum):
    RED = 1


TEXTS = ["", "a", None, "ann@example.com", "é" * 9, "x" * 13, "\U0001d518" * 300, None, "y" * 70_000]
BYTES = [None if text is None else text.encode() for text in TEXTS]


def text_layouts() -> list[Any]:
    return [
        pa.array(TEXTS, pa.string()),
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array(["not ours", *TEXTS, None])[1:-1],
        pa.chunked_array([TEXTS[:2], [], TEXTS[2:5], TEXTS[5:]], pa.string()),
        pa.chunked_array([pa.array(["z", *TEXTS])[1:4], pa.array(TEXTS)[3:]]),
    ]


def bytes_layouts() -> list[Any]:
    return [
        pa.array(BYTES, pa.binary()),
        pa.array(BYTES, pa.large_binary()),
        pa.array(BYTES, pa.binary_view()),
        pa.chunked_array([BYTES[:4], BYTES[4:]], pa.large_binary()),
    ]


@pytest.mark.parametrize("array", text_layouts(), ids=lambda array: f"{array.type}-{type(array).__name__}")
@pytest.mark.parametrize("form", [None, TextForm()])
def test_every_layout_of_text(array: Any, form: Any, native_jobs: list[str], list_path: ListPath) -> None:
    records = cipher(form=form)
    sealed = records.seal_column("country", array)
    assert sealed.type == (pa.string() if form else pa.binary())
    opened = records.open_column("country", sealed)
    assert (opened.type, opened.to_pylist()) == (pa.string(), TEXTS)
    assert native_jobs == ["sealing", "opening"]
    sealed.validate(full=True)
    opened.validate(full=True)
    assert records.open_column("country", sealed.to_pylist()) == TEXTS
    assert list_path(lambda: records.open_column("country", sealed)).equals(opened)


@pytest.mark.parametrize("array", bytes_layouts(), ids=lambda array: f"{array.type}-{type(array).__name__}")
def test_every_layout_of_bytes(array: Any, native_jobs: list[str]) -> None:
    records = of_type(bytes)
    sealed = records.seal_column("v", array)
    assert records.open_column("v", sealed).to_pylist() == BYTES
    assert native_jobs == ["sealing", "opening"]
    wide = pa.array([b"ab", None, b"cd"], pa.binary(2))
    assert records.open_column("v", records.seal_column("v", wide)).to_pylist() == [b"ab", None, b"cd"]


@pytest.mark.parametrize("as_", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_every_layout_of_envelopes(as_: Any, native_jobs: list[str]) -> None:
    records = of_type(str)
    sealed = records.seal_column("v", pa.array(TEXTS)).cast(as_)
    assert records.open_column("v", sealed).to_pylist() == TEXTS
    assert records.open_column("v", sealed[3:6]).to_pylist() == TEXTS[3:6]
    assert native_jobs == ["sealing", "opening", "opening"]


INTS = [0, 1, -1, None, 127, 128, -128, -129, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]
DATES = [date(1, 1, 1), date(9999, 12, 31), date(1970, 1, 1), date(2024, 2, 29), date(1900, 3, 1), None]


@pytest.mark.parametrize(
    ("declared", "array"),
    [
        (int, pa.array(INTS, pa.int64())),
        (int, pa.array([0, None, 2**63 - 1], pa.uint64())),
        (int, pa.array([0, 255], pa.uint8())),
        (int, pa.array([-(2**15), None, 5], pa.int16())),
        (bool, pa.array([True, None, False] * 5)[1:14]),
        (float, pa.array([1.5, None, float("inf"), -0.0])),
        (date, pa.array(DATES)),
        (str, pa.nulls(3, pa.string())),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_numbers_and_dates(declared: Any, array: Any, native_jobs: list[str], list_path: ListPath) -> None:
    records = of_type(declared)
    sealed = records.seal_column("v", array)
    opened = records.open_column("v", sealed)
    assert opened.to_pylist() == array.to_pylist()
    assert opened.equals(list_path(lambda: records.open_column("v", sealed)))
    if array.null_count < len(array):
        assert native_jobs[:2] == ["sealing", "opening"]
    assert records.open_column("v", sealed.to_pylist()) == array.to_pylist()


def test_an_int_of_more_than_63_bits() -> None:
    records = of_type(int)
    sealed = records.seal_column("v", pa.array([2**64 - 1], pa.uint64()))
    assert records.open_column("v", sealed.to_pylist()) == [2**64 - 1]
    with pytest.raises(SchemaError):
        records.open_column("v", sealed)


@pytest.mark.parametrize("padding", [PadToMultiple(16), PadToPowerOfTwo(), PadTo(64)])
@pytest.mark.parametrize("values", [["", "a", None, "é\x80\x00", "x" * 31], ["p" * 40, None, "q"]])
def test_padding(padding: Any, values: list[Any], native_jobs: list[str]) -> None:
    records = of_type(str, padding=padding)
    sealed = records.seal_column("v", pa.array(values))
    by_list = records.seal_column("v", values)
    assert [one and len(one) for one in sealed.to_pylist()] == [one and len(one) for one in by_list]
    assert records.open_column("v", sealed).to_pylist() == values
    assert records.open_column("v", sealed.to_pylist()) == values
    assert native_jobs == ["sealing", "opening"]


def test_padding_over_many_slices() -> None:
    values = [f"{n:0{n % 40}}" for n in range(30_000)]
    records = of_type(str, padding=PadToMultiple(32))
    sealed = records.seal_column("v", pa.array(values))
    assert records.open_column("v", sealed).to_pylist() == values


def test_a_value_too_long_for_its_padding(list_path: ListPath) -> None:
    records = of_type(str, padding=PadTo(8))
    array = pa.array(["short", "much too long", None])
    native, by_list = (run(lambda: outcome(lambda: records.seal_column("v", array))) for run in (_here, list_path))
    assert native == by_list
    assert list(native[2]) == [1]


@pytest.mark.parametrize("padding", [None, PadToMultiple(16)])
def test_sealed_nulls(padding: Any, native_jobs: list[str]) -> None:
    records = of_type(str, seal_null=True, **({"padding": padding} if padding else {}))
    sealed = records.seal_column("v", pa.array(["a", None]))
    assert sealed.null_count == 0
    assert records.open_column("v", sealed).to_pylist() == ["a", None]
    assert records.open_column("v", sealed.to_pylist()) == ["a", None]
    assert native_jobs == ["sealing", "opening"]


def test_a_sealed_null_where_none_is_declared(list_path: ListPath) -> None:
    keyrings = of_type(str, seal_null=True)
    records = of_type(str)
    records.keyring = keyrings.keyring
    sealed = keyrings.seal_column("v", pa.array(["a", None]))
    here = outcome(lambda: records.open_column("v", sealed))
    assert here == list_path(lambda: outcome(lambda: records.open_column("v", sealed)))
    assert list(here[2]) == [1]


# --- row ids -----------------------------------------------------------------------------------------------

IDS = [uuid4() for _ in range(3)]


@pytest.mark.parametrize(
    ("declared", "column", "ids"),
    [
        (int, pa.array([1, 2**40, -3]), [1, 2**40, -3]),
        (int, pa.array([1, 2, 3], pa.uint16()), [1, 2, 3]),
        (str, pa.array(["a", "é", "c" * 300]), ["a", "é", "c" * 300]),
        (str, pa.chunked_array([["a"], ["b", "c"]], pa.large_string()), ["a", "b", "c"]),
        (str, pa.array(["a", "b", "c"], pa.string_view()), ["a", "b", "c"]),
        (bytes, pa.array([b"a", b"b", b"\0"]), [b"a", b"b", b"\0"]),
        (UUID, pa.array([str(one) for one in IDS]), IDS),
        (UUID, pa.array([str(one).upper() for one in IDS]), IDS),
        (UUID, pa.array([one.bytes for one in IDS], pa.binary(16)), IDS),
    ],
)
def test_row_ids(declared: Any, column: Any, ids: list[Any], native_jobs: list[str], list_path: ListPath) -> None:
    records = cipher(Schema("t", [PlainField("id", declared), SealedField("v")], row_id="id"))
    values = pa.array(["a", None, "c"])
    sealed = records.seal_column("v", values, row_ids=column)
    assert native_jobs == ["sealing"]
    assert records.open_column("v", sealed, row_ids=column).equals(values)
    assert records.open_column("v", sealed.to_pylist(), row_ids=ids) == values.to_pylist()
    assert list_path(lambda: records.open_column("v", sealed, row_ids=column)).equals(values)
    with pytest.raises(BatchError) as raised:
        records.open_column("v", sealed, row_ids=pa.array(column.to_pylist()[::-1], column.type))
    assert list(raised.value.failures) == [0, 2]


def test_composite_row_ids(native_jobs: list[str], list_path: ListPath) -> None:
    fields = [PlainField("a", int), PlainField("b"), SealedField("v")]
    records = cipher(Schema("t", fields, row_id=("a", "b")))
    a, b = pa.array([1, 2]), pa.chunked_array([["x"], ["y"]])
    sealed = records.seal_column("v", pa.array(["p", "q"]), row_ids=(a, b))
    assert records.open_column("v", sealed, row_ids=(a, b)).to_pylist() == ["p", "q"]
    assert native_jobs == ["sealing", "opening"]
    assert records.open_column("v", sealed.to_pylist(), row_ids=[(1, "x"), (2, "y")]) == ["p", "q"]
    assert list_path(lambda: records.open_column("v", sealed, row_ids=(a, b))).to_pylist() == ["p", "q"]
    for wrong in ((a,), (a, b[:1]), (a, b, a), (b, a)):
        here = outcome(lambda wrong=wrong: records.open_column("v", sealed, row_ids=wrong))
        assert here == list_path(lambda w=wrong: outcome(lambda: records.open_column("v", sealed, row_ids=w)))
        assert isinstance(here, tuple)


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([1, None]),
        pa.array([1]),
        pa.array([1, 2, 3]),
        pa.array(["1", "2"]),
        pa.array([1.0, 2.0]),
        pa.array([True, False]),
        None,
        [1, 2],
        [1, None],
    ],
)
def test_row_ids_that_are_refused_or_lists(ids: Any, list_path: ListPath) -> None:
    records = cipher(CUSTOMERS)
    values = pa.array(["a", "b"])
    here = outcome(lambda: records.seal_column("iban", values, row_ids=ids))
    there = list_path(lambda: outcome(lambda: records.seal_column("iban", values, row_ids=ids)))
    assert type(here) is type(there)
    if isinstance(here, tuple):
        assert here == there
    empty = outcome(lambda: cipher(CUSTOMERS).seal_column("country", values, row_ids=pa.array([1, 2])))
    assert empty[0] is SchemaError


@pytest.mark.parametrize(
    ("declared", "ids"),
    [(str, ["a", ""]), (bytes, [b"", b"b"]), (UUID, ["x", str(IDS[0])]), (UUID, ["a" * 36] * 2)],
)
def test_row_ids_that_identify_nothing(declared: Any, ids: list[Any], list_path: ListPath) -> None:
    records = cipher(Schema("t", [PlainField("id", declared), SealedField("v")], row_id="id"))
    work = lambda: outcome(lambda: records.seal_column("v", pa.array(["a", None]), row_ids=pa.array(ids)))  # noqa: E731
    assert work() == list_path(work)
    assert work()[0] is BatchError


# --- index columns -----------------------------------------------------------------------------------------

ADDRESSES = ["Ann@Example.com", None, " bob@x.example\t", "jörg@bücher.example", "a.b+c@d-e.f", "é@x.example"]
NAMES = ["Ann  Lee", None, "\tJOSÉ ", "o'neil", " a\n b ", "ǅ"]


@pytest.mark.parametrize(
    ("index", "values", "declared"),
    [
        (ExactIndex(EMAIL), ADDRESSES, str),
        (ExactIndex(EMAIL, bits=64), ADDRESSES, str),
        (ExactIndex(NAME, bits=13), NAMES, str),
        (ExactIndex(TEXT, bits=256), [*NAMES, ""], str),
        (ExactIndex(Exact(codec_for(str))), [*NAMES, ""], str),
        (ExactIndex(Exact(codec_for(int))), INTS, int),
        (ExactIndex(Exact(codec_for(date))), DATES, date),
        (ExactIndex(Exact(codec_for(bytes))), [b"", b"a", None], bytes),
    ],
)
@pytest.mark.parametrize("form", [None, TextForm()])
def test_index_columns(index: Any, values: list[Any], declared: Any, form: Any, native_jobs: list[str]) -> None:
    schema = Schema("t", [SealedField("v", declared, row_bound=False, index=index)])
    records = cipher(schema, form=form)
    made = records.index_column("v", pa.array(values))
    assert native_jobs == ["indexing"]
    made.validate(full=True)
    assert made.type == (pa.string() if form else pa.binary())
    assert made.to_pylist() == records.index_column("v", values)


@pytest.mark.parametrize(
    "bad", ["no address", "a@b@c", "x" * 300 + "@y.example", "", "a@-b.example", "a@xn--b.example"]
)
def test_what_has_no_index_value(bad: str, list_path: ListPath) -> None:
    records = cipher()
    work = lambda: outcome(lambda: records.index_column("email", pa.array(["ann@x.example", bad, None])))  # noqa: E731
    here = work()
    assert here == list_path(work) or not isinstance(here, tuple)


# --- what goes the list path -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "array"),
    [
        (str, pa.array(["a", "b", "a"]).dictionary_encode()),
        (str, pa.array([1, 2])),
        (bytes, pa.array(["a"])),
        (bool, pa.array([1, 0])),
        (Colour, pa.array(["RED"])),
        (date, pa.array([1], pa.timestamp("s"))),
        (int, pa.array([[1]])),
        (bytes, pa.array([uuid4().bytes], pa.uuid())),
    ],
)
def test_other_types_give_what_lists_give(
    declared: Any, array: Any, native_jobs: list[str], list_path: ListPath
) -> None:
    records = of_type(declared)
    here, there = (run(lambda: outcome(lambda: records.seal_column("v", array))) for run in (_here, list_path))
    assert native_jobs == []
    assert type(here) is type(there)
    if isinstance(here, tuple):
        assert here == there


def test_subjects_have_a_key_each_and_go_the_list_path(native_jobs: list[str]) -> None:
    people = cipher(PEOPLE)
    sealed = people.seal_column("country", pa.array(["UK", "JO"]), subjects=pa.array(["p1", "p2"]))
    assert people.open_column("country", sealed, subjects=pa.array(["p1", "p2"])).to_pylist() == ["UK", "JO"]
    assert outcome(lambda: people.seal_column("country", pa.array(["UK"])))[0] is SchemaError
    assert native_jobs == []


# --- keys and failures -------------------------------------------------------------------------------------


def test_a_column_under_several_keys(native_jobs: list[str]) -> None:
    records = of_type(str)
    values = [f"value {n}" for n in range(600)]
    parts = []
    for from_ in range(0, 600, 100):
        parts.append(records.seal_column("v", pa.array(values[from_ : from_ + 100])))
        records.keyring.rotate()
    mixed = pa.concat_arrays(parts)
    order = [(7 * n) % 600 for n in range(600)]
    assert records.open_column("v", mixed.take(pa.array(order))).to_pylist() == [values[at] for at in order]
    assert native_jobs[-1] == "opening"
    assert len({one[:17] for one in mixed.to_pylist()}) == 6


@pytest.mark.parametrize("form", [None, TextForm()])
@pytest.mark.parametrize("damage", ["tag", "key", "version", "short", "empty", "text"])
def test_failures_stand_where_lists_have_them(form: Any, damage: str, list_path: ListPath) -> None:
    records = cipher(Schema("t", [SealedField("v", row_bound=False)]), form=form)
    sealed = records.seal_column("v", [f"value {n}" for n in range(300)])
    raw = cipher(form=None).form.envelopes(sealed)
    if form is None:
        broken = {
            "tag": raw[7][:-1] + bytes([raw[7][-1] ^ 1]),
            "key": raw[7][:5] + b"?" + raw[7][6:],
            "version": b"\x02" + raw[7][1:],
            "short": raw[7][:40],
            "empty": b"",
            "text": b"fv1.",
        }[damage]
        column = pa.array([*sealed[:7], broken, *sealed[8:299], None], pa.binary())
    else:
        broken = {
            "tag": sealed[7][:-4] + ("AAAA" if sealed[7][-4:] != "AAAA" else "BBBB"),
            "key": sealed[7][:8] + ("A" if sealed[7][8] != "A" else "B") + sealed[7][9:],
            "version": "fv1.Ag" + sealed[7][6:],
            "short": sealed[7][:40],
            "empty": "",
            "text": sealed[7][:-1] + "=",
        }[damage]
        column = pa.array([*sealed[:7], broken, *sealed[8:299], None])
    here, there = (run(lambda: outcome(lambda: records.open_column("v", column))) for run in (_here, list_path))
    assert here == there
    assert (here[0], list(here[2])) == (BatchError, [7])
    some = records.open_column_partially("v", column)
    assert list(some.failures) == [7]
    assert some.values[6] == "value 6"


def test_another_fields_envelopes_do_not_open() -> None:
    records = cipher(Schema("t", [SealedField("v", row_bound=False), SealedField("w", row_bound=False)]))
    sealed = records.seal_column("v", pa.array(["a"]))
    with pytest.raises(BatchError):
        records.open_column("w", sealed)


def test_what_opens_to_another_type_is_refused(list_path: ListPath) -> None:
    ints, texts = of_type(int), of_type(str)
    texts.keyring = ints.keyring
    sealed = ints.seal_column("v", pa.array([1]))
    here, there = (run(lambda: outcome(lambda: texts.open_column("v", sealed))) for run in (_here, list_path))
    assert here == there
    assert here[0] is BatchError


def test_a_refused_column_asks_for_no_key() -> None:
    records = of_type(str, padding=PadTo(8))
    with pytest.raises(BatchError):
        records.seal_column("v", pa.array(["short", "much too long"]))
    assert not records.keyring.keys(set(), uses=0)
    assert records.open_column("v", pa.array([], pa.binary())).to_pylist() == []


def test_lengths_around_the_blocks_and_slices() -> None:
    records = of_type(str)
    for size in (1, 255, 256, 257, 8191, 8192, 8193):
        values = pa.array([str(n) for n in range(size)])
        assert records.open_column("v", records.seal_column("v", values)).equals(values)


def _here(work: Callable[[], Any]) -> Any:
    return work()
