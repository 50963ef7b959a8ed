"""Names, scopes and row ids: what is refused before any key is touched (spec aad-v1 §3, §4, keyring-v1 §2)."""

from __future__ import annotations

import pytest

from fieldvault.core.context import FieldContext, Scope, canonical, encode_name, row_suffixes
from fieldvault.errors import SchemaError, ScopeError

HEADER = b"\x01" + bytes(16)


def test_the_layout_of_a_canonical_encoding() -> None:
    assert canonical([]) == bytes(4)
    assert canonical([b"", b"ab"]) == bytes.fromhex("00000002 00000000 00000002 6162")


@pytest.mark.parametrize("name", ["", "x" * 256, "ü" * 128, "a\x00b", "a\nb", "\x7f", "a\x85b", "a\x9f", "\ud800"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(SchemaError, match="the subject"):
        encode_name(name, "subject")
    with pytest.raises(ScopeError):
        Scope(name, "fields")
    with pytest.raises(SchemaError):
        FieldContext("acme", name, "email").prefix(HEADER, row_bound=False)


def test_a_subject_with_a_lone_surrogate_is_not_in_what_hangs_on_its_error() -> None:
    with pytest.raises(SchemaError) as raised:
        encode_name("jane doe \ud800", "subject")
    assert raised.value.__context__ is None, "a UnicodeEncodeError holds the whole text"


@pytest.mark.parametrize(
    "name", ["x", "x" * 255, "ü" * 127, " ", "a b", "٣", "\ufeff", "e\u0301", "\U0001f511", "\xa0"]
)
def test_names_that_are_taken_byte_for_byte(name: str) -> None:
    assert encode_name(name, "tenant") == name.encode()
    assert Scope(name, "fields").tenant_bytes() == name.encode()


@pytest.mark.parametrize("purpose", ["", "F", "1a", "-a", "_a", "a" * 33, "a b", "a\n", "fieldß", "a."])
def test_purposes_that_are_refused(purpose: str) -> None:
    with pytest.raises(ScopeError, match="purpose"):
        Scope("acme", purpose)


@pytest.mark.parametrize("purpose", ["a", "fields", "a" * 32, "a-b_9"])
def test_purposes_that_are_taken(purpose: str) -> None:
    assert Scope(None, purpose).canonical() == canonical([b"", purpose.encode()])


def test_the_global_scope_is_no_tenant() -> None:
    assert Scope(None, "fields").canonical() != Scope("(global)", "fields").canonical()
    assert str(Scope(None, "fields")) == "(global)/fields"


def test_row_7_and_row_text_7_are_two_rows() -> None:
    assert row_suffixes([[b"\x037"]]) != row_suffixes([[b"\x027"]])


def test_a_single_and_a_composite_row_id() -> None:
    assert row_suffixes([[b"\x03\x07", b"\x02ab"]]) == [b"\0\0\0\2\x03\x07", b"\0\0\0\3\x02ab"]
    row = canonical([b"\x03\x07", b"\x02ab"])
    assert row_suffixes([[b"\x03\x07"], [b"\x02ab"]]) == [len(row).to_bytes(4, "big") + row]


@pytest.mark.parametrize("parts", [[], [[b"\x02"]], [[b"\x01"], [b"\x02a"]], [[b"\x02a"], [b""]]])
def test_row_ids_without_a_value_are_refused(parts: list[list[bytes]]) -> None:
    with pytest.raises(SchemaError, match="row id"):
        row_suffixes(parts)


def test_no_rows_have_no_suffixes() -> None:
    assert row_suffixes([[]]) == []
    assert row_suffixes([[], []]) == []


@pytest.mark.parametrize("wrong", [5, b"acme", None])
def test_a_name_of_another_type_is_a_typed_error(wrong: object) -> None:
    with pytest.raises(SchemaError):
        encode_name(wrong, "schema name")  # type: ignore[arg-type]
    if wrong is not None:
        with pytest.raises(ScopeError):
            Scope(wrong, "fields")  # type: ignore[arg-type]
