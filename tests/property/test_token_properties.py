"""Tokens over every value: exact reversal, determinism, no token shared by two places, format kept."""

from __future__ import annotations

import re
import string
from datetime import date, datetime, timedelta, timezone
from itertools import combinations
from typing import Any
from unicodedata import category

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from plugins.pseudonyms_kit import made_domain

from fieldvault.errors import FieldvaultError, FormatTooSmall, TokenError, TokenRefused, ValueRefused
from fieldvault.pseudonyms import (
    CardToken,
    Damaged,
    DateShift,
    Domain,
    FormatToken,
    FreshLookupToken,
    LookupToken,
    Luhn,
    NeverZeroDateShift,
    OneWayPseudonym,
    PhoneToken,
    SivToken,
    Surrogates,
    Tokeniser,
)
from fieldvault.pseudonyms.card import luhn_sum
from fieldvault.testing import memory_keyrings
from fieldvault.token_table import MemoryTokenTable

KEYRINGS, TABLE = memory_keyrings(), MemoryTokenTable()


def domain_of(name: str = "research", tenant: str | None = "acme") -> Domain:
    return made_domain(name, KEYRINGS, tenant, table=TABLE)


DOMAIN = domain_of()
ROTATED = domain_of("rotated")
PLACES = [DOMAIN, domain_of("ads"), domain_of(tenant="other"), domain_of(tenant=None), ROTATED]
TEXT_TOKENS: list[Tokeniser] = [SivToken("t"), LookupToken("t"), FreshLookupToken("t")]
KINDS = [SivToken, LookupToken, OneWayPseudonym]
HOSTILE = ["", "\0", "a\0b", "\n", "عمر حداد", "e\u0301", "\u202e‮abc", "😀" * 3, "ft1.01.AAAA", "x" * 1_000_000]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
digits = st.text("0123456789", min_size=6, max_size=40)
punctuation = st.text(" -+().:/#äб漢\u200e", max_size=3)


@pytest.mark.parametrize("tokeniser", TEXT_TOKENS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda one: ascii(one)[:20])
def test_hostile_values_come_back(tokeniser: Tokeniser, value: str) -> None:
    token = DOMAIN.pseudonymise(tokeniser, value)
    assert DOMAIN.reidentify(tokeniser, token, reason="test") == value


@given(st.lists(texts, max_size=8))
def test_reversal_is_exact_and_tokens_are_deterministic(values: list[str]) -> None:
    for tokeniser in TEXT_TOKENS:
        tokens = DOMAIN.pseudonymise_column(tokeniser, values)
        assert DOMAIN.reidentify_column(tokeniser, tokens, reason="test") == values
        again = DOMAIN.pseudonymise_column(tokeniser, values)
        assert [a == b for a, b in combinations(tokens, 2)] == (
            [False] * len(list(combinations(values, 2)))
            if isinstance(tokeniser, FreshLookupToken)
            else [a == b for a, b in combinations(values, 2)]
        )
        assert (again == tokens) or isinstance(tokeniser, FreshLookupToken)


@pytest.mark.parametrize(
    "kind", [SivToken, OneWayPseudonym, LookupToken, FreshLookupToken, FormatToken, PhoneToken]
)
def test_lone_surrogates_are_refused_without_the_value(kind: type[Any]) -> None:
    with pytest.raises(ValueRefused) as caught:
        DOMAIN.pseudonymise(kind("t"), "123456789\ud800canary")
    assert "canary" not in str(caught.value)


@given(texts)
@example("")
def test_no_token_is_shared_by_two_places(value: str) -> None:
    if ROTATED.versions().keys() == {1}:
        ROTATED.rotate(reason="test")
    tokens = [
        (kind, domain.place, tokeniser, domain.pseudonymise(tokeniser, value))
        for kind in KINDS
        for domain in PLACES
        for tokeniser in (kind("t"), kind("u"), kind("t", version=2))
    ]
    for (kind, place, one, token), (other_kind, other_place, other, same) in combinations(tokens, 2):
        alike = (kind, place, one) == (other_kind, other_place, other)
        assert (token == same) == alike
        assert (token[7:] == same[7:]) == alike, "not even without prefix and version"


