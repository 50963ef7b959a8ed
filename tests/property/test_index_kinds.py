"""Properties of the kinds of index: what they never miss, and what they never share."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField
from fieldvault.errors import NotIndexable
from fieldvault.normalise import NAME, TEXT
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import BlindIndex, LeakyNgramIndex, Md5Index, Md5Recipe, PrefixIndex, SuffixIndex, WordIndex

# Letters of several scripts, combining marks, right-to-left text and its controls, digits, NUL, separators.
TEXTS = st.text(
    st.one_of(
        st.sampled_from(
            "aAbBßÉéeI\u0130\u0301\u0307\u05d0\u0627\u0661\u0915\u094d\ud55c\u200f\u202e\ufb01 -'.\x00\u00a0"
        ),
        st.characters(codec="utf-8", categories=("L", "M", "N", "P", "Z")),
    ),
    max_size=40,
)
KEYRINGS = memory_keyrings()


def cipher(index: BlindIndex, tenant: str = "acme", schema: str = "s", field: str = "v") -> RecordCipher:
    declared = Schema(schema, [PlainField("id", int), SealedField(field, index=index)], row_id="id")
    return RecordCipher(declared, KEYRINGS, tenant=tenant)


CIPHERS: dict[str, RecordCipher] = {
    "prefix": cipher(PrefixIndex(TEXT, (1, 2, 5))),
    "suffix": cipher(SuffixIndex(TEXT, (1, 2, 5))),
    "ngrams": cipher(LeakyNgramIndex(TEXT, 2)),
    "folded prefix": cipher(PrefixIndex(NAME, (1, 3))),
    "folded ngrams": cipher(LeakyNgramIndex(NAME, 3, bits=64)),
    "words": cipher(WordIndex(NAME, bits=32)),
}


def is_found(records: RecordCipher, value: str, wanted: str) -> bool:
    search = records.search("v", wanted)
    hit = search.found_in(records.seal({"id": 1, "v": value})[search.column])
    confirmed = bool(records.confirm("v", wanted, [{"v": value}]))
    assert hit or not confirmed, "what is meant is not found"
    return hit and confirmed


@pytest.mark.parametrize("kind", CIPHERS)
@given(value=TEXTS, wanted=TEXTS)
@settings(max_examples=60)
def test_what_would_be_confirmed_is_found(kind: str, value: str, wanted: str) -> None:
    try:
        is_found(CIPHERS[kind], value, wanted)
    except NotIndexable:
        assume(False)


@given(value=TEXTS, ends=st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_every_part_of_a_text_is_found(value: str, ends: tuple[int, int]) -> None:
    normal = TEXT.normalise(value).decode()
    start, stop = sorted(ends)
    part = normal[start:stop]
    assume(TEXT.normalise(part).decode() == part)
    if len(part) >= 2:
        assert is_found(CIPHERS["ngrams"], value, part)
    if normal[:stop] and TEXT.normalise(normal[:stop]).decode() == normal[:stop]:
        assert is_found(CIPHERS["prefix"], value, normal[:stop])
    if normal[start:] and TEXT.normalise(normal[start:]).decode() == normal[start:]:
        assert is_found(CIPHERS["suffix"], value, normal[start:])


HOSTILE = {
    "empty": "", "nul": "\x00", "only nul": "\x00" * 50, "right to left": "\u202e\u05d0\u05d1 \u0645\u062d",
    "combining": "e" + "\u0301" * 200, "a megabyte": "x" * 1_000_000, "a megabyte of words": "word " * 200_000,
    "a megabyte of marks": "\u0301" * 500_000, "marks out of order": "\u0301\u0323" * 250_000,
}  # fmt: skip


def refusal_of(value: str) -> str:
    with pytest.raises(NotIndexable) as refused:
        TEXT.normalise(value)
    return str(refused.value)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", ["prefix", "ngrams", "words"])
def test_hostile_values_are_indexed_or_refused_by_their_own_error(kind: str, value: str) -> None:
    records = CIPHERS[kind]
    try:
        sealed = records.seal({"id": 1, "v": value})
    except NotIndexable:
        assert kind == "words" or "marks" in refusal_of(value), "text@1 takes any other text"
        return
    assert records.open(sealed)["v"] == value
    try:
        assert is_found(records, value, value)
    except NotIndexable:
        assert kind == "words" or len(value) < 2


@pytest.mark.parametrize("kind", CIPHERS)
def test_a_lone_surrogate_is_refused(kind: str) -> None:
    with pytest.raises(NotIndexable) as refused:
        CIPHERS[kind].search("v", "a\ud800b")
    assert "\ud800" not in str(refused.value)


@given(value=st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=3, max_size=3))
def test_no_index_value_is_shared(value: str) -> None:
    """The same text under other fields, schemas, tenants, kinds, names, bits, shared names: no value twice."""
    assume(len(TEXT.normalise(value).decode()) == 3)
    declarations: list[tuple[BlindIndex, dict[str, str]]] = [
        (ExactIndex(TEXT), {}), (ExactIndex(TEXT), {"tenant": "other"}), (ExactIndex(TEXT), {"schema": "t"}),
        (ExactIndex(TEXT), {"field": "w"}), (ExactIndex(TEXT, name="j"), {}), (ExactIndex(TEXT, bits=136), {}),
        (ExactIndex(TEXT, shared="s"), {}), (ExactIndex(TEXT, shared="v"), {}),
        (ExactIndex(TEXT, shared="s"), {"tenant": "other"}), (PrefixIndex(TEXT, (3,), name="index"), {}),
        (SuffixIndex(TEXT, (3,), name="index"), {}), (Md5Index(Md5Recipe()), {}),
    ]  # fmt: skip
    values: list[Any] = []
    for index, place in declarations:
        records = cipher(index, **place)
        records.index_keyring.index_keys_to_write()
        [name] = records.schema.sealed
        values += [one[1:] for one in records.search(name, value).values]
    assert len({one[:16] for one in values}) == len(declarations)
    assert not any(b.startswith(a) for a, b in itertools.permutations(values, 2))
