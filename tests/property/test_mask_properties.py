from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.masking import (
    CardMask,
    DateMask,
    EmailMask,
    IbanMask,
    LastMask,
    Mask,
    NameMask,
    PartialMask,
    PhoneMask,
)
from fieldvault.masking.graphemes import graphemes

MASKS = [EmailMask(), NameMask(), PhoneMask(), CardMask(), IbanMask(), DateMask(), LastMask(4), PartialMask(1, 2)]
TEXTS = st.text(st.characters(codec=None), max_size=80) | st.text("ab@. 01é\u0301👍🏽", max_size=30)
EMAILS = st.from_regex(r"[a-zé]{1,12}@[a-z]{1,8}\.[a-z]{1,3}", fullmatch=True)


@pytest.mark.parametrize("mask", MASKS, ids=repr)
@given(value=TEXTS | EMAILS | st.dates() | st.integers() | st.binary() | st.none() | st.floats())
def test_a_mask_never_raises_and_never_shows_the_value(mask: Mask, value: object) -> None:
    shown = mask.mask(value)
    assert type(shown) is str
    assert shown.isprintable()
    assert "***" in shown
    if value not in ("", "*", "**", "***"):
        assert str(value) not in shown


@given(value=TEXTS, first=st.integers(0, 5), last=st.integers(0, 5))
def test_a_partial_mask_shows_at_most_what_it_declares_and_half(value: str, first: int, last: int) -> None:
    shown = PartialMask(first, last).mask(value)
    begin, _, end = shown.partition("***")
    assert value.startswith(begin)
    assert value.endswith(end)
    assert len(graphemes(begin) or []) <= first
    assert len(graphemes(end) or []) <= last
    assert 2 * len(begin + end) <= len(value) or len(graphemes(value) or []) >= 2 * (first + last)


@given(value=EMAILS)
def test_an_email_mask_shows_one_character_before_the_at(value: str) -> None:
    local, _, domain = value.partition("@")
    assert EmailMask().mask(value) == f"{local[0] if len(local) > 1 else ''}***@{domain}"


@given(value=st.text(max_size=60))
def test_characters_put_together_are_the_text(value: str) -> None:
    found = graphemes(value)
    assert found is None or "".join(found) == value
