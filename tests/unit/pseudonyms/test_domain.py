"""A domain's life: made on purpose, used, rotated, discarded; and what must be accounted for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from plugins.keystore_kit import refused
from plugins.pseudonyms_kit import made_domain

from fieldvault.audit import MemoryAudit
from fieldvault.errors import (
    AuditError,
    BatchError,
    ConfigurationError,
    DomainDiscarded,
    DomainUnknown,
    NotAccountable,
    NotReversible,
    SchemaError,
    TokenNotFound,
    TokenRefused,
    TokenVersionUnclear,
    TokenVersionUnknown,
)
from fieldvault.keyring import KeyringPolicy, Keyrings
from fieldvault.keystore import MemoryKeyStore
from fieldvault.normalise import EMAIL
from fieldvault.ports import AuditEvent, KeyState
from fieldvault.pseudonyms import (
    Domain,
    FormatToken,
    FreshLookupToken,
    LookupToken,
    OneWayPseudonym,
    SivToken,
    Tokeniser,
    link,
)
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings
from fieldvault.token_table import MemoryTokenTable

EMAIL_TOKEN = SivToken("email", EMAIL)
REVERSIBLE: list[Tokeniser] = [EMAIL_TOKEN, LookupToken("email", EMAIL), FreshLookupToken("email", EMAIL)]


class BrokenAudit:
    def record(self, event: AuditEvent) -> None:
        raise AuditError("the disk is full")


@pytest.mark.parametrize("tokeniser", REVERSIBLE, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("column", [list, pa.array, lambda cells: pa.chunked_array([cells[:1], cells[1:]])])
def test_a_column_there_and_back(tokeniser: Tokeniser, column: Any) -> None:
    domain = made_domain()
    tokens = domain.pseudonymise_column(tokeniser, column(["Ann@Example.com", None, "bo@example.com"]))
    back = domain.reidentify_column(tokeniser, tokens, reason="test")
    if column is not list:
        assert (tokens.type, back.type) == (pa.string(), pa.string())
        back = back.to_pylist()
    assert back == ["ann@example.com", None, "bo@example.com"]


def test_values_of_other_types_come_back() -> None:
    domain = made_domain()
    for kind, values in ((int, [0, -1, 2**70]), (bytes, [b"", b"\0\xff"]), (bool, [True, False])):
        tokens = domain.pseudonymise_column(SivToken("n", type=kind), values)
        assert domain.reidentify_column(SivToken("n", type=kind), tokens, reason="test") == values


def test_empty_columns() -> None:
    domain = made_domain()
    for tokeniser in REVERSIBLE:
        assert domain.pseudonymise_column(tokeniser, []) == []
        assert domain.reidentify_column(tokeniser, [None], reason="test") == [None]


def test_a_bad_value_is_its_own_failure() -> None:
    domain = made_domain()
    with pytest.raises(BatchError) as caught:
        domain.pseudonymise_column(EMAIL_TOKEN, ["ann@example.com", "no address", 7])
    assert sorted(caught.value.failures) == [1, 2]
    assert {one.field for one in caught.value.failures.values()} == {"email"}
    result = domain.pseudonymise_column_partially(EMAIL_TOKEN, ["ann@example.com", "no address"])
    assert [at for at, _ in result.good()] == [0]


def test_a_domain_is_made_on_purpose() -> None:
    keyrings, audit = memory_keyrings(), MemoryAudit()
    domain = Domain("reserach", keyrings, tenant="acme", audit=audit)
    with refused(DomainUnknown):
        domain.pseudonymise(EMAIL_TOKEN, "ann@example.com")
    with refused(DomainUnknown):
        domain.reidentify(EMAIL_TOKEN, "ft1.01.AAAA", reason="test")
    with refused(DomainUnknown):
        domain.discard(reason="test")
    assert keyrings.store.scopes() == []
    assert audit.events == [], "nothing happened, so nothing is accounted for"
    assert domain.create(reason="study").version == 1
    assert domain.create().version == 1, "twice is once"
    assert [(event.action, event.reason) for event in audit.events] == [("create-domain", "study")]


@pytest.mark.parametrize("name", ["", "Research", "1st", "a" * 26, "a b", "é", "domain\n"])
def test_malformed_names(name: str) -> None:
    with pytest.raises(SchemaError):
        Domain(name, memory_keyrings(), tenant=None)


@pytest.mark.parametrize("reason", ["", "  \t", None, 7])
def test_nothing_is_revealed_without_a_reason(reason: Any) -> None:
    audit = MemoryAudit()
    domain = made_domain(audit=audit)
    token = domain.pseudonymise(EMAIL_TOKEN, "ann@example.com")
    before = len(audit.events)
    for refuse in (
        lambda: domain.reidentify(EMAIL_TOKEN, token, reason=reason),
        lambda: domain.reidentify_column_partially(EMAIL_TOKEN, [token], reason=reason),
        lambda: link(domain, made_domain("ads"), EMAIL_TOKEN, [token], reason=reason),
        lambda: domain.rotate(reason=reason),
        lambda: domain.discard(reason=reason),
    ):
        with refused(NotAccountable, "ann@example.com", token):
            refuse()
    assert len(audit.events) == before


def test_nothing_is_revealed_without_an_audit_log_or_with_a_broken_one() -> None:
    keyrings = memory_keyrings()
    token = made_domain(keyrings=keyrings).pseudonymise(EMAIL_TOKEN, "ann@example.com")
    silent = Domain("research", keyrings, tenant="acme")
    with refused(NotAccountable):
        silent.reidentify(EMAIL_TOKEN, token, reason="test")
    with refused(NotAccountable):
        silent.discard(reason="test")
    broken = Domain("research", keyrings, tenant="acme", audit=BrokenAudit())
    with refused(AuditError):
        broken.reidentify(EMAIL_TOKEN, token, reason="test")
    with refused(AuditError):
        broken.discard(reason="test")
    assert broken.versions() == {1: KeyState.ACTIVE}


def test_the_event_comes_before_the_reveal_and_holds_no_value() -> None:
    audit = MemoryAudit()
    domain = made_domain(audit=audit)
    token = domain.pseudonymise(EMAIL_TOKEN, "ann@example.com")
    audit.events.clear()
    result = domain.reidentify_column_partially(EMAIL_TOKEN, [token, "torn"], reason="ticket 4", actor="eve")
    assert result.values[0] == "ann@example.com"
    [event] = audit.events
    assert (event.action, event.tenant, event.actor, event.reason) == ("reidentify", "acme", "eve", "ticket 4")
    assert event.details == {"domain": "research", "name": "email", "kind": "siv", "count": 2}
    with refused(TokenRefused):
        domain.reidentify(SivToken("email"), token, reason="an attempt is accounted for too")
    assert len(audit.events) == 2


def test_where_the_event_cannot_be_recorded_no_key_is_asked_for() -> None:
    kek, store = FakeKek(), MemoryKeyStore()
    token = made_domain(keyrings=Keyrings(kek, store)).pseudonymise(EMAIL_TOKEN, "ann@example.com")
    unwrapped = kek.unwrap_calls
    cold = Domain("research", Keyrings(kek, store), tenant="acme", audit=BrokenAudit())
    with pytest.raises(AuditError):
        cold.reidentify(EMAIL_TOKEN, token, reason="test")
    other = made_domain("ads", Keyrings(kek, store))
    with pytest.raises(AuditError):
        link(cold, other, EMAIL_TOKEN, [token], reason="test")
    assert kek.unwrap_calls == unwrapped, "nothing was opened"


def test_one_way_is_one_way() -> None:
    domain = made_domain()
    tokeniser = OneWayPseudonym("email", EMAIL)
    pseudonym = domain.pseudonymise(tokeniser, "Ann@example.com")
    assert pseudonym == domain.pseudonymise(tokeniser, "ann@example.com")
    with refused(NotReversible):
        domain.reidentify(tokeniser, pseudonym, reason="test")
    with refused(NotReversible):
        link(domain, made_domain("ads"), tokeniser, [pseudonym], reason="test")


def test_linking_gives_the_other_domains_tokens_and_two_events() -> None:
    keyrings, audit = memory_keyrings(), MemoryAudit()
    research = made_domain("research", keyrings, audit=audit)
    ads = made_domain("ads", keyrings, audit=audit)
    tokens = research.pseudonymise_column(EMAIL_TOKEN, ["ann@example.com", None])
    audit.events.clear()
    linked = link(research, ads, EMAIL_TOKEN, pa.array(tokens), reason="merger")
    assert linked.to_pylist() == ads.pseudonymise_column(EMAIL_TOKEN, ["ann@example.com", None])
    assert [(event.action, event.details["domain"]) for event in audit.events] == [
        ("link", "research"),
        ("link", "ads"),
    ]
    with pytest.raises(BatchError) as caught:
        link(research, ads, EMAIL_TOKEN, [tokens[0], linked.to_pylist()[0]], reason="merger")
    assert list(caught.value.failures) == [1]
    with pytest.raises(ConfigurationError):
        link(research, research, EMAIL_TOKEN, tokens, reason="merger")


def test_old_tokens_stay_reversible_and_joins_break_after_a_rotation() -> None:
    domain = made_domain()
    digits = FormatToken("number")
    old = domain.pseudonymise(EMAIL_TOKEN, "ann@example.com")
    looked_up = domain.pseudonymise(LookupToken("email"), "ann@example.com")
    old_digits = domain.pseudonymise(digits, "1234567")
    assert domain.rotate(reason="the key was seen").version == 2
    new = domain.pseudonymise(EMAIL_TOKEN, "ann@example.com")
    assert (old[:7], new[:7]) == ("ft1.01.", "ft1.02.")
    assert domain.reidentify_column(EMAIL_TOKEN, [old, new, old], reason="test") == ["ann@example.com"] * 3
    assert domain.reidentify(LookupToken("email"), looked_up, reason="test") == "ann@example.com"
    with refused(TokenVersionUnclear):
        domain.reidentify(digits, old_digits, reason="test")
    assert domain.reidentify(digits, old_digits, reason="test", version=1) == "1234567"
    with refused(TokenVersionUnknown):
        domain.reidentify(digits, old_digits, reason="test", version=9)


def test_another_process_notices_a_rotation_when_its_keys_time_is_over() -> None:
    clock, kek = FakeClock(), FakeKek()
    one = memory_keyrings(clock=clock, kek=kek, policy=KeyringPolicy(cache_seconds=60))
    two = memory_keyrings(clock=clock, kek=kek, store=one.store, policy=KeyringPolicy(cache_seconds=60))
    here, there = made_domain(keyrings=one), made_domain(keyrings=two)
    assert there.pseudonymise(EMAIL_TOKEN, "a@b.c").startswith("ft1.01.")
    here.rotate(reason="test")
    clock.advance(61)
    assert there.pseudonymise(EMAIL_TOKEN, "a@b.c").startswith("ft1.02.")
    calls = kek.unwrap_calls
    there.pseudonymise(EMAIL_TOKEN, "a@b.c")
    assert kek.unwrap_calls == calls, "warm"


def test_a_discarded_domain_refuses_everything_for_ever() -> None:
    keyrings, audit, table = memory_keyrings(), MemoryAudit(), MemoryTokenTable()
    domain = made_domain(keyrings=keyrings, audit=audit, table=table)
    tokens = [domain.pseudonymise(tokeniser, "ann@example.com") for tokeniser in REVERSIBLE]
    domain.rotate(reason="so that there are two keys")
    other = made_domain("ads", keyrings)
    done = domain.discard(reason="the study is over", actor="dpo")
    assert (done.domain, done.tenant, done.reason, len(done.key_ids)) == (
        "research",
        "acme",
        "the study is over",
        2,
    )
    assert done.tokens_erased == 2
    ids = ",".join(key_id.hex() for key_id in done.key_ids)
    assert [(event.action, event.details.get("key_ids")) for event in audit.events[-2:]] == [
        ("discard-domain", ids),
        ("domain-discarded", ids),
    ]
    for anew in (domain, Domain("research", keyrings, tenant="acme", audit=MemoryAudit(), table=table)):
        for tokeniser, token in zip(REVERSIBLE, tokens, strict=True):
            with refused(DomainDiscarded):
                anew.pseudonymise(tokeniser, "ann@example.com")
            with refused(DomainDiscarded):
                anew.reidentify(tokeniser, token, reason="test")
        with refused(DomainDiscarded):
            anew.create()
        with refused(DomainDiscarded):
            anew.rotate(reason="test")
        assert set(anew.versions().values()) == {KeyState.DESTROYED}
    assert domain.discard(reason="again").key_ids == done.key_ids, "may be repeated"
    assert other.pseudonymise(EMAIL_TOKEN, "a@b.c"), "no other domain is touched"
    assert all(record.wrapped is None for record in keyrings.store.data_keys(domain.place.scope))


def test_two_who_create_at_once_and_one_who_rotates_or_discards_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    for meanwhile in ("rotate", "discard"):
        keyrings = memory_keyrings()
        slow = Domain("research", keyrings, tenant="acme", audit=MemoryAudit())
        quick = Domain("research", keyrings, tenant="acme", audit=MemoryAudit())
        seen = slow._keys.records()
        quick.create()
        getattr(quick, meanwhile)(reason="test")
        monkeypatch.setattr(slow._keys, "records", _first(seen, slow._keys.records))
        if meanwhile == "rotate":
            assert slow._keys.create().version == 2
            assert KeyState.ACTIVE in quick.versions().values()
        else:
            with refused(DomainDiscarded):
                slow._keys.create()
            assert set(quick.versions().values()) == {KeyState.DESTROYED}


def _first(seen: list[Any], real: Any) -> Any:
    answers = [seen]
    return lambda: answers.pop() if answers else real()


def test_a_warm_process_works_until_its_keys_time_is_over_and_no_longer() -> None:
    clock, kek = FakeClock(), FakeKek()
    one = memory_keyrings(clock=clock, kek=kek)
    two = memory_keyrings(clock=clock, kek=kek, store=one.store)
    here, there = made_domain(keyrings=one), made_domain(keyrings=two)
    there.pseudonymise(EMAIL_TOKEN, "a@b.c")
    here.discard(reason="test")
    clock.advance(301)
    with refused(DomainDiscarded):
        there.pseudonymise(EMAIL_TOKEN, "a@b.c")


def test_a_split_domain_takes_no_symmetric_token() -> None:
    domain = made_domain(sealing_kek=FakeKek())
    for tokeniser in (EMAIL_TOKEN, FormatToken("number")):
        with pytest.raises(ConfigurationError):
            domain.pseudonymise(tokeniser, "1234567")
    with pytest.raises(ConfigurationError):
        Domain("research", memory_keyrings(), tenant="acme", sealing_kek=FakeKek())


def test_a_split_domain_calls_the_sealing_kek_once_for_many_values() -> None:
    kek = FakeKek()
    domain = made_domain(sealing_kek=kek)
    tokens = [domain.pseudonymise(LookupToken("email"), f"p{number}@example.com") for number in range(50)]
    assert (kek.wrap_calls, kek.unwrap_calls) == (1, 0)
    assert domain.reidentify_column(LookupToken("email"), tokens, reason="test")[49] == "p49@example.com"
    assert kek.unwrap_calls == 1
    assert domain.discard(reason="over").tokens_erased == 50


def test_a_look_up_token_with_another_version_is_not_found() -> None:
    domain = made_domain()
    token = domain.pseudonymise(LookupToken("email"), "ann@example.com")
    domain.rotate(reason="so that version 2 has a key")
    forged = token.replace("fl1.01.", "fl1.02.")
    with refused(TokenNotFound, "ann@example.com"):
        domain.reidentify(LookupToken("email"), forged, reason="test")
    assert domain.reidentify_column(LookupToken("email"), [token], reason="test") == ["ann@example.com"]


def test_a_row_moved_to_another_token_is_refused() -> None:
    table = MemoryTokenTable()
    domain = made_domain(table=table)
    tokens = domain.pseudonymise_column(FreshLookupToken("email"), ["ann@example.com", "bo@example.com"])
    rows = table._tokens[domain.place]
    one, other = rows.values()
    rows[one.token] = replace(one, sealed=other.sealed)
    with refused(TokenRefused, "bo@example.com"):
        domain.reidentify(FreshLookupToken("email"), tokens[0], reason="test")


def test_look_up_tokens_need_a_table() -> None:
    domain = made_domain(table=None)
    with refused(ConfigurationError):
        domain.pseudonymise(LookupToken("email"), "ann@example.com")


def test_nothing_shows_keys_or_values() -> None:
    domain = made_domain(sealing_kek=FakeKek())
    assert repr(domain) == "<Domain acme/research, split>"
