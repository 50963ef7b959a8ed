"""The native core's shortcuts against the long way round: each record, each text, each single value on its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.cores import Core, core_named
from plugins.customers import CUSTOMERS, cipher, customer

from fieldvault import FieldvaultError, PlainField, Schema, SealedField
from fieldvault.columns import batch as batches
from fieldvault.core import _pure_shortcuts as long_way
from fieldvault.normalise import EMAIL, NAME, TEXT
from fieldvault.normalise.base import Normaliser

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
CIPHER = cipher()


@pytest.fixture(scope="module")
def native_core() -> Core:
    return core_named("native")


addresses = st.one_of(
    st.emails(),
    st.from_regex(r"[A-Za-z0-9.!-]{1,8}@[A-Za-z0-9.-]{1,12}", fullmatch=True),
    st.from_regex(r"[ \t]?[a-z.]{1,6}@(xn--|[a-z]{60,66}|-)?[a-z-]{0,4}\.?[a-z]*", fullmatch=True),
    st.integers(225, 260).map(lambda length: "a" * 60 + "@" + ("b" * 60 + ".") * 2 + "c." * (length // 2 - 91)),
)
texts = st.one_of(st.text(), st.text(st.characters(max_codepoint=127)), addresses)


@pytest.mark.parametrize(("name", "normaliser"), [("emails", EMAIL), ("names", NAME), ("texts", TEXT)])
@shared
@given(values=st.lists(texts, max_size=6))
def test_what_is_plain_is_normalised_as_ever(
    native_core: Core, name: str, normaliser: Normaliser[str], values: list[str]
) -> None:
    normalised, others = getattr(native_core, f"plain_{name}")(values)
    for at, value in enumerate(values):
        if at not in others:
            assert normalised[at] == normaliser.normalise(value)
            assert value.isascii()


def test_the_usual_is_plain(native_core: Core) -> None:
    assert native_core.plain_emails(["ann.B+x@Mail.Example.com"])[1] == []
    assert native_core.plain_emails(["a@xn--b.c", "a@b.c ", "ä@b.c", "a@b..c", "a@b", '"a"@b.c'])[1] == [
        0,
        1,
        2,
        3,
        5,
    ]
    assert native_core.plain_names([" Ann  Marie\tSmith "])[1] == []
    assert native_core.plain_texts(["DE89 3704", ""])[1] == []


cells = st.one_of(st.none(), st.integers(), st.text(max_size=3))
records = st.lists(st.dictionaries(st.sampled_from("abcdef"), cells, max_size=6), max_size=5)


@shared
@given(records, st.permutations("abcdef"), st.integers(0, 6), st.integers(0, 6))
def test_gathering_is_looking_at_each_record(
    native_core: Core, given_records: list[dict[str, Any]], names: list[str], split: int, known: int
) -> None:
    known = max(split, known)
    wanted, others = names[:split], names[split:known]
    gathered = native_core.gather(given_records, wanted, others)
    if any(record.keys() - set(names[:known]) for record in given_records):
        assert gathered is None
        return
    columns, seen = gathered
    assert columns == {name: [record.get(name) for record in given_records] for name in wanted}
    assert seen == set().union(*given_records)


@shared
@given(given_records=records, data=st.data(), dropped=st.sets(st.sampled_from("abcdef")))
def test_putting_cells_is_changing_a_copy_of_each_record(
    native_core: Core, monkeypatch: pytest.MonkeyPatch, given_records: list[dict[str, Any]], data: Any, dropped: Any
) -> None:
    schema = Schema("s", [PlainField("id", int), *(SealedField(name) for name in "abc")], row_id="id")
    columns = {name: [data.draw(cells) if name in one else None for one in given_records] for name in "abc"}
    before = [dict(record) for record in given_records]
    results = []
    for core in (native_core, long_way):
        monkeypatch.setattr(batches.core, "with_cells", core.with_cells)
        results.append(batches.with_cells(schema, given_records, columns, {}, dropped - set("abc")))
    assert results[0] == results[1]
    assert given_records == before


class Dict(dict[str, Any]):
    """A subclass may mean something else by its keys."""


@pytest.mark.parametrize("others", [[Dict()], [{}, Dict()], [None], [5], ({},)])
def test_what_is_no_plain_dict_is_left_to_the_long_way(native_core: Core, others: Any) -> None:
    assert native_core.gather(others, ["a"], []) is None
    assert native_core.with_cells(others, {"a": ("a", [1, 2])}, []) is None


values = st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.text(st.characters(categories=["Cs"])))


@given(st.sampled_from(sorted(CUSTOMERS.sealed)), values, st.one_of(st.none(), st.integers(), st.text()))
def test_one_value_alone_is_a_column_of_one(field: str, value: Any, row_id: Any) -> None:
    bound = CUSTOMERS.sealed[field].row_bound

    def by_column() -> Any:
        return CIPHER.seal_column_partially(
            field, [value], row_ids=[row_id] if bound or row_id is not None else None
        )

    def refusal(work: Any) -> Any:
        try:
            return work()
        except FieldvaultError as error:
            assert error.__context__ is None  # noqa: PT017
            return type(error), str(error)

    column = refusal(by_column)
    alone = refusal(lambda: CIPHER.seal_value(field, value, row_id=row_id))
    if isinstance(column, tuple):
        assert alone == column
    elif column.failures:
        assert alone == (type(column.failures[0]), str(column.failures[0]))
    else:
        for sealed in (alone, column.values[0]):
            assert CIPHER.open_value(field, sealed, row_id=row_id) == value
        assert (alone is None) is (value is None)


def test_a_value_sealed_alone_is_a_cell_of_its_record() -> None:
    sealed = CIPHER.seal(customer(7))
    sealed["iban"] = CIPHER.seal_value("iban", "other", row_id=7)
    assert CIPHER.open(sealed) == customer(7, iban="other")
