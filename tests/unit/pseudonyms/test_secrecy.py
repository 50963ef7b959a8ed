"""No value, key or token in an error, in what hangs on it, or in the locals of our frames in its traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plugins.pseudonyms_kit import made_domain
from plugins.secrecy import found_in, shown_by

from fieldvault.errors import FieldvaultError, KekUnavailable, TokenTableUnavailable
from fieldvault.normalise import EMAIL
from fieldvault.pseudonyms import (
    CardToken,
    Domain,
    FormatToken,
    LookupToken,
    Luhn,
    PhoneToken,
    SivToken,
    Surrogates,
    Tokeniser,
    link,
)
from fieldvault.testing import FakeKek, memory_keyrings
from fieldvault.token_table import MemoryTokenTable

CANARY = "canary-7319-4242"


class BrokenTable(MemoryTokenTable):
    def tokens_of(self, place: Any, lookups: Any) -> dict[bytes, bytes]:
        raise TokenTableUnavailable("away")


def with_broken_kek() -> Domain:
    kek = FakeKek()
    domain = made_domain(sealing_kek=kek)
    kek.fail_with(KekUnavailable("away"))
    return domain


def cold() -> Domain:
    kek = FakeKek()
    keyrings = memory_keyrings(kek=kek)
    made_domain(keyrings=keyrings)
    kek.fail_with(KekUnavailable("away"))
    anew = memory_keyrings(kek=kek, store=keyrings.store)
    return Domain("research", anew, tenant="acme", audit=made_domain()._account._sink)


EMAIL_TOKEN = SivToken("email", EMAIL)
CASES: dict[str, Callable[[], Any]] = {
    "not-normalisable": lambda: made_domain().pseudonymise(EMAIL_TOKEN, CANARY),
    "column": lambda: made_domain().pseudonymise_column(EMAIL_TOKEN, ["ann@example.com", CANARY]),
    "lone-surrogate": lambda: made_domain().pseudonymise(SivToken("t"), CANARY + "\ud800"),
    "card": lambda: made_domain().pseudonymise(CardToken("c", Luhn.VALID), CANARY),
    "phone": lambda: made_domain().pseudonymise(PhoneToken("p"), "+999 " + CANARY),
    "too-small": lambda: made_domain().pseudonymise(FormatToken("n", "xyz"), CANARY),
    "unknown-domain": lambda: Domain("a", memory_keyrings(), tenant=None).pseudonymise(SivToken("t"), CANARY),
    "no-table": lambda: made_domain(table=None).pseudonymise(LookupToken("t"), CANARY),
    "table-away": lambda: made_domain(table=BrokenTable()).pseudonymise(LookupToken("t"), CANARY),
    "sealing-kek-away": lambda: with_broken_kek().pseudonymise(LookupToken("t"), CANARY),
    "kek-away": lambda: cold().pseudonymise(SivToken("t"), CANARY),
    "no-token": lambda: made_domain().reidentify(SivToken("t"), CANARY, reason="test"),
    "forged-token": lambda: made_domain().reidentify(SivToken("t"), "ft1.01." + CANARY * 3, reason="test"),
    "no-reason": lambda: made_domain().reidentify(SivToken("t"), CANARY, reason=""),
    "not-a-list": lambda: made_domain().pseudonymise_column(SivToken("t"), CANARY),
    "subject": lambda: made_domain().pseudonymise(SivToken("t"), "x", subject=CANARY),
    "link": lambda: link(made_domain(), made_domain("ads"), SivToken("t"), [CANARY], reason="test"),
    "text": lambda: Surrogates({"A": SivToken("t")}).embed(made_domain(), f"A(3):{CANARY}", []),
    "text-back": lambda: Surrogates({"A": SivToken("t")}).reverse(made_domain(), f"A(9):{CANARY}", reason="test"),
}


@pytest.mark.parametrize("case", CASES)
def test_errors_show_no_value(case: str) -> None:
    with pytest.raises(FieldvaultError) as caught:
        CASES[case]()
    assert not found_in(shown_by(caught.value), [CANARY])


@pytest.mark.parametrize("tokeniser", [SivToken("t"), LookupToken("t"), FormatToken("t")], ids=lambda one: one.kind)
def test_declarations_are_shown_and_keys_are_not(tokeniser: Tokeniser) -> None:
    domain = made_domain()
    domain.pseudonymise(tokeniser, "1234567890")
    [key_id] = [record.key_id for record in domain._keys.records()]
    key = domain._keys._keyring.keys([key_id])[key_id]
    for shown in (repr(tokeniser), repr(domain), repr(key), repr(domain._keys), repr(domain._sealing)):
        assert "1234567890" not in shown
    made = key._token_keys  # type: ignore[union-attr]
    assert made
    assert {repr(one) for one in made.values()} <= {"<SivKey>", "<MacKey>", "<SealKey>", "<Ff1Key>"}
