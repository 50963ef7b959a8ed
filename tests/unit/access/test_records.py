from __future__ import annotations

from typing import Any

import pytest
from plugins.secrecy import found_in, shown_by

from fieldvault import PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.access import AccessGate, AuditedRecords, Protected, ProtectedRecords
from fieldvault.audit import MemoryAudit
from fieldvault.errors import BatchError, FieldvaultError, KeyDestroyed, ReasonRefused, RevealRefused
from fieldvault.masking import EmailMask
from fieldvault.scoping import scope
from fieldvault.testing import memory_keyrings

CUSTOMER = Schema(
    "customer",
    [
        PlainField("id", int),
        PlainField("country"),
        SealedField("email", mask=EmailMask()),
        SealedField("limit", int),
        SealedField("note", seal_null=True),
    ],
    row_id="id",
    subject="id",
)
ANN = {"id": 1, "country": "DE", "email": "ann.canary@example.com", "limit": 5000, "note": None}
BOB = {"id": 2, "country": "FR", "email": None, "limit": 0, "note": "vip"}


@pytest.fixture
def cipher() -> RecordCipher:
    return RecordCipher(CUSTOMER, memory_keyrings(), tenant="acme", form=TextForm())


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def records(cipher: RecordCipher, audit: MemoryAudit) -> ProtectedRecords:
    return ProtectedRecords(cipher, AccessGate(audit, openings=audit))


def test_sealed_fields_come_masked_and_plain_ones_as_they_are(
    records: ProtectedRecords, audit: MemoryAudit
) -> None:
    ann, bob = records.open_many(records.seal_many([ANN, BOB]))
    assert (ann["id"], ann["country"], str(ann["email"]), str(ann["limit"])) == (1, "DE", "a***@example.com", "***")
    assert bob["email"] is None
    assert isinstance(ann["note"], Protected)  # nobody sees that it is null
    assert [event.details for event in audit.events] == [{"schema": "customer", "count": 2}]
    assert found_in(repr([ann, bob]), ["ann.canary@example.com", "vip", "5000"]) == []
    with scope(tenant="acme", actor="ann"):
        assert [ann[name].reveal(reason="ticket") for name in ("email", "limit", "note")] == [
            ANN["email"],
            5000,
            None,
        ]


def test_an_event_names_the_persons_own_key(
    records: ProtectedRecords, audit: MemoryAudit, cipher: RecordCipher
) -> None:
    sealed = records.seal_many([ANN, BOB])
    opened = records.open_many(sealed)
    with scope(tenant="acme", actor="ann"):
        opened[0]["limit"].reveal(reason="ticket")
        opened[1]["limit"].reveal(reason="ticket")
    named = [event.details["keys"] for event in audit.events if event.action == "reveal"]
    assert [key.hex() for key in cipher.shred_subjects([1])] == named[:1]
    assert named[0] != named[1]


def test_what_is_protected_is_sealed_again_unseen(
    records: ProtectedRecords, audit: MemoryAudit, cipher: RecordCipher
) -> None:
    opened = records.open(records.seal(ANN)) | {"country": "AT"}
    audit.events.clear()
    assert cipher.open(records.seal(opened)) == ANN | {"country": "AT"}
    assert cipher.open(records.seal_many([opened])[0]) == ANN | {"country": "AT"}
    assert audit.events == []


def test_a_protected_value_does_not_move_to_another_field(records: ProtectedRecords) -> None:
    opened = records.open(records.seal(ANN))
    for moved in ({"note": opened["email"]}, {"country": opened["email"]}):
        with pytest.raises(FieldvaultError) as caught:
            records.seal(opened | moved)
        assert found_in(shown_by(caught.value), ["ann.canary@example.com"]) == []


def test_the_plain_cipher_does_not_take_it_for_a_value(records: ProtectedRecords, cipher: RecordCipher) -> None:
    opened = records.open(records.seal(ANN))
    with pytest.raises(FieldvaultError) as caught:
        cipher.seal(opened)
    assert found_in(shown_by(caught.value), ["ann.canary@example.com"]) == []


def test_one_erased_person_fails_alone(records: ProtectedRecords, cipher: RecordCipher) -> None:
    sealed = records.seal_many([ANN, BOB])
    cipher.shred_subjects([1])
    with pytest.raises(KeyDestroyed):
        records.open(sealed[0])
    with pytest.raises(BatchError):
        records.open_many(sealed)
    result = records.open_many_partially(sealed)
    assert list(result.failures) == [0]
    [(_, bob)] = result.good()
    assert isinstance(bob["limit"], Protected)


def test_plain_values_leave_for_a_reason_that_is_recorded(cipher: RecordCipher, audit: MemoryAudit) -> None:
    sealed = cipher.seal_many([ANN, BOB])
    audited = AuditedRecords(cipher, AccessGate(audit))
    with scope(tenant="acme", actor="export-job"):
        assert audited.open_many(sealed, reason="monthly report") == [ANN, BOB]
        assert list(audited.open_many_partially(sealed, reason="monthly report").values) == [ANN, BOB]
    named = [(event.action, event.actor, event.details["field"], event.details["count"]) for event in audit.events]
    assert named[:3] == [
        ("reveal", "export-job", "email", 1),
        ("reveal", "export-job", "limit", 2),
        ("reveal", "export-job", "note", 2),
    ]


@pytest.mark.parametrize(("reason", "error"), [("", ReasonRefused), ("monthly report", RevealRefused)])
def test_and_otherwise_not_at_all(cipher: RecordCipher, audit: MemoryAudit, reason: str, error: Any) -> None:
    audited = AuditedRecords(cipher, AccessGate(audit))
    with pytest.raises(error):
        audited.open_many(cipher.seal_many([ANN]), reason=reason)
