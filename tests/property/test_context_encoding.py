"""Canonical encoding: no two places have the same AAD, no two scopes the same encoding (spec aad-v1)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fieldvault.codec import codec_for
from fieldvault.core.context import FieldContext, Scope, canonical, encode_int, row_suffixes
from fieldvault.errors import SchemaError

COMPONENTS = st.lists(st.binary(max_size=6), max_size=5)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
HEADERS = st.binary(min_size=17, max_size=17)
ROW_VALUES = st.integers() | st.text(min_size=1, max_size=6) | st.binary(min_size=1, max_size=6) | st.uuids()


def decoded(encoding: bytes) -> list[bytes]:
    """The inverse, written from the specification: what has one is injective."""
    count, rest = int.from_bytes(encoding[:4], "big"), encoding[4:]
    components = []
    for _ in range(count):
        size = int.from_bytes(rest[:4], "big")
        components.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    assert rest == b""
    return components


@given(COMPONENTS)
def test_a_canonical_encoding_decodes_to_its_components(components: list[bytes]) -> None:
    assert decoded(canonical(components)) == components


@given(COMPONENTS, COMPONENTS)
@example([b"a-b", b"c"], [b"a", b"b-c"])
@example([], [b""])
@example([b""], [b"", b""])
def test_distinct_lists_have_distinct_encodings(one: list[bytes], other: list[bytes]) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES), HEADERS, HEADERS)
def test_distinct_places_have_distinct_prefixes(
    one: tuple[str, str, str], other: tuple[str, str, str], header: bytes, other_header: bytes
) -> None:
    same = (one, header) == (other, other_header)
    first = FieldContext(*one).prefix(header, row_bound=False)
    assert (first == FieldContext(*other).prefix(other_header, row_bound=False)) == same
    assert decoded(first) == [header, *(name.encode() for name in one)]
    assert first != FieldContext(*one).prefix(header, row_bound=True)


@given(NAMES, NAMES, HEADERS, st.lists(ROW_VALUES, min_size=1, max_size=8), st.booleans())
def test_the_prefix_and_a_row_suffix_are_the_canonical_encoding_of_five(
    schema: str, field: str, header: bytes, ids: list[object], with_tenant: bool
) -> None:
    context = FieldContext("acme" if with_tenant else None, schema, field)
    typed = [codec_for(type(one)).encode(one) for one in ids]
    for row, suffix in zip(typed, row_suffixes([typed]), strict=True):
        aad = context.prefix(header, row_bound=True) + suffix
        assert decoded(aad) == [header, b"acme" if with_tenant else b"", schema.encode(), field.encode(), row]


@given(st.lists(ROW_VALUES, min_size=2, max_size=2), st.lists(ROW_VALUES, min_size=2, max_size=2))
def test_distinct_row_ids_have_distinct_suffixes(one: list[object], other: list[object]) -> None:
    # Values that Python holds to be equal but that are of two types are two row ids.
    typed = [[codec_for(type(part)).encode(part) for part in row] for row in (one, other)]
    [first], [second] = (row_suffixes([[part] for part in row]) for row in typed)
    assert (first == second) == (typed[0] == typed[1])
    [single] = row_suffixes([[typed[0][0]]])
    assert single != first


@given(st.integers(), st.integers())
def test_integers_are_minimal_and_distinct(one: int, other: int) -> None:
    encoded = encode_int(one)
    assert int.from_bytes(encoded, "big", signed=True) == one
    assert len(encoded) == 1 or int.from_bytes(encoded[1:], "big", signed=True) != one
    assert (encoded == encode_int(other)) == (one == other)


@given(
    st.tuples(st.none() | NAMES, st.sampled_from(["fields", "index"]), st.none() | NAMES),
    st.tuples(st.none() | NAMES, st.sampled_from(["fields", "index"]), st.none() | NAMES),
)
def test_distinct_scopes_and_subjects_have_distinct_encodings(
    one: tuple[str | None, str, str | None], other: tuple[str | None, str, str | None]
) -> None:
    first = Scope(one[0], one[1]).canonical(one[2])
    assert (first == Scope(other[0], other[1]).canonical(other[2])) == (one == other)


@given(st.lists(st.binary(max_size=3), max_size=3), st.integers(0, 3))
def test_an_empty_part_of_a_row_id_is_refused_wherever_it_stands(column: list[bytes], at: int) -> None:
    typed = [b"\x02" + one + b"x" for one in column]
    typed.insert(min(at, len(typed)), b"\x02")
    with pytest.raises(SchemaError, match="row id"):
        row_suffixes([[b"\x02ok"] * len(typed), typed])
