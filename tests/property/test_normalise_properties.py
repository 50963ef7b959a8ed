"""Normalising twice is normalising once, and the quick way gives the same bytes as the long one."""

# ruff: noqa: RUF001, RUF003
from __future__ import annotations

import re
import sys
from contextlib import suppress
from unicodedata import category, normalize

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fieldvault.errors import NotIndexable
from fieldvault.normalise import (
    EMAIL,
    EMAIL_UNDOTTED,
    EMAIL_UNTAGGED,
    IDENTIFIER,
    NAME,
    NAME_LATIN,
    NAME_UNACCENTED,
    POSTCODE,
    TEXT,
    Exact,
    Normaliser,
    OrAsText,
    Phone,
    normaliser_named,
)
from fieldvault.normalise.email import normalise_by_library
from fieldvault.normalise.registry import NAMES
from fieldvault.normalise.text import _IGNORED

DOMAINS = st.sampled_from(
    ["example.com", "EXAMPLE.test", "localhost", "münchen.de", "مثال.إختبار", "1.in"]
) | st.text("aZ09-.éßx中n", min_size=1, max_size=12)
LOCALS = st.text(min_size=1, max_size=12) | st.text("aZ.!#+'\u0345\u0301ıİßς", min_size=1, max_size=12)
ADDRESSES = st.builds("{}@{}".format, LOCALS, DOMAINS)
PLAIN = st.from_regex(re.compile(r"[A-Za-z0-9.!+'_-]{1,8}@[A-Za-z0-9.-]{1,12}", re.ASCII), fullmatch=True)
NUMBERS = st.text("+0123456789 ()-./x;ext=#٠١٢", min_size=3, max_size=24)
MARKS = st.text(
    "aAıİßẞςΣ\u0345\u0301\u0323\u034f\u200d\u00ad\u3000 \u0085ﬁ´½ǰΐ\u1e9eᾳ한\u1100\u1161\uffa0", max_size=10
)


def twice_is_once(normaliser: Normaliser[str], text: str) -> None:
    try:
        once = normaliser.normalise(text)
    except NotIndexable:
        return
    assert normaliser.normalise(once.decode()) == once


@given(ADDRESSES)
def test_email_twice_is_once(text: str) -> None:
    twice_is_once(EMAIL, text)


@given(ADDRESSES, st.sampled_from([EMAIL_UNTAGGED, EMAIL_UNDOTTED]))
def test_the_variants_of_email_twice_are_once(text: str, normaliser: Normaliser[str]) -> None:
    twice_is_once(normaliser, text)


@given(st.text(max_size=10) | MARKS, st.sampled_from([NAME_UNACCENTED, NAME_LATIN, POSTCODE, IDENTIFIER]))
def test_the_variants_of_names_and_codes_twice_are_once(text: str, normaliser: Normaliser[str]) -> None:
    twice_is_once(normaliser, text)


@given(ADDRESSES | NUMBERS | MARKS | st.text(max_size=10))
def test_what_cannot_be_read_is_indexed_as_text_and_never_meets_what_can(text: str) -> None:
    for first in (EMAIL, Phone("GB"), NAME, POSTCODE):
        twice_is_once(OrAsText(first), text)
        try:
            expected = first.normalise(text)
        except NotIndexable:
            try:
                expected = TEXT.normalise(text)
            except NotIndexable:
                continue
            with suppress(NotIndexable):
                assert first.normalise(expected.decode()) != expected
        assert OrAsText(first).normalise(text) == expected


@given(PLAIN)
def test_the_quick_email_is_the_librarys(text: str) -> None:
    def outcome(normalise: object) -> bytes | None:
        try:
            return normalise(text)  # type: ignore[operator, no-any-return]
        except NotIndexable:
            return None

    assert outcome(EMAIL.normalise) == outcome(normalise_by_library)


@given(ADDRESSES, st.sampled_from(["NFC", "NFD"]), st.sampled_from([str, str.upper, str.swapcase]))
def test_email_in_another_case_or_form_is_the_same(text: str, form: str, recase: type[str]) -> None:
    try:
        expected = EMAIL.normalise(text)
    except NotIndexable:
        return
    local, _, domain = text.rpartition("@")
    other = normalize(form, recase(local))
    # upper() is no inverse of casefold for every letter (ı, İ): only where Unicode takes the two for one.
    assume(
        normalize("NFD", normalize("NFD", other).casefold()) == normalize("NFD", normalize("NFD", local).casefold())
    )
    try:
        assert EMAIL.normalise(f"{other}@{domain}") == expected
    except NotIndexable:
        assert not other.isascii()


@given(NUMBERS, st.sampled_from(["IN", "GB", "JO", "US", None]))
def test_phone_twice_is_once_in_any_region(text: str, region: str | None) -> None:
    try:
        once = Phone(region).normalise(text)
    except NotIndexable:
        return
    assert re.fullmatch(rb"\+[1-9][0-9]+(;ext=[0-9]+)?", once)
    assert {Phone(other).normalise(once.decode()) for other in ("IN", "GB", "JO", "US", None)} == {once}


@given(st.text() | MARKS)
def test_name_and_text_twice_is_once(text: str) -> None:
    twice_is_once(NAME, text)
    twice_is_once(TEXT, text)


@given(st.text() | MARKS)
def test_a_name_is_the_same_in_every_normal_form_and_case(text: str) -> None:
    try:
        expected = NAME.normalise(text)
    except NotIndexable:
        return
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert NAME.normalise(normalize(form, text)) == expected
    # Case folding turns U+0345 from a mark into a letter, so it means the same only after marks are in order, and
    # an invisible character between marks keeps them out of it.
    assume(not _IGNORED.search(text))
    assert NAME.normalise(normalize("NFD", text).casefold()) == expected


def test_every_code_point_twice_is_once() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        if not character.isascii() and category(character) not in ("Cn", "Cs", "Co"):
            for text in (character, f"\u0345{character}\u0301"):
                twice_is_once(NAME, text)
                twice_is_once(TEXT, text)


TEXTUAL = [
    *(normaliser_named(name) for name in NAMES if name != Exact.name),
    *(normaliser_named(one.replace("@", "-or-text@")) for one in NAMES if one not in (Exact.name, TEXT.name)),
    Phone("GB"),
    OrAsText(Phone("JO")),
]
HOSTILE = [
    "", "\0", "a\0b", " \t\n", "\ud800", "\u202e\u05d0\u05d1 abc", "e\u0301\u0327", "a" + "\u0301\u0323" * 200,
    "\u1112\u1161\u11ab", "\u0345a@b", "\u00b4@\u00b4.de", "+@x.com", "a.+b@x.com", "+999 123456789", "\u0661" * 12,
    "\uff21\uff22 \uff11", "\ufdfa" * 30, "\u2126\u212b", "\u0130\u0131", "x" * 1_000_000, "\u6f22" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("normaliser", TEXTUAL, ids=repr)
@given(ADDRESSES | PLAIN | NUMBERS | MARKS | st.text(max_size=12))
@settings(max_examples=40)
def test_every_normaliser_twice_is_once(normaliser: Normaliser[str], text: str) -> None:
    twice_is_once(normaliser, text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_hostile_text_is_normalised_or_refused_in_every_way(text: str) -> None:
    for normaliser in TEXTUAL:
        twice_is_once(normaliser, text)
        with suppress(NotIndexable):
            normaliser.normalise_part(text)
