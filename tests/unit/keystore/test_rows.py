"""A row that fieldvault cannot have written is an error with the key id, and with nothing of the row's content."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.keystore_kit import PII, data_key, refused, subject_key

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreError
from fieldvault.keystore import rows
from fieldvault.ports import KeyState

CANARY = "canary-4711"


def test_records_come_back_from_their_rows() -> None:
    assert rows.data_key_record(rows.data_key_values(data_key(uses=9))) == data_key(uses=9)
    assert rows.subject_key_record(rows.subject_key_values(subject_key("bob"))) == subject_key("bob")


def test_the_global_scope_is_the_empty_tenant() -> None:
    assert rows.scope_values(Scope(None, "pii")) == {"tenant": "", "purpose": "pii"}
    assert rows.data_key_record(rows.data_key_values(data_key(Scope(None, "pii")))).scope == Scope(None, "pii")


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back_and_sort_as_text(moment: datetime) -> None:
    values = rows.data_key_values(data_key(created_at=moment))
    assert rows.data_key_record(values).created_at == moment
    later = rows.time_text(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    assert len(values["created_at"]) == len(later)
    assert values["created_at"] <= later


@pytest.mark.parametrize(
    "damage",
    [
        {"state": CANARY},
        {"state": None},
        {"state": "destroyed"},
        {"wrapped": None},
        {"wrapped": b""},
        {"wrapped": CANARY},
        {"version": CANARY},
        {"version": -1},
        {"uses": None},
        {"uses": -1},
        {"uses": 0.5},
        {"kek": None},
        {"kek": b"\xff"},
        {"tenant": CANARY + "\x00"},
        {"tenant": "x" * 256},
        {"tenant": b"acme"},
        {"purpose": CANARY.upper()},
        {"purpose": None},
        {"created_at": CANARY},
        {"created_at": None},
        {"created_at": 1_700_000_000},
        {"created_at": "2026-01-31T09:05:07.000042"},
    ],
    ids=repr,
)
def test_a_malformed_data_key_is_named_by_its_key_id(damage: dict[str, Any]) -> None:
    row = rows.data_key_values(data_key()) | damage
    with refused(KeyStoreError, CANARY) as caught:
        rows.data_key_record(row)
    assert data_key().key_id.hex() in caught.value.message


@pytest.mark.parametrize(
    "damage",
    [{"wrapped": None}, {"subject": None}, {"subject": 7}, {"tenant": "\n"}, {"created_at": "soon"}],
    ids=repr,
)
def test_a_malformed_subject_key_is_named_by_its_key_id(damage: dict[str, Any]) -> None:
    record = subject_key(CANARY)
    with refused(KeyStoreError, CANARY) as caught:
        rows.subject_key_record(rows.subject_key_values(record) | damage)
    assert record.key_id.hex() in caught.value.message


@pytest.mark.parametrize("key_id", [b"", b"k" * 15, b"k" * 17, b"k" * 10_000, None, CANARY, 7])
def test_a_malformed_key_id_is_shown_in_part_at_most(key_id: Any) -> None:
    for convert in (rows.data_key_record, rows.subject_key_record, rows.shredded_entry):
        with refused(KeyStoreError, CANARY) as caught:
            convert(rows.data_key_values(data_key()) | {"key_id": key_id, "subject": "bob"})
        assert len(caught.value.message) < 200


def test_a_destroyed_row_has_no_wrapped_key() -> None:
    row = rows.data_key_values(data_key()) | {"state": "destroyed", "wrapped": None}
    assert rows.data_key_record(row) == data_key(state=KeyState.DESTROYED, wrapped=None)


def test_scopes_of_malformed_rows_are_an_error() -> None:
    assert rows.scopes([rows.scope_values(PII)]) == [PII]
    with refused(KeyStoreError, CANARY):
        rows.scopes([{"tenant": CANARY, "purpose": "Not A Purpose"}])
