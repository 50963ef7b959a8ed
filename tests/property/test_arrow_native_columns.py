"""Any column of any layout: the native core gives what the way of lists gives, failures included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.arrow_kit import needs_native, outcome
from plugins.customers import cipher

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.codec import PadTo, PadToMultiple, codec_for
from fieldvault.core import native
from fieldvault.normalise import EMAIL, NAME, TEXT, Exact

pytestmark = needs_native
many = settings(
    max_examples=settings().max_examples * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ListPath = Callable[[Callable[[], Any]], Any]

texts = st.text(max_size=20) | st.sampled_from(["", "\0", "ann@x.example", " Ann  Lee ", "é" * 9, "\U0001d518"])
int64s = st.integers(-(2**63), 2**63 - 1)
LAYOUTS: dict[str, tuple[Any, st.SearchStrategy[Any], list[Any]]] = {
    "text": (str, texts, [pa.string(), pa.large_string(), pa.string_view()]),
    "bytes": (bytes, st.binary(max_size=20), [pa.binary(), pa.large_binary(), pa.binary_view()]),
    "wide": (bytes, st.binary(min_size=3, max_size=3), [pa.binary(3)]),
    "int": (int, int64s, [pa.int64()]),
    "small": (int, st.integers(0, 127), [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32()]),
    "unsigned": (int, st.integers(0, 2**64 - 1), [pa.uint64()]),
    "bool": (bool, st.booleans(), [pa.bool_()]),
    "float": (float, st.floats(allow_nan=False), [pa.float64()]),
    "date": (date, st.dates(), [pa.date32()]),
}


@st.composite
def cut(draw: st.DrawFn, values: list[Any], type_: Any) -> Any:
    """A column of these values: in one piece or several, each perhaps a slice of something longer."""
    junk = [one for one in values if one is not None][:1] or [None]
    chunks, from_ = [], 0
    for to in [*sorted(draw(st.lists(st.integers(0, len(values)), max_size=3))), len(values)]:
        before, after = draw(st.integers(0, 9)), draw(st.integers(0, 2))
        whole = pa.array([*junk * before, *values[from_:to], *junk * after], type_)
        chunks.append(whole.slice(before, to - from_))
        from_ = to
    return chunks[0] if len(chunks) == 1 else pa.chunked_array(chunks, type_)


@st.composite
def columns(draw: st.DrawFn, layout: str, size: int) -> Any:
    _, values, types = LAYOUTS[layout]
    return draw(cut(draw(st.lists(values | st.none(), min_size=size, max_size=size)), draw(st.sampled_from(types))))


sizes = st.integers(0, 40)


def made(field: SealedField, *, form: Any = None, id_: Any = None) -> RecordCipher:
    if id_ is None:
        return cipher(Schema("t", [field]), form=form)
    return cipher(Schema("t", [PlainField("id", id_), field], row_id="id"), form=form)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) or isinstance(other, tuple):  # an error, as `outcome` gives it
        return bool(one == other)
    return bool(one.type == other.type and one.to_pylist() == other.to_pylist())


@pytest.mark.parametrize("layout", LAYOUTS)
@many
@given(data=st.data())
def test_sealed_and_opened(layout: str, data: st.DataObject, list_path: ListPath) -> None:
    column = data.draw(columns(layout, data.draw(sizes)))
    padding = data.draw(st.sampled_from([None, PadToMultiple(16), PadTo(12)]))
    padded = {"padding": padding} if padding else {}
    field = SealedField("v", LAYOUTS[layout][0], row_bound=False, seal_null=data.draw(st.booleans()), **padded)
    records = made(field, form=data.draw(st.sampled_from([None, TextForm()])))
    sealed = outcome(lambda: records.seal_column("v", column))
    by_list = list_path(lambda: outcome(lambda: records.seal_column("v", column)))
    if isinstance(sealed, tuple) or isinstance(by_list, tuple):
        assert sealed == by_list
        return
    sealed.validate(full=True)
    assert [one and len(one) for one in sealed.to_pylist()] == [one and len(one) for one in by_list.to_pylist()]
    # What either way sealed, both ways open: in whatever layout it comes.
    for whole in (sealed, by_list):
        types = [pa.string(), pa.string_view()] if whole.type == pa.string() else [pa.binary(), pa.large_binary()]
        envelopes = data.draw(cut(whole.to_pylist(), data.draw(st.sampled_from(types))))
        opened = outcome(lambda given=envelopes: records.open_column("v", given))
        assert same(opened, list_path(lambda given=envelopes: outcome(lambda: records.open_column("v", given))))
        if not isinstance(opened, tuple):  # an int of more than 63 bits has no Arrow type to come back in
            assert opened.to_pylist() == column.to_pylist()
            opened.validate(full=True)


@pytest.mark.parametrize("layout", ["text", "bytes", "int", "small"])
@many
@given(data=st.data())
def test_bound_to_rows(layout: str, data: st.DataObject, list_path: ListPath) -> None:
    size = data.draw(st.integers(1, 30))
    ids, values = data.draw(columns(layout, size)), data.draw(columns("text", size))
    records = made(SealedField("v"), id_=LAYOUTS[layout][0])
    work = lambda: outcome(lambda: records.seal_column("v", values, row_ids=ids))  # noqa: E731
    sealed, by_list = work(), list_path(work)
    if isinstance(sealed, tuple) or isinstance(by_list, tuple):
        assert sealed == by_list
        return
    assert records.open_column("v", by_list, row_ids=ids).to_pylist() == values.to_pylist()
    turned = pa.array(ids.to_pylist()[::-1], ids.type)
    for others in (ids, turned):
        opened = outcome(lambda given=others: records.open_column("v", sealed, row_ids=given))
        assert same(
            opened,
            list_path(lambda given=others: outcome(lambda: records.open_column("v", sealed, row_ids=given))),
        )


@many
@given(data=st.data())
def test_damaged_envelopes(data: st.DataObject, list_path: ListPath) -> None:
    form = data.draw(st.sampled_from([None, TextForm()]))
    records = made(SealedField("v", row_bound=False), form=form)
    cells = records.seal_column("v", data.draw(st.lists(texts | st.none(), min_size=1, max_size=12)))
    for at in data.draw(st.lists(st.integers(0, len(cells) - 1), max_size=3)):
        cell = cells[at]
        if not cell:
            continue
        place = data.draw(st.integers(0, len(cell) - 1))
        other = data.draw(st.sampled_from("A_-=é\n.f") if form else st.binary(max_size=2))
        cells[at] = cell[:place] + other + cell[place + data.draw(st.integers(0, 3)) :]
    column = data.draw(cut(cells, pa.string() if form else pa.binary()))
    here = outcome(lambda: records.open_column("v", column))
    assert same(here, list_path(lambda: outcome(lambda: records.open_column("v", column))))
    by_list = outcome(lambda: records.open_column("v", cells))
    assert here == by_list if isinstance(here, tuple) else here.to_pylist() == by_list


addresses = st.from_regex(r"[ \t]?[a-zA-Z0-9.+é\"]{1,8}@[a-zA-Z0-9.-]{1,10}\n?", fullmatch=True)
INDEXES = {
    "email": (ExactIndex(EMAIL, bits=61), texts | addresses),
    "name": (ExactIndex(NAME), texts),
    "text": (ExactIndex(TEXT), texts),
    "exact": (ExactIndex(Exact(codec_for(str)), bits=256), texts),
}


@pytest.mark.parametrize("name", INDEXES)
@many
@given(data=st.data())
def test_indexed(name: str, data: st.DataObject, list_path: ListPath) -> None:
    index, values = INDEXES[name]
    given_values = data.draw(st.lists(values | st.none(), max_size=20))
    column = data.draw(cut(given_values, data.draw(st.sampled_from([pa.string(), pa.string_view()]))))
    form = data.draw(st.sampled_from([None, TextForm()]))
    records = made(SealedField("v", row_bound=False, index=index), form=form)
    here = outcome(lambda: records.index_column("v", column))
    assert same(here, list_path(lambda: outcome(lambda: records.index_column("v", column))))
    by_list = outcome(lambda: records.index_column("v", given_values))
    assert here == by_list if isinstance(here, tuple) else here.to_pylist() == by_list


def test_this_ran_on_the_native_core() -> None:
    assert native.NAME == "native"
