"""phone@1: differently written numbers of one line, and what is no number."""

# ruff: noqa: RUF001
from __future__ import annotations

import sys

import pytest

from fieldvault.errors import MissingExtra, NotIndexable, SchemaError
from fieldvault.normalise import Phone, phone


@pytest.mark.parametrize(
    ("region", "written", "normalised"),
    [
        ("IN", ["+91 98765 43210", "098765 43210", "98765-43210", "0091 9876543210", "(+91) 98765.43210",
                "९८७६५ ४३२१०"], b"+919876543210"),
        ("GB", ["+44 (0)20 7946 0018", "020 7946 0018", "(020) 7946-0018", "0044 20 7946 0018",
                "tel:+44-20-7946-0018", "\u00a002079460018\n"], b"+442079460018"),
        ("JO", ["+962 7 9123 4567", "079 123 4567", "00962 79 1234567", "٠٧٩١٢٣٤٥٦٧", "+٩٦٢ ٧٩ ١٢٣ ٤٥٦٧",
                "\u200e+962-79-123-4567"], b"+962791234567"),
        ("US", ["+1 212 555 0123", "(212) 555-0123", "212.555.0123", "1-212-555-0123", "011 1 212 555 0123"],
         b"+12125550123"),
        ("US", ["+1 212-555-0123 x45", "212 555 0123 ext. 45", "tel:+1-212-555-0123;ext=45",
                "2125550123 extension 45", "(212) 555-0123 #45", "2125550123 x٤٥"], b"+12125550123;ext=45"),
    ],
)  # fmt: skip
def test_differently_written_numbers_are_one(region: str, written: list[str], normalised: bytes) -> None:
    assert Phone(region).normalise_many(written) == [normalised] * len(written)


def test_the_region_reads_national_numbers_and_is_no_part_of_the_result() -> None:
    international = "+962 7 9123 4567"
    assert {Phone(region).normalise(international) for region in ("IN", "GB", "JO", "US", None)} == {
        b"+962791234567"
    }
    assert {Phone(region).name for region in ("GB", None)} == {"phone@1"}
    assert Phone("GB").normalise("020 7946 0018") != Phone("IN").normalise("020 7946 0018")


def test_an_extension_is_another_line_and_its_zeros_count() -> None:
    plain, one, zero = Phone("US").normalise_many(["2125550123", "2125550123 x1", "2125550123 x01"])
    assert len({plain, one, zero}) == 3


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("GB", ""),
        ("GB", "n/a"),
        ("GB", "12"),
        ("GB", "112"),
        ("GB", "020 7946 0018 / 020 7946 0019"),
        ("GB", "020794600180207946001802079460018"),
        ("GB", "+999 123456789"),
        ("GB", "x" * 300),
        ("GB", "call 020 7946 0018"),
        ("GB", "office 020 7946 0018 x5"),
        ("GB", "+442079460018;phone-context=+44"),
        ("JO", "0791234567 mob"),
        ("US", "1-800-FLOWERS"),
        ("US", "253-0000"),
        (None, "020 7946 0018"),
        (None, "0044 20 7946 0018"),
        ("GB", "020 7946 0018\ud800"),
    ],
)
def test_what_is_no_number_is_refused(region: str | None, text: str) -> None:
    with pytest.raises(NotIndexable):
        Phone(region).normalise(text)


def test_without_a_region_the_error_says_what_is_missing() -> None:
    with pytest.raises(NotIndexable, match="default region"):
        Phone(None).normalise("020 7946 0018")


@pytest.mark.parametrize("region", ["", "UK", "gb", "XX", "GBR"])
def test_an_unknown_region_is_refused_where_it_is_declared(region: str) -> None:
    with pytest.raises(SchemaError):
        Phone(region)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    phone._library.cache_clear()
    with pytest.raises(MissingExtra) as caught:
        Phone("GB")
    assert caught.value.extra == "search"