@given(texts)
def test_a_token_never_reverses_elsewhere(value: str) -> None:
    token = DOMAIN.pseudonymise(SivToken("t"), value)
    looked_up = DOMAIN.pseudonymise(LookupToken("t"), value)
    for elsewhere in (SivToken("u"), SivToken("t", version=2), SivToken("t", type=int)):
        with pytest.raises(FieldvaultError):
            DOMAIN.reidentify(elsewhere, token, reason="test")
    for other in (LookupToken("u"), LookupToken("t", version=2)):
        with pytest.raises(TokenRefused):
            DOMAIN.reidentify(other, looked_up, reason="test")
    for domain in PLACES[1:]:
        with pytest.raises(TokenError):
            domain.reidentify(SivToken("t"), token, reason="test")
        with pytest.raises(TokenError):
            domain.reidentify(LookupToken("t"), looked_up, reason="test")


@given(texts, st.data())
def test_an_altered_token_is_refused(value: str, data: st.DataObject) -> None:
    token = DOMAIN.pseudonymise(SivToken("t"), value)
    at = data.draw(st.integers(0, len(token) - 1))
    replaced = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_. =\n\0é"))
    altered = token[:at] + replaced + token[at + 1 :]
    assume(altered != token)
    for torn in (altered, token[:at], token + replaced):
        with pytest.raises(TokenError):
            DOMAIN.reidentify(SivToken("t"), torn, reason="test")


@given(st.one_of(texts, st.none(), st.integers(), st.binary(max_size=20)))
def test_what_is_no_token_is_refused(cell: Any) -> None:
    assume(cell is not None)
    with pytest.raises(TokenError):
        DOMAIN.reidentify(SivToken("t"), cell, reason="test")


# --- formats ---------------------------------------------------------------------------------


@given(digits, st.integers(0, 3), st.integers(0, 3), st.data())
def test_format_tokens_keep_the_format(number: str, first: int, last: int, data: st.DataObject) -> None:
    text = "".join(digit + data.draw(punctuation) for digit in number)
    tokeniser = FormatToken("n", keep_first=first, keep_last=last)
    if len(number) - first - last < 6:
        with pytest.raises(FormatTooSmall):
            DOMAIN.pseudonymise(tokeniser, text)
        return
    token = DOMAIN.pseudonymise(tokeniser, text)
    assert re.sub(r"[0-9]", "0", token) == re.sub(r"[0-9]", "0", text)
    kept = re.sub(r"[^0-9]", "", token)
    assert kept[:first] == number[:first]
    assert kept[len(kept) - last :] == number[len(number) - last :]
    assert DOMAIN.reidentify(tokeniser, token, reason="test") == text
    assert DOMAIN.pseudonymise(tokeniser, text) == token


@given(st.sets(st.characters(exclude_categories=["Cs"]), min_size=2, max_size=80), st.data())
def test_format_tokens_of_any_alphabet(members: set[str], data: st.DataObject) -> None:
    alphabet = "".join(sorted(members))
    text = data.draw(st.text(alphabet, min_size=20, max_size=60))
    token = DOMAIN.pseudonymise(FormatToken("n", alphabet), text)
    assert len(token) == len(text)
    assert set(token) <= members
    assert DOMAIN.reidentify(FormatToken("n", alphabet), token, reason="test") == text


@pytest.mark.parametrize("text", ["١٢٣٤٥٦٧٨", "1234567٣", "Ⅷ1234567", "1234567½", "123456\uff17"])
def test_a_number_of_another_script_does_not_slip_through(text: str) -> None:
    for tokeniser in (FormatToken("n"), PhoneToken("p")):
        with pytest.raises((ValueRefused, FormatTooSmall)):
            DOMAIN.pseudonymise(tokeniser, text)


def test_format_tokens_of_two_places_differ() -> None:
    numbers = [f"{number:012}" for number in range(40)]
    seen = [
        tuple(domain.pseudonymise_column(tokeniser, numbers))
        for domain in PLACES[:4]
        for tokeniser in (FormatToken("n"), FormatToken("m"), FormatToken("n", version=2), PhoneToken("n"))
    ]
    assert not any(set(one) & set(other) for one, other in combinations(seen, 2))


@st.composite
def cards(draw: st.DrawFn) -> str:
    body = draw(st.text("0123456789", min_size=11, max_size=18))
    check = next(digit for digit in "0123456789" if luhn_sum(body + digit) % 10 == 0)
    separator = draw(st.sampled_from(["", " ", "-"]))
    return separator.join([(body + check)[at : at + 4] for at in range(0, len(body) + 1, 4)])


