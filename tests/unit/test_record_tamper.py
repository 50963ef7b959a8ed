"""Every way to damage an envelope, through the public methods: refused, at the stage that must refuse it."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, cipher, customer, person

from fieldvault import BatchError, RecordCipher, Stage, TextForm
from fieldvault.core.envelope import from_text
from fieldvault.errors import EnvelopeMalformed, OpenError

Opener = Callable[[RecordCipher, list[Any]], dict[int, OpenError]]


def by_record(records: RecordCipher, cells: list[Any]) -> dict[int, OpenError]:
    """Refusals by position, through `open`, one record at a time."""
    refused: dict[int, OpenError] = {}
    for at, cell in enumerate(cells):
        try:
            records.open({"id": 1, "email": cell})
        except OpenError as error:
            refused[at] = error
    return refused


def by_column(records: RecordCipher, cells: list[Any]) -> dict[int, OpenError]:
    """Refusals by position, through `open_column` of all at once."""
    try:
        records.open_column("email", cells, row_ids=[1] * len(cells))
    except BatchError as error:
        return error.failures  # type: ignore[return-value]
    return {}


def by_part(records: RecordCipher, cells: list[Any]) -> dict[int, OpenError]:
    """Refusals by position, through `open_many_partially`."""
    return records.open_many_partially([{"id": 1, "email": cell} for cell in cells]).failures  # type: ignore[return-value]


OPENERS = pytest.mark.parametrize("opener", [by_record, by_column, by_part])


def expected_stage(byte: int) -> Stage:
    """Where a change of this byte of an envelope must be refused (spec envelope-v1 §6)."""
    if byte == 0:
        return Stage.PARSE
    return Stage.KEY if byte < 17 else Stage.AUTHENTICATE


@OPENERS
def test_every_single_bit_flip_is_refused_at_its_stage(opener: Opener) -> None:
    records = cipher()
    sealed = records.seal(customer())["email"]
    flipped = []
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        flipped.append(bytes(changed))
    refused = opener(records, flipped)
    assert [refused[bit].stage for bit in range(len(flipped))] == [
        expected_stage(b // 8) for b in range(len(flipped))
    ]
    assert opener(records, [sealed]) == {}


@OPENERS
def test_every_truncation_and_extension_is_refused_at_its_stage(opener: Opener) -> None:
    records = cipher()
    sealed = records.seal(customer())["email"]
    cut = [sealed[:length] for length in range(len(sealed))]
    refused = opener(records, cut)
    assert [refused[at].stage for at in range(len(cut))] == [
        Stage.PARSE if length < 46 else Stage.AUTHENTICATE for length in range(len(cut))
    ]
    extended = [sealed + tail for tail in (b"\0", b"\x80", b"\xff", sealed)]
    extended += [sealed[:17] + b"\0" + sealed[17:], sealed[:29] + b"\0" + sealed[29:]]
    refused = opener(records, extended)
    assert [refused[at].stage for at in range(len(extended))] == [Stage.AUTHENTICATE] * len(extended)
    beheaded = opener(records, [sealed[start:] for start in range(1, len(sealed))])
    assert len(beheaded) == len(sealed) - 1


@OPENERS
def test_every_change_of_a_character_of_the_text_form_is_refused_at_its_stage(opener: Opener) -> None:
    records = cipher(form=TextForm())
    sealed = records.seal(customer())["email"]
    original = from_text("fv1.", sealed)
    changed, stages = [], []
    for at in range(len(sealed)):
        for other in [
            *(string.ascii_letters + string.digits + "-_") * (opener is not by_record),
            "=",
            " ",
            "\n",
            "é",
        ]:
            if other == sealed[at]:
                continue
            text = sealed[:at] + other + sealed[at + 1 :]
            changed.append(text)
            try:
                data = from_text("fv1.", text)
                stages.append(expected_stage(next(b for b in range(len(data)) if data[b] != original[b])))
            except EnvelopeMalformed:
                stages.append(Stage.PARSE)
    refused = opener(records, changed)
    assert [refused[at].stage for at in range(len(changed))] == stages
    # One character spans two bytes, so a change may damage two; each stage is met at its own bytes.
    if opener is not by_record:
        assert set(stages) == {Stage.PARSE, Stage.KEY, Stage.AUTHENTICATE}


@OPENERS
def test_every_truncation_and_extension_of_the_text_form_is_refused(opener: Opener) -> None:
    records = cipher(form=TextForm())
    sealed = records.seal(customer())["email"]
    changed = [sealed[:length] for length in range(len(sealed))]
    changed += [sealed + tail for tail in ("=", "==", "A", "AA", "AAAA", " ", "\n", "\0", sealed)]
    changed += [head + sealed for head in ("f", " ", "\ufeff", "fv1.")]
    refused = opener(records, changed)
    assert sorted(refused) == list(range(len(changed)))
    assert {error.stage for error in refused.values()} == {Stage.PARSE, Stage.AUTHENTICATE}


@OPENERS
@pytest.mark.parametrize("cell", ["ada@example.org", "", b"", b"ada", 7, 1.5, True, [b"x"], {"a": 1}, object()])
def test_what_was_never_sealed_is_refused_and_not_passed_through(opener: Opener, cell: object) -> None:
    refused = opener(cipher(), [cell])
    assert refused[0].stage is Stage.PARSE


@pytest.mark.parametrize("as_type", [bytearray, memoryview])
def test_other_bytes_are_read_as_bytes(as_type: type) -> None:
    records = cipher()
    sealed = records.seal(customer())
    assert records.open(sealed | {"email": as_type(sealed["email"])})["email"] == customer()["email"]


def test_the_other_form_is_read_too() -> None:
    binary, text = (cipher(keyrings=keyrings, form=form) for keyrings, form in _both_forms())
    sealed = binary.seal(customer())
    assert text.open(sealed) == customer()
    as_text = text.seal(customer())
    assert binary.open(as_text) == customer()
    mixed = binary.open_column("email", [sealed["email"], as_text["email"], None], row_ids=[1, 1, 1])
    assert mixed == [customer()["email"]] * 2 + [None]


def test_good_ones_of_a_partly_damaged_batch_come_back_in_place() -> None:
    records = cipher()
    sealed = records.seal_many([customer(number) for number in range(1, 8)])
    sealed[2] = sealed[2] | {"iban": sealed[3]["iban"]}
    sealed[5] = sealed[5] | {"email": b"\0" + sealed[5]["email"]}
    sealed[6] = sealed[6] | {"email": b""}
    result = records.open_many_partially(sealed)
    assert [at for at, _ in result.good()] == [0, 1, 3, 4]
    assert [record for _, record in result.good()] == [customer(number) for number in (1, 2, 4, 5)]
    assert [result.values[at] for at in (2, 5, 6)] == [None] * 3
    assert {at: (error.stage, error.field) for at, error in result.failures.items()} == {  # type: ignore[attr-defined]
        2: (Stage.AUTHENTICATE, "iban"),
        5: (Stage.PARSE, "email"),
        6: (Stage.PARSE, "email"),
    }
    with pytest.raises(BatchError) as raised:
        records.open_many(sealed)
    assert raised.value.failures.keys() == {2, 5, 6}
    assert raised.value.total == 7


def test_an_empty_cell_of_a_record_that_failed_already() -> None:
    records = cipher()
    sealed = records.seal_many([customer(1), customer(2)])
    sealed[1] = {"id": None, "email": b"", "iban": sealed[1]["iban"]}
    result = records.open_many_partially(sealed)
    assert result.values[0] == customer(1)
    assert sorted(result.failures) == [1]


def test_a_null_in_place_of_an_envelope_stays_null() -> None:
    records = cipher()
    assert records.open(records.seal(customer()) | {"email": None})["email"] is None


@pytest.mark.parametrize("schema", [CUSTOMERS, PEOPLE])
def test_nothing_of_a_failed_record_is_written_back(schema: Any) -> None:
    records = cipher(schema)
    given = customer() if schema is CUSTOMERS else person()
    sealed = records.seal(given)
    damaged = sealed | {"email": sealed["email"][:-1] + b"\0\0"}
    before = dict(damaged)
    with pytest.raises(OpenError):
        records.open(damaged)
    assert damaged == before


def _both_forms() -> list[tuple[Any, Any]]:
    from fieldvault import BinaryForm
    from fieldvault.testing import memory_keyrings

    keyrings = memory_keyrings()
    return [(keyrings, BinaryForm()), (keyrings, TextForm())]
