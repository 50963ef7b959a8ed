"""The library against token-v1.json."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from plugins.pseudonyms_kit import bench_under, detokenised, tokenised

from fieldvault.errors import TokenError
from fieldvault.keyring.clock import SystemClock
from fieldvault.normalise import EMAIL, TEXT, Phone
from fieldvault.pseudonyms import (
    CardToken,
    DateShift,
    FormatToken,
    LookupToken,
    Luhn,
    NeverZeroDateShift,
    OneWayPseudonym,
    PhoneToken,
    SivToken,
    Tokeniser,
    TokenRecord,
)
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.sealing import TokenSealing
from fieldvault.token_table import MemoryTokenTable
from vectors.typed import names, vectors

FILE = vectors("token-v1")
LOOKUPS = [case for case in FILE["positive"] if case["kind"] == "lookup"]
OTHERS = [case for case in FILE["positive"] if case["kind"] != "lookup"]
NORMALISERS = {"email@1": EMAIL, "text@1": TEXT, "": None}


def tokeniser_of(case: dict[str, Any]) -> Tokeniser:
    named = {"name": case["token_name"], "version": case["declared"]}
    kept = {"keep_first": case.get("first", 0), "keep_last": case.get("last", 0)}
    normaliser = case.get("normaliser", "")
    match case["kind"]:
        case "siv":
            return SivToken(type=type(case["value"]), normaliser=NORMALISERS[normaliser], **named)
        case "one-way":
            return OneWayPseudonym(bits=case["bits"], **named)
        case "ff1":
            return FormatToken(alphabet=case["alphabet"], **kept, **named)
        case "ff1-card":
            return CardToken(luhn=Luhn(case["luhn"]), **kept, **named)
        case "ff1-phone":
            return PhoneToken(normaliser=Phone(case["region"]) if normaliser else None, **named)
        case "date-shift":
            kind = DateShift if case["rule"] == "any" else NeverZeroDateShift
            return kind(days=case["days"], **named)
        case "lookup":
            return LookupToken(normaliser=NORMALISERS[normaliser], **named)
    raise AssertionError(case["kind"])


def place_of(case: dict[str, Any]) -> DomainPlace:
    return DomainPlace(case["tenant"], case["domain"])


def value_and_token(case: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Value, token, and the value that comes back, as the tokeniser takes them."""
    value, token = case["value"], case["token"]
    if case["kind"] == "date-shift":
        pair = (date.fromisoformat(value), case["subject"])
        return pair, date.fromisoformat(token), pair[0]
    return value, token, case.get("normalised", value)


@pytest.mark.parametrize("case", OTHERS, ids=names(OTHERS))
def test_tokens(case: dict[str, Any]) -> None:
    tokeniser = tokeniser_of(case)
    bench = bench_under(bytes.fromhex(case["data_key"]), place_of(case), case["version"])
    assert bench.key is not None
    assert bench.key.key_id.hex() == case["data_key_id"]
    assert tokeniser.place(bench.place, case["version"]).hex() == case["place"]
    value, token, back = value_and_token(case)
    made = tokenised(tokeniser, [value], bench)
    assert (made.values, made.failures) == ([token], {})
    if tokeniser.reversible:
        given = (token, case["subject"]) if tokeniser.per_subject else token
        opened = detokenised(tokeniser, [given], bench)
        assert (list(opened.values), opened.failures) == ([back], {})


@pytest.mark.parametrize("case", LOOKUPS, ids=names(LOOKUPS))
def test_look_up_tokens(case: dict[str, Any]) -> None:
    tokeniser, place, table = tokeniser_of(case), place_of(case), MemoryTokenTable()
    bench = bench_under(
        bytes.fromhex(case["data_key"]), place, case["version"], TokenSealing(place, table, None, SystemClock())
    )
    made = tokenised(tokeniser, [case["value"]], bench)
    assert list(table.tokens_of(place, [bytes.fromhex(case["lookup"])])), "the look-up index is the vector's"
    assert made.values != [case["token"]]
    table.erase(place)
    record = TokenRecord(
        bytes.fromhex(case["random"]),
        case["token_name"],
        case["version"],
        bytes.fromhex(case["lookup"]),
        bytes.fromhex(case["sealed"]),
        None,
        datetime.now(UTC),
    )
    table.add(place, [record])
    assert tokenised(tokeniser, [case["value"]], bench).values == [case["token"]]
    opened = detokenised(tokeniser, [case["token"]], bench)
    assert list(opened.values) == [case.get("normalised", case["value"])]


@pytest.mark.parametrize("case", FILE["negative"], ids=names(FILE["negative"]))
def test_texts_that_a_reader_must_refuse(case: dict[str, Any]) -> None:
    bench = bench_under(bytes.fromhex(case["data_key"]), DomainPlace("acme", "research"))
    opened = detokenised(SivToken("email"), [case["text_form"]], bench)
    error = opened.failures[0]
    assert isinstance(error, TokenError)
    assert error.stage is not None
    assert error.stage.value == case["stage"]
    assert list(opened.values) == []


@pytest.mark.parametrize("group", FILE["distinct"], ids=names(FILE["distinct"]))
def test_a_difference_in_any_one_input_is_a_difference_in_the_token(group: dict[str, Any]) -> None:
    tokens = []
    for case in group["sets"]:
        bench = bench_under(bytes.fromhex(case["data_key"]), place_of(case), case["version"])
        [token] = tokenised(tokeniser_of(case), [case["value"]], bench).values
        assert token == case["token"]
        tokens.append(token[7:])
    assert len(set(tokens)) == len(tokens)