@given(cards(), st.sampled_from(Luhn), st.sampled_from([0, 4, 5]), st.sampled_from([0, 1]))
def test_cards(card: str, luhn: Luhn, last: int, first: int) -> None:
    tokeniser = CardToken("c", luhn, keep_first=first, keep_last=last)
    numerals = re.sub(r"[^0-9]", "", card)
    if len(numerals) - first - last - 1 < 6:
        with pytest.raises(FormatTooSmall):
            DOMAIN.pseudonymise(tokeniser, card)
        return
    token = DOMAIN.pseudonymise(tokeniser, card)
    made = re.sub(r"[^0-9]", "", token)
    assert re.sub("[0-9]", "0", token) == re.sub("[0-9]", "0", card)
    assert (luhn_sum(made) % 10 == 0) == (luhn is Luhn.VALID)
    assert made[:first] == numerals[:first]
    assert made[len(made) - last :] == numerals[len(numerals) - last :]
    assert DOMAIN.reidentify(tokeniser, token, reason="test") == card
    broken = made[:-1] + str((int(made[-1]) + 1) % 10)
    with pytest.raises(TokenError):
        DOMAIN.reidentify(tokeniser, broken, reason="test")


@pytest.mark.parametrize(
    "text", ["", "4111111111111112", "4111 1111 1111 1111x", "41111111111", "4" * 20, "٤" * 16]
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        DOMAIN.pseudonymise(CardToken("c", Luhn.VALID), text)


@given(st.sampled_from(["1", "7", "44", "91", "962", "998"]), st.text("0123456789", min_size=6, max_size=12))
def test_phones_keep_country_and_punctuation(country: str, rest: str) -> None:
    text = f" +{country} ({rest[:2]}) {rest[2:]}"
    token = DOMAIN.pseudonymise(PhoneToken("p"), text)
    assert token.startswith(f" +{country} (")
    assert re.sub("[0-9]", "0", token) == re.sub("[0-9]", "0", text)
    assert DOMAIN.reidentify(PhoneToken("p"), token, reason="test") == text


@pytest.mark.parametrize("text", ["+999 123 456 789", "+0 123456789", "+", "", "call 123 456 789", "+44 12"])
def test_phones_of_unknown_countries_and_short_ones_are_refused(text: str) -> None:
    with pytest.raises((ValueRefused, FormatTooSmall)):
        DOMAIN.pseudonymise(PhoneToken("p"), text)


# --- dates -----------------------------------------------------------------------------------

subjects = st.one_of(st.integers(), st.text(min_size=1), st.uuids(), st.binary(min_size=1)).filter(
    lambda one: not isinstance(one, str) or all(category(character) != "Cs" for character in one)
)
zones = st.sampled_from([None, timezone(timedelta(hours=5, minutes=30))])
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001


@given(
    st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=2, max_size=5), subjects, st.integers(1, 400)
)
def test_dates_keep_their_intervals(values: list[date], subject: Any, days: int) -> None:
    owners = [subject] * len(values)
    for kind in (DateShift, NeverZeroDateShift):
        tokeniser = kind("visits", days)
        moved = DOMAIN.pseudonymise_column(tokeniser, values, subjects=owners)
        shifts = {there - here for here, there in zip(values, moved, strict=True)}
        assert len(shifts) == 1
        assert abs(shifts.pop().days) <= days
        assert kind is DateShift or moved != values
        assert DOMAIN.reidentify_column(tokeniser, moved, subjects=owners, reason="test") == values


@given(moments, st.booleans())
def test_moments_keep_their_time_of_day(moment: datetime, fold: bool) -> None:
    moment = moment.replace(fold=int(fold))
    tokeniser = NeverZeroDateShift("visits", 30, type=datetime)
    moved = DOMAIN.pseudonymise(tokeniser, moment, subject=7)
    assert (moved.timetz(), moved.fold) == (moment.timetz(), moment.fold)
    back = DOMAIN.reidentify(tokeniser, moved, subject=7, reason="test")
    assert (back, back.tzinfo, back.fold) == (moment, moment.tzinfo, moment.fold)


def test_shifts_are_spread_over_all_days_and_differ_by_subject_and_domain() -> None:
    numbers, day = list(range(2000)), date(2000, 1, 1)
    for tokeniser, expected in ((DateShift("v", 3), 7), (NeverZeroDateShift("v", 3), 6)):
        moved = DOMAIN.pseudonymise_column(tokeniser, [day] * 2000, subjects=numbers)
        counts = [moved.count(day + timedelta(days=shift)) for shift in range(-3, 4)]
        assert sum(counts) == 2000
        assert sum(count > 1500 / expected for count in counts) == expected
        assert moved != PLACES[1].pseudonymise_column(tokeniser, [day] * 2000, subjects=numbers)


