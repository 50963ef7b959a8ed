"""What the vectors cannot say: refusals, hints, and what the installed packages decide."""

from __future__ import annotations

import pytest

from fieldvault.codec import codec_for
from fieldvault.errors import MissingExtra, NotIndexable, SchemaError
from fieldvault.normalise import (
    EMAIL,
    EMAIL_UNDOTTED,
    IDENTIFIER,
    NAME_LATIN,
    POSTCODE,
    TEXT,
    Exact,
    OrAsText,
    Phone,
    names,
    normaliser_named,
)

CANARY = "kanarienvogel-7"


def test_a_number_of_an_unknown_region_is_an_error_or_text_as_declared() -> None:
    with pytest.raises(NotIndexable, match="not a telephone number"):
        Phone(None).normalise("020 7946 0018")
    assert OrAsText(Phone(None)).normalise("020 7946 0018") == b"020 7946 0018"
    assert OrAsText(Phone("GB")).normalise("020 7946 0018") == b"+442079460018"


def test_the_name_of_a_fallback_says_what_it_falls_from() -> None:
    assert OrAsText(Phone("GB")).name == "phone-or-text@1"
    assert repr(OrAsText(EMAIL)) == "OrAsText(<normaliser email@1>)"


@pytest.mark.parametrize("first", [TEXT, Exact(codec_for(int)), OrAsText(EMAIL)], ids=repr)
def test_a_fallback_from_what_refuses_nothing_is_refused(first: Phone) -> None:
    with pytest.raises(SchemaError, match="refuses nothing"):
        OrAsText(first)


@pytest.mark.parametrize("normaliser", [POSTCODE, IDENTIFIER], ids=repr)
def test_a_refusal_does_not_hold_the_code(normaliser: Phone) -> None:
    with pytest.raises(NotIndexable) as caught:
        normaliser.normalise(CANARY + "é")
    assert CANARY not in repr(caught.value.__dict__) + str(caught.value)
    assert caught.value.__context__ is None


def test_a_fallback_leaves_no_trace_of_the_first_refusal() -> None:
    with pytest.raises(NotIndexable) as caught:
        OrAsText(EMAIL).normalise(CANARY + "\ud800")
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("postcode", "postcode@1"),
        ("email-undotted@1", "email-undotted@1"),
        ("email-or-text", "email-or-text@1"),
        ("phone-or-text@1", "phone-or-text@1"),
    ],
)
def test_configuration_names_every_normaliser(name: str, expected: str) -> None:
    assert normaliser_named(name).name == expected


@pytest.mark.parametrize("name", ["email@2", "postcode@", "email-or-text@2", "-or-text", "text-or-text"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(SchemaError):
        normaliser_named(name)


def test_a_region_reaches_the_normaliser_behind_a_fallback() -> None:
    assert normaliser_named("phone-or-text", region="GB").normalise("020 7946 0018") == b"+442079460018"


def test_another_table_of_letters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names._transliterate.cache_clear()
    monkeypatch.setattr(names, "version", lambda _: "0.4.0")
    with pytest.raises(MissingExtra, match=r"anyascii 0\.3\.3"):
        NAME_LATIN.normalise("Мария")
    monkeypatch.undo()
    assert NAME_LATIN.normalise("Мария") == b"mariya"


def test_a_mark_behind_a_dot_that_goes_joins_its_letter() -> None:
    once = EMAIL_UNDOTTED.normalise("A.\u0300b@example.com")
    assert once == "\u00e0b@example.com".encode() == EMAIL_UNDOTTED.normalise(once.decode())
