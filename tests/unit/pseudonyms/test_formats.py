"""Format-preserving tokens: what a rehearsal says is what happens, and no declaration lets letters through."""

from __future__ import annotations

import pytest
from plugins.pseudonyms_kit import made_domain

from fieldvault.columns.column import Column
from fieldvault.errors import FormatTooSmall, SchemaError, TokenMalformed, ValueRefused
from fieldvault.normalise import NAME, TEXT, OrAsText, Phone
from fieldvault.pseudonyms import CardToken, FormatToken, Luhn, PhoneToken

CARD = "4111 1111 1111 1111"


def checked_value(token: CardToken, text: str) -> Column:
    column = Column([text])
    token.check_values(column)
    return column


@pytest.mark.parametrize("luhn", Luhn)
def test_a_rehearsal_finds_what_is_no_card_and_no_token(luhn: Luhn) -> None:
    card = CardToken("card", luhn, keep_last=4)
    assert checked_value(card, CARD).failures == {}
    assert isinstance(checked_value(card, CARD[:-1] + "2").failures[0], ValueRefused)
    token = made_domain().pseudonymise(card, CARD)
    for last, expected in ((token[-6], None), (str((int(token[-6]) + 1) % 10), TokenMalformed)):
        column = Column([token[:-6] + last + token[-5:]])
        card.check_tokens(column)
        assert type(column.failures.get(0)) is (expected or type(None))


@pytest.mark.parametrize("normaliser", [OrAsText(Phone("GB")), NAME, TEXT], ids=repr)
def test_a_phone_token_takes_no_normaliser_that_leaves_words(normaliser: object) -> None:
    with pytest.raises(SchemaError, match="does not give telephone numbers"):
        PhoneToken("phone", normaliser)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alphabet", "length"), [("0123456789", 6), ("AB", 20), ("ABC", 13), ("0123456789ABCDEF", 5)]
)
def test_a_million_tokens_or_more(alphabet: str, length: int) -> None:
    domain, token = made_domain(), FormatToken("n", alphabet)
    assert len(alphabet) ** length >= 10**6 > len(alphabet) ** (length - 1)
    text = alphabet[0] * length
    assert domain.reidentify(token, domain.pseudonymise(token, text), reason="test") == text
    with pytest.raises(FormatTooSmall):
        domain.pseudonymise(token, text[1:])
    kept = FormatToken("k", alphabet, keep_last=1)
    with pytest.raises(FormatTooSmall):
        domain.pseudonymise(kept, text)


@pytest.mark.parametrize(("length", "keep_first", "keep_last", "fits"), [
    (16, 0, 4, True), (16, 5, 4, True), (16, 6, 4, False), (13, 2, 4, True), (13, 3, 4, False), (12, 5, 0, True),
    (12, 6, 0, False), (16, 16, 16, False),
])  # fmt: skip
def test_kept_digits_and_the_free_one_shrink_a_cards_domain(
    length: int, keep_first: int, keep_last: int, fits: bool
) -> None:
    text = "4" + "0" * (length - 2)
    card = next(
        text + digit
        for digit in "0123456789"
        if not checked_value(CardToken("c", Luhn.VALID), text + digit).failures
    )
    token = CardToken("card", Luhn.INVALID, keep_first, keep_last)
    domain = made_domain()
    if fits:
        assert domain.reidentify(token, domain.pseudonymise(token, card), reason="test") == card
    else:
        with pytest.raises(FormatTooSmall):
            domain.pseudonymise(token, card)
