"""Type-checks pseudonyms as a user would: nothing here runs, mypy reads it (`make lint`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, assert_type

from fieldvault import BatchResult, Keyrings
from fieldvault.audit import JsonLinesAudit
from fieldvault.errors import DomainDiscarded, Stage, TokenError
from fieldvault.normalise import EMAIL, Phone
from fieldvault.ports import AuditSink, KekProvider, KeyState
from fieldvault.pseudonyms import (
    CardToken,
    Damaged,
    DateShift,
    Discarded,
    Domain,
    FormatToken,
    FreshLookupToken,
    LookupToken,
    Luhn,
    NeverZeroDateShift,
    OneWayPseudonym,
    PhoneToken,
    SivToken,
    Surrogate,
    Surrogates,
    Tokeniser,
    TokenTable,
    link,
)
from fieldvault.token_table import MemoryTokenTable, SqlTokenTable


def declare() -> list[Tokeniser]:
    return [
        SivToken("email", normaliser=EMAIL),
        SivToken("customer", type=int, version=2),
        OneWayPseudonym("email", bits=64),
        LookupToken("iban"),
        FreshLookupToken("note"),
        CardToken("card", Luhn.INVALID, keep_last=4),
        PhoneToken("phone", normaliser=Phone("JO")),
        FormatToken("account", alphabet="0123456789ABCDEF", keep_first=2),
        DateShift("visits", 30),
        NeverZeroDateShift("visits", 30, type=datetime),
    ]


def compose(keyrings: Keyrings, kek: KekProvider, url: str) -> list[Domain]:
    table: TokenTable = SqlTokenTable(url, timeout=5)
    audit: AuditSink = JsonLinesAudit("audit.jsonl")
    return [
        Domain("research", keyrings, tenant="acme", audit=audit, table=table, sealing_kek=kek),
        Domain("research", keyrings, tenant=None, table=MemoryTokenTable()),
    ]


def use(domain: Domain, other: Domain, email: SivToken, values: list[str]) -> None:
    domain.create(reason="study 12", actor="ann")
    tokens = domain.pseudonymise_column(email, values)
    assert_type(domain.pseudonymise_column_partially(email, values), BatchResult[Any])
    domain.pseudonymise(DateShift("visits", 30), datetime.now(UTC), subject=7)
    domain.reidentify(email, tokens[0], reason="ticket 4711", version=1, actor="ann")
    assert_type(domain.reidentify_column_partially(email, tokens, reason="ticket 4711"), BatchResult[Any])
    link(domain, other, email, tokens, reason="merger", target_tokeniser=SivToken("mail"))
    assert_type(domain.versions(), dict[int, KeyState])
    assert_type(domain.discard(reason="over"), Discarded)


def text(domain: Domain) -> str:
    surrogates = Surrogates({"EMAIL": SivToken("email")})
    assert_type(surrogates.find("…"), list[Surrogate])
    hidden = surrogates.embed(domain, "ann@example.com", [(0, 15, "EMAIL")])
    surrogates.reverse_many(domain, [hidden, None], reason="ticket 4711")
    return surrogates.reverse(domain, hidden, reason="ticket 4711", damaged=Damaged.KEEP)


def failures(domain: Domain, email: SivToken) -> str:
    try:
        domain.reidentify(email, "ft1.01.…", reason="ticket 4711")
    except DomainDiscarded as gone:
        return gone.message
    except TokenError as refused:
        assert_type(refused.stage, Stage | None)
    return ""


def what_a_checker_must_refuse(keyrings: Keyrings, domain: Domain, email: SivToken) -> None:
    Domain("research", keyrings)  # type: ignore[call-arg]
    CardToken("card")  # type: ignore[call-arg]
    domain.reidentify(email, "ft1.01.…")  # type: ignore[call-arg]
    domain.discard()  # type: ignore[call-arg]
