"""name@1, text@1 and exact@1."""

# ruff: noqa: RUF001
from __future__ import annotations

import unicodedata
from enum import StrEnum
from uuid import UUID

import pytest

from fieldvault.codec import Padded, PadTo, codec_for
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise import EMAIL, NAME, TEXT, Exact, Phone, normaliser_named
from fieldvault.normalise.text import WHITE_SPACE


class Title(StrEnum):
    DR = "Dr"


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        (["Siobhán O'Brien", " SIOBHÁN  O'BRIEN ", "Siobha\u0301n\u00a0O'Brien", "siobhán\u3000\to'brien\n"],
         "siobhán o'brien"),
        (["Strauß", "STRAUSS", "strau\u00ads\u200bs"], "strauss"),
        (["Σίσυφος", "ΣΊΣΥΦΟΣ"], "σίσυφοσ"),
        (["ﬁona", "FIONA", "Ｆｉｏｎａ"], "fiona"),
        (["محمد", "\u202bمحمد\u202c", "\u200fمحمد"], "محمد"),
        (["श्रेया", "श्\u200dरेया"], "श्रेया"),
        (["İpek", "I\u0307PEK"], "i\u0307pek"),
        (["ᾳ", "\u03b1\u0345", "ΑΙ"], "αι"),
        (["a b"] + [f"a{ws}b" for ws in WHITE_SPACE] + [f"{ws}a b{ws}{ws}" for ws in WHITE_SPACE], "a b"),
    ],
)  # fmt: skip
def test_differently_written_names_are_one(written: list[str], normalised: str) -> None:
    assert NAME.normalise_many(written) == [normalised.encode()] * len(written)


@pytest.mark.parametrize(("one", "other"), [("José", "Jose"), ("أحمد", "احمد"), ("Ann Lee", "Annlee"), ("ı", "i")])
def test_other_names_stay_apart(one: str, other: str) -> None:
    assert NAME.normalise(one) != NAME.normalise(other)


@pytest.mark.parametrize("text", ["", " ", WHITE_SPACE, "\u200b\ufeff", "\ud800", "a\udfff"])
def test_a_name_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(NotIndexable):
        NAME.normalise(text)


def test_text_is_exact_up_to_canonical_equivalence() -> None:
    assert TEXT.normalise("") == b""
    assert TEXT.normalise("e\u0301 ") == "é ".encode()
    assert TEXT.normalise("ﬁ A") == "ﬁ A".encode()
    with pytest.raises(NotIndexable):
        TEXT.normalise("\ud800")


@pytest.mark.parametrize("normaliser", [TEXT, NAME])
def test_a_code_point_that_this_unicode_does_not_know_is_refused(normaliser: object) -> None:
    assert unicodedata.category("\U0001e8ff") == "Cn"
    with pytest.raises(NotIndexable, match="Unicode"):
        normaliser.normalise("a\U0001e8ff")  # type: ignore[attr-defined]


def test_pictographs_of_any_year_are_indexed() -> None:
    for character in map(chr, range(0x1F300, 0x1FB00)):
        assert TEXT.normalise(character) == NAME.normalise(character) == character.encode()


@pytest.mark.parametrize("normaliser", [TEXT, NAME, EMAIL, Phone("GB")], ids=repr)
def test_only_text_is_taken(normaliser: object) -> None:
    for value in (None, 1, b"a", Title.DR):
        with pytest.raises(NotIndexable):
            normaliser.normalise(value)  # type: ignore[attr-defined]


def test_exact_is_the_typed_plaintext() -> None:
    assert Exact(codec_for(int)).normalise(258) == b"\x03\x01\x02"
    assert Exact(codec_for(UUID)).normalise(UUID(int=1)) == b"\x0b" + bytes(15) + b"\x01"
    padded = Padded(codec_for(str), PadTo(32))
    assert Exact(padded.bare).normalise_many(["a", ""]) == [b"\x02a", b"\x02"]
    with pytest.raises(NotIndexable):
        Exact(codec_for(int)).normalise(True)


def test_names_of_configuration_files() -> None:
    assert normaliser_named("email") is normaliser_named("email@1") is EMAIL
    assert normaliser_named("name") is NAME
    assert normaliser_named("text@1") is TEXT
    assert normaliser_named("phone", region="GB").normalise("020 7946 0018") == b"+442079460018"
    assert normaliser_named("phone@1").name == "phone@1"
    assert normaliser_named("exact", codec=codec_for(int)).normalise(1) == b"\x03\x01"
    for one in ("email", "phone", "name", "text"):
        assert normaliser_named(one).name == f"{one}@1"


def test_a_name_or_argument_that_makes_no_sense_is_refused() -> None:
    for name in ("", "email@2", "e-mail", "EMAIL", "email@", "exact"):
        with pytest.raises(SchemaError):
            normaliser_named(name)
    with pytest.raises(SchemaError):
        normaliser_named("email", region="GB")
    with pytest.raises(SchemaError):
        normaliser_named("name", codec=codec_for(str))
