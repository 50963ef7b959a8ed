"""A list that another thread sorts while it is worked on: no record gets what another's value became."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from plugins.customers import cipher

from fieldvault import PlainField, RecordCipher, Schema, SealedField
from fieldvault.columns import batch, column
from fieldvault.errors import FieldvaultError

COUNT = 2000


@pytest.fixture
def records() -> RecordCipher:
    return cipher(Schema("t", [PlainField("id", int), SealedField("v", row_bound=False)]))


@contextmanager
def reversed_meanwhile(*lists: list[Any]) -> Iterator[None]:
    over = threading.Event()

    def spoil() -> None:
        while not over.is_set():
            for one in lists:
                one.reverse()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        yield
    finally:
        over.set()
        spoiler.join()
        sys.setswitchinterval(before)


@pytest.fixture
def reverse_when_encoded(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Any]], None]:
    """Reverses a list at the worst moment, every time: its cells have been read, nothing is written yet."""

    def arrange(items: list[Any]) -> None:
        for module, name in ((column, "encode"), (column, "open_")):
            real = getattr(module, name)

            def spoiling(*given: Any, real: Callable[..., Any] = real) -> Any:
                items.reverse()
                return real(*given)

            monkeypatch.setattr(module, name, spoiling)

    return arrange


def test_records_keep_their_own_cells(records: RecordCipher, reverse_when_encoded: Any) -> None:
    given = [{"id": number, "v": str(number)} for number in range(COUNT)]
    reverse_when_encoded(given)
    sealed = records.seal_many(given)
    reverse_when_encoded(sealed)
    for opened in (records.open_many(sealed), records.open_many_partially(sealed).values):
        assert all(one is not None and str(one["id"]) == one["v"] for one in opened)


def test_records_keep_their_own_cells_whenever_it_happens(records: RecordCipher) -> None:
    given = [{"id": number, "v": str(number)} for number in range(COUNT)]
    with reversed_meanwhile(given):
        for _ in range(20):
            opened = records.open_many(records.seal_many(given))
            assert all(str(one["id"]) == one["v"] for one in opened)


def test_a_column_is_sealed_as_it_is_at_one_moment(records: RecordCipher) -> None:
    values: list[Any] = [None if number % 5 == 0 else str(number) for number in range(COUNT)]
    there, back = values.copy(), values[::-1]
    with reversed_meanwhile(values):
        for _ in range(20):
            assert records.open_column("v", records.seal_column("v", values)) in (there, back)


def test_what_is_no_list_is_taken_as_it_is() -> None:
    for given in ((1, 2), range(3), "text", None):
        assert batch.snapshot(given) is given
    with pytest.raises(FieldvaultError):
        cipher(Schema("t", [SealedField("v", row_bound=False)])).seal_many("text")  # type: ignore[arg-type]
