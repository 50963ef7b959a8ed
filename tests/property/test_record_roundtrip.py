"""Any records, sealed and opened in batches of any make-up, come back; damage stays where it was done."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from plugins.customers import cipher

from fieldvault import BinaryForm, PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.codec import PadToMultiple
from fieldvault.testing import memory_keyrings

SCHEMA = Schema(
    "everything",
    [
        PlainField("id", int),
        SealedField("text"),
        SealedField("number", int, row_bound=False),
        SealedField("blob", bytes, padding=PadToMultiple(16), seal_null=True),
        SealedField("json", dict, row_bound=False),
    ],
    row_id="id",
)
PEOPLE = Schema("people", [PlainField("who", int), *SCHEMA.fields.values()], row_id="id", subject="who")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
FIELDS = {
    "text": st.none() | TEXT,
    "number": st.none() | st.integers(),
    "blob": st.none() | st.binary(max_size=40),
    "json": st.none() | st.dictionaries(TEXT, JSON, max_size=3),
}
RECORDS = st.lists(
    st.fixed_dictionaries({"id": st.integers(), "who": st.integers(0, 3)}, optional=FIELDS), max_size=6
)
KEYRINGS = memory_keyrings()
CIPHERS = {
    (schema.name, type(form)): cipher(schema, KEYRINGS, form=form)
    for schema in (SCHEMA, PEOPLE)
    for form in (BinaryForm(), TextForm())
}
ANY_CIPHER = st.sampled_from(sorted(CIPHERS, key=str)).map(CIPHERS.__getitem__)


def fitting(records: RecordCipher, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name in records.schema.columns} for one in given]


@given(RECORDS, ANY_CIPHER)
def test_what_is_sealed_opens_again(given: list[dict[str, Any]], records: RecordCipher) -> None:
    given = fitting(records, given)
    sealed = records.seal_many(given)
    assert [one.keys() for one in sealed] == [one.keys() for one in given]
    for before, after in zip(given, sealed, strict=True):
        for name in after.keys() & records.schema.sealed.keys():
            sealed_null = name == "blob"
            assert (after[name] is None) == (before[name] is None and not sealed_null)
    assert records.open_many(sealed) == given
    assert [records.open(one) for one in sealed] == given


@given(RECORDS, ANY_CIPHER, st.data())
def test_damage_stays_where_it_was_done(
    given: list[dict[str, Any]], records: RecordCipher, data: st.DataObject
) -> None:
    given = fitting(records, given)
    sealed = records.seal_many(given)
    damaged: set[int] = set()
    for at, one in enumerate(sealed):
        names = [name for name in sorted(records.schema.sealed) if one.get(name) is not None]
        if names and data.draw(st.booleans()):
            name = data.draw(st.sampled_from(names))
            one[name] = one[name][: data.draw(st.integers(0, len(one[name]) - 1))]
            damaged.add(at)
        elif records.schema.subject and data.draw(st.integers(0, 5)) == 0:
            one["who"] = None
            damaged.add(at)
    result = records.open_many_partially(sealed)
    assert result.failures.keys() == damaged
    assert result.values == [None if at in damaged else one for at, one in enumerate(given)]
