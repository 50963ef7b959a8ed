from __future__ import annotations

import copy
import json
import logging
import pickle
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pytest
from plugins.secrecy import found_in, shown_by

from fieldvault.access import AccessGate, Place, Protected, anyone, masked_json, reveal_many
from fieldvault.audit import MemoryAudit
from fieldvault.errors import AccessError, AuditError, ProtectedMisused
from fieldvault.masking import EmailMask
from fieldvault.ports import AuditEvent

EMAIL = "ann.canary@example.com"
PLACE = Place("acme", "customer", "email", EmailMask())


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def gate(audit: MemoryAudit) -> AccessGate:
    return AccessGate(audit, policy=anyone)


@pytest.fixture
def email(gate: AccessGate) -> Protected[str]:
    return Protected(EMAIL, PLACE, gate, key_id=b"k" * 16)


def test_everything_that_prints_gets_the_mask(email: Protected[str], caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("app").error("%s %r %s", email, email, {"email": email})
    shown = [
        str(email),
        repr(email),
        f"{email}",
        f"{email:>30}",
        "%s" % email,  # noqa: UP031 - all the ways there are
        repr([email]),
        caplog.text,
        email.masked,
    ]
    assert found_in("\n".join(shown), [EMAIL]) == []
    assert str(email) == "a***@example.com"
    assert repr(email) == "<Protected customer.email: a***@example.com>"


def test_json_gives_the_mask_or_nothing(email: Protected[str]) -> None:
    assert json.dumps({"email": email}, default=masked_json) == '{"email": "a***@example.com"}'
    with pytest.raises(TypeError) as caught:
        json.dumps({"email": email})
    assert found_in(str(caught.value), [EMAIL]) == []
    with pytest.raises(TypeError, match="object"):
        json.dumps(object(), default=masked_json)


def test_revealing_is_recorded_first(email: Protected[str], audit: MemoryAudit) -> None:
    assert email.reveal(reason="ticket 4711") == EMAIL
    [event] = audit.events
    assert (event.action, event.tenant, event.reason) == ("reveal", "acme", "ticket 4711")
    assert event.details == {"schema": "customer", "field": "email", "count": 1, "keys": (b"k" * 16).hex()}
    assert found_in(repr(event), [EMAIL]) == []


def test_what_cannot_be_recorded_is_not_revealed() -> None:
    class Full:
        def record(self, event: AuditEvent) -> None:
            raise AuditError("the disk is full")

    with pytest.raises(AuditError) as caught:
        Protected(EMAIL, PLACE, AccessGate(Full(), policy=anyone)).reveal(reason="ticket")
    assert found_in(shown_by(caught.value), [EMAIL]) == []


@pytest.mark.parametrize("value", [EMAIL, 0, 7, True, False, date(2000, 1, 1), b"bytes", 1.5])
def test_questions_about_the_value_are_refused_not_answered_wrongly(value: Any, gate: AccessGate) -> None:
    protected = Protected(value, PLACE, gate)
    for question in (
        lambda: protected == value,
        lambda: value == protected,
        lambda: protected != value,
        lambda: bool(protected),
    ):
        with pytest.raises(ProtectedMisused):
            question()
    for question in (
        lambda: protected < value,
        lambda: len(protected),
        lambda: value in protected,
        lambda: protected + value,
    ):  # type: ignore[operator, arg-type]
        with pytest.raises(TypeError):
            question()


def test_only_whether_it_is_empty_may_be_asked(gate: AccessGate) -> None:
    for empty, some in (("", "ann"), (b"", b"ann")):
        assert Protected(empty, PLACE, gate) == empty
        assert Protected(some, PLACE, gate) != empty
        assert Protected(some, PLACE, gate) not in (None, "", b"", [], (), {})
    with pytest.raises(ProtectedMisused):
        bool(Protected("", PLACE, gate))


def test_two_are_equal_if_they_are_one(gate: AccessGate) -> None:
    one, other = Protected(EMAIL, PLACE, gate), Protected(EMAIL, PLACE, gate)
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2
    assert one is not None
    assert (one == None) is False  # noqa: E711 - what ORMs ask


def test_a_copy_is_the_same_object_and_a_pickle_is_refused(email: Protected[str]) -> None:
    @dataclass
    class Customer:
        email: Protected[str]

    assert copy.copy(email) is email
    assert copy.deepcopy([email]) == [email]
    assert asdict(Customer(email)) == {"email": email}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(ProtectedMisused):
            pickle.dumps(email, protocol)


def test_nothing_of_it_is_in_its_attributes_by_accident(email: Protected[str]) -> None:
    with pytest.raises(TypeError):
        vars(email)
    with pytest.raises(AttributeError):
        email.note = EMAIL  # type: ignore[attr-defined]


def test_it_goes_back_sealed_to_its_own_field_only(email: Protected[str], audit: MemoryAudit) -> None:
    assert email.value_to_seal(Place("acme", "customer", "email")) == EMAIL
    for place in (
        Place("beta", "customer", "email"),
        Place("acme", "vendor", "email"),
        Place("acme", "customer", "notes"),
    ):
        with pytest.raises(AccessError) as caught:
            email.value_to_seal(place)
        assert found_in(shown_by(caught.value), [EMAIL]) == []
    assert audit.events == []


def test_many_at_once_make_few_events(gate: AccessGate, audit: MemoryAudit) -> None:
    phones = Place("acme", "customer", "phone")
    emails = [Protected(f"{number}@example.com", PLACE, gate, key_id=bytes([number]) * 16) for number in range(150)]
    values = [*emails, None, Protected("110", phones, gate)]
    assert reveal_many(values, reason="export")[148:] == ["148@example.com", "149@example.com", None, "110"]
    assert [(event.details["field"], event.details["count"]) for event in audit.events] == [
        ("email", 100),
        ("email", 50),
        ("phone", 1),
    ]
    assert str(audit.events[1].details["keys"]).split() == [
        bytes([number]).hex() * 16 for number in range(100, 150)
    ]
    assert "keys" not in audit.events[2].details
