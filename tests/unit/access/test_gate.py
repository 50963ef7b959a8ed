from __future__ import annotations

from typing import Any

import pytest
from plugins.secrecy import found_in, shown_by

from fieldvault.access import AccessGate, Place, Protected, RevealRequest, anyone, named_actors, reveal_many
from fieldvault.audit import MemoryAudit
from fieldvault.errors import AuditError, ReasonRefused, RevealRefused
from fieldvault.ports import AuditEvent
from fieldvault.scoping import acting_as, scope

VALUE = "canary-value"
PLACE = Place("acme", "customer", "email")


def protected(audit: MemoryAudit, policy: Any = named_actors, place: Place = PLACE) -> Protected[str]:
    return Protected(VALUE, place, AccessGate(audit, policy=policy))


def test_by_default_somebody_must_be_named() -> None:
    audit = MemoryAudit()
    value = protected(audit)
    with pytest.raises(RevealRefused, match="policy") as caught:
        value.reveal(reason="ticket")
    assert "actor" in (caught.value.hint or "")
    with scope(tenant="acme", actor="ann"):
        assert value.reveal(reason="ticket") == VALUE
    with acting_as("bob"):
        assert value.reveal(reason="ticket") == VALUE
    assert [(event.action, event.actor) for event in audit.events] == [
        ("reveal-refused", None),
        ("reveal", "ann"),
        ("reveal", "bob"),
    ]


@pytest.mark.parametrize("reason", ["", "  ", "\t", "a\nb", "x" * 501, "\x1b[2J", "\ud800", None, 7, b"ticket"])
def test_a_reason_is_needed_that_a_log_can_keep(reason: Any) -> None:
    audit = MemoryAudit()
    with pytest.raises(ReasonRefused):
        protected(audit, anyone).reveal(reason=reason)
    assert audit.events == []


def test_the_policy_knows_who_what_and_why() -> None:
    seen: list[RevealRequest] = []

    def support_only(request: RevealRequest) -> bool:
        seen.append(request)
        return request.actor == "support" and request.field == "email"

    value = protected(MemoryAudit(), support_only)
    with scope(tenant="acme", actor="support"):
        assert value.reveal(reason="ticket 1") == VALUE
    with scope(tenant="acme", actor="sales"), pytest.raises(RevealRefused):
        value.reveal(reason="curious")
    assert seen[0] == RevealRequest("acme", "customer", "email", "support", "ticket 1")


@pytest.mark.parametrize("answer", [1, "yes", object(), None, 0, False])
def test_only_true_lets_it_pass(answer: Any) -> None:
    with pytest.raises(RevealRefused):
        protected(MemoryAudit(), lambda request: answer).reveal(reason="ticket")


@pytest.mark.filterwarnings("ignore:coroutine")
def test_an_async_policy_by_mistake_refuses() -> None:
    async def policy(request: RevealRequest) -> bool:
        return True

    with pytest.raises(RevealRefused):
        protected(MemoryAudit(), policy).reveal(reason="ticket")


def test_another_tenants_values_are_refused_whatever_the_policy_says() -> None:
    audit = MemoryAudit()
    with scope(tenant="beta", actor="ann"), pytest.raises(RevealRefused, match="another tenant") as caught:
        protected(audit, anyone).reveal(reason="ticket")
    assert [event.action for event in audit.events] == ["reveal-refused"]
    assert found_in(shown_by(caught.value), [VALUE]) == []


def test_global_values_may_be_seen_from_inside_a_tenant() -> None:
    value = protected(MemoryAudit(), named_actors, Place(None, "country", "name"))
    with scope(tenant="beta", actor="ann"):
        assert value.reveal(reason="ticket") == VALUE


def test_of_a_batch_all_or_none_is_revealed() -> None:
    audit = MemoryAudit()
    gate = AccessGate(audit, policy=lambda request: request.field == "email")
    values = [Protected(VALUE, PLACE, gate), Protected(VALUE, Place("acme", "customer", "iban"), gate)]
    with pytest.raises(RevealRefused) as caught:
        reveal_many(values, reason="export")
    assert found_in(shown_by(caught.value), [VALUE]) == []


def test_a_refusal_that_cannot_be_recorded_is_still_none_revealed() -> None:
    class Full:
        def record(self, event: AuditEvent) -> None:
            raise AuditError("the disk is full")

    with pytest.raises(AuditError):
        Protected(VALUE, PLACE, AccessGate(Full())).reveal(reason="ticket")


def test_openings_are_recorded_where_asked_for() -> None:
    audit, openings = MemoryAudit(), MemoryAudit()
    AccessGate(audit).opening("acme", "customer", count=5)
    with scope(tenant="acme", actor="ann"):
        AccessGate(audit, openings=openings).opening("acme", "customer", count=5)
    [event] = openings.events
    assert (event.action, event.tenant, event.actor) == ("open-masked", "acme", "ann")
    assert event.details == {"schema": "customer", "count": 5}
    assert audit.events == []