@pytest.mark.parametrize("subject", [None, "", b"", True, 1.5])
def test_a_date_of_nobody_is_refused(subject: Any) -> None:
    result = DOMAIN.pseudonymise_column_partially(DateShift("v", 3), [date(2000, 1, 1)], subjects=[subject])
    assert isinstance(result.failures[0], ValueRefused)


def test_dates_at_the_ends_of_time_are_refused() -> None:
    tokeniser = NeverZeroDateShift("v", 30)
    result = DOMAIN.pseudonymise_column_partially(tokeniser, [date.min, date.max] * 20, subjects=list(range(40)))
    assert 10 < len(result.failures) < 40
    assert {type(error) for error in result.failures.values()} == {ValueRefused}


# --- free text -------------------------------------------------------------------------------

SURROGATES = Surrogates({"EMAIL": SivToken("email"), "NAME": LookupToken("name"), "EMAIL_2": SivToken("second")})
pieces = st.one_of(
    texts, st.sampled_from(["EMAIL(", "EMAIL(9):", "NAME", "A", "(36):", "EMAIL(1", "ft1.01.", ")", ":"])
)


@given(st.lists(st.tuples(pieces, texts.filter(bool), st.sampled_from(list(SURROGATES.types))), max_size=4), pieces)
def test_what_is_embedded_is_found_and_reversed(parts: list[tuple[str, str, str]], end: str) -> None:
    text, spans = "", []
    for before, value, kind in parts:
        text += before
        spans.append((len(text), len(text) + len(value), kind))
        text += value
    text += end
    try:
        embedded = SURROGATES.embed(DOMAIN, text, spans)
    except ValueRefused:
        assert re.search(r"(EMAIL|NAME|EMAIL_2)\(\d+\):", text)
        return
    assert [one.type for one in SURROGATES.find(embedded)] == [kind for _, _, kind in spans]
    assert SURROGATES.reverse(DOMAIN, embedded, reason="test") == text


def test_a_header_inside_a_value_is_hidden_and_one_beside_it_refused() -> None:
    text = "see EMAIL(9): here"
    assert SURROGATES.reverse(DOMAIN, SURROGATES.embed(DOMAIN, text, [(4, 13, "NAME")]), reason="test") == text
    for span in ((0, 3, "NAME"), (14, 18, "NAME")):
        with pytest.raises(ValueRefused):
            SURROGATES.embed(DOMAIN, text, [span])


def test_what_looks_like_a_header_inside_a_reversed_token_is_none() -> None:
    values = (f"value {number}" for number in range(100_000))
    tails = ("A", "B", "C")
    short = Surrogates({tail: SivToken("t") for tail in tails})
    value = next(one for one in values if DOMAIN.pseudonymise(SivToken("t"), one)[-1] in tails)
    token = DOMAIN.pseudonymise(SivToken("t"), value)
    text = f"A({len(token)}):{token}(5):12345"
    assert len(short.find(text)) == 2
    assert short.reverse(DOMAIN, text, reason="test") == f"{value}(5):12345"


@given(st.lists(pieces, max_size=12).map("".join))
def test_hostile_text_is_never_reversed_by_chance(text: str) -> None:
    assert SURROGATES.reverse(DOMAIN, text, reason="test", damaged=Damaged.KEEP) == text
    if SURROGATES.find(text):
        with pytest.raises(TokenError):
            SURROGATES.reverse(DOMAIN, text, reason="test")
        with pytest.raises(ValueRefused):
            SURROGATES.embed(DOMAIN, text, [])
    else:
        assert SURROGATES.reverse(DOMAIN, text, reason="test") == text


@given(texts.filter(lambda text: "(" not in text), st.integers(0, 200), st.integers(0, 200))
def test_a_damaged_surrogate_harms_no_other(value: str, cut: int, at: int) -> None:
    assume(value)
    whole = SURROGATES.embed(DOMAIN, value, [(0, len(value), "EMAIL")])
    torn = whole[: min(cut, len(whole) - 1)]
    text = f"{torn} | {whole}" if at % 2 else f"{whole} | {torn}"
    kept = SURROGATES.reverse(DOMAIN, text, reason="test", damaged=Damaged.KEEP)
    assert kept in (f"{torn} | {value}", f"{value} | {torn}")
