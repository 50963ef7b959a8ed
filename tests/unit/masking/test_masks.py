from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from fieldvault.masking import (
    CardMask,
    CustomMask,
    DateMask,
    EmailMask,
    FullMask,
    IbanMask,
    LastMask,
    Mask,
    NameMask,
    PartialMask,
    PhoneMask,
)

SHOWN = [
    (FullMask(), "Ann Smith", "***"),
    (FullMask(), "", "***"),
    (FullMask(), None, "***"),
    (EmailMask(), "ann@example.com", "a***@example.com"),
    (EmailMask(), "a@b.c", "***@b.c"),
    (EmailMask(), "ab@b.c", "a***@b.c"),
    (EmailMask(domain="hidden"), "ann@example.com", "a***@***"),
    (EmailMask(), "@example.com", "***"),
    (EmailMask(), "ann@", "***"),
    (EmailMask(), "ann", "***"),
    (EmailMask(), "ann@work@example.com", "***"),
    (EmailMask(), "Ann Smith <ann@example.com>", "***"),
    (EmailMask(), "用户名@例え.jp", "用***@例え.jp"),
    (PhoneMask(), "+49 170 1234567", "***67"),
    (PhoneMask(last=3), "(0170) 123-4567", "***567"),
    (PhoneMask(), 491701234567, "***67"),
    (PhoneMask(), "110", "***"),
    (PhoneMask(), "123456 ext. Ann", "***"),
    (PhoneMask(), "٠١٢٣٤٥٦٧٨٩", "***"),
    (CardMask(), "4111 1111 1111 1234", "***1234"),
    (CardMask(), "4111-1111-1111-1234", "***1234"),
    (CardMask(), 4111111111111234, "***1234"),
    (CardMask(), "12345678901", "***"),
    (CardMask(), "4111 1111 1111 1234 exp 12/29", "***"),
    (IbanMask(), "DE89 3704 0044 0532 0130 00", "DE***3000"),
    (IbanMask(), "de89370400440532013000", "DE***3000"),
    (IbanMask(), "DE89", "***"),
    (IbanMask(), "ßE89370400440532013000", "***"),
    (NameMask(), "Ann Smith", "A*** S***"),
    (NameMask(), "王小明", "王***"),
    (NameMask(), "A Smith", "*** S***"),
    (NameMask(), "Pablo Diego José Francisco de Paula", "P*** D*** J*** F***"),
    (NameMask(), "  ", "***"),
    (NameMask(), "", "***"),
    (DateMask(), date(1984, 5, 6), "1984-***"),
    (DateMask(), datetime(1984, 5, 6, 7, tzinfo=UTC), "1984-***"),
    (DateMask(), date(84, 5, 6), "0084-***"),
    (DateMask(), "1984-05-06", "1984-***"),
    (DateMask(), "6 May 1984", "***"),
    (LastMask(4), "12345678", "***5678"),
    (LastMask(4), "1234567", "***"),
    (PartialMask(first=2, last=2), "abcdwxyz", "ab***yz"),
    (PartialMask(first=2, last=2), "abcdxyz", "***"),
    (PartialMask(), "abcd", "***"),
    (PartialMask(), "", "***"),
    (CustomMask(lambda text: text[:3]), "ANN-4711", "ANN"),
]


@pytest.mark.parametrize(("mask", "value", "shown"), SHOWN)
def test_what_is_shown(mask: Mask, value: object, shown: str) -> None:
    assert mask.mask(value) == shown


class Liar(str):
    """Says of itself whatever it likes."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __format__ = __len__ = __iter__ = __getitem__ = __str__  # type: ignore[assignment]


class Spoofed:
    __class__ = str  # type: ignore[assignment]


HOSTILE = [
    None,
    b"ann@example.com",
    1.5,
    Decimal("NaN"),
    True,
    10**5000,
    ["ann@example.com"],
    {"email": "ann@example.com"},
    Spoofed(),
    object,
    "a" * 1001 + "@example.com",
    "x" * 1_000_000,
    "\ud800@example.com",
    "a\x00b@example.com",
    "ann\x1b[31m@example.com",
    "\u202egnitset@example.com",
    "a" + "\u0301" * 40,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "mask",
    [
        FullMask(),
        EmailMask(),
        PhoneMask(),
        CardMask(),
        IbanMask(),
        NameMask(),
        DateMask(),
        LastMask(1),
        PartialMask(1, 1),
    ],
    ids=repr,
)
def test_hostile_values_are_hidden_and_never_raise(mask: Mask, value: object) -> None:
    shown = mask.mask(value)
    assert shown.isprintable()
    assert len(shown.replace("example.com", "")) <= len("a***@")


def test_a_text_that_lies_is_read_by_its_true_content() -> None:
    assert EmailMask().mask(Liar("ann@example.com")) == "a***@example.com"


def test_a_custom_mask_that_fails_hides_all() -> None:
    def failing(text: str) -> str:
        raise ValueError(text)

    assert CustomMask(failing).mask("ann") == "***"
    assert CustomMask(lambda text: None).mask("ann") == "***"  # type: ignore[arg-type, return-value]
    assert CustomMask(lambda text: f"{text}\n").mask("ann") == "***"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("e\u0301milie", "e\u0301***"),
        ("👨\u200d👩\u200d👧abc", "***"),  # a joiner is not printable
        ("🇩🇪🇫🇷🇮🇹🇪🇸", "🇩🇪***"),
        ("👍🏽👍🏽", "👍🏽***"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "\u1112\u1161\u11ab***"),
        ("한글", "한***"),
        ("नमस्ते", "न***"),
    ],
)
def test_no_character_is_cut_in_two(name: str, shown: str) -> None:
    assert PartialMask(first=1).mask(name) == shown


@pytest.mark.parametrize(
    "make", [lambda: PartialMask(-1), lambda: LastMask(0), lambda: PhoneMask(4), lambda: EmailMask(domain="half")]
)
def test_masks_that_make_no_sense_are_refused(make: object) -> None:
    with pytest.raises(ValueError):
        make()  # type: ignore[operator]


def test_masks_are_values() -> None:
    assert EmailMask() == EmailMask() != EmailMask(domain="hidden")
    assert hash(LastMask(4)) == hash(LastMask(4))
