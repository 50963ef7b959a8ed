"""What the hot path costs, counted: function calls for one more value, and who is asked. No clock.

The calls are in cost_profile.json, by core and Python version, since compilers differ in what is a call. Fewer are
welcome; more are a regression, or a price to be agreed on. Either way, write them anew and look at the difference:

    FIELDVAULT_RENEW_COSTS=1 python -m pytest tests/unit/test_cost_profile.py
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plugins.spied_store import SpiedStore

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField
from fieldvault.core.batch import CORE
from fieldvault.normalise import EMAIL, TEXT
from fieldvault.testing import FakeKek, memory_keyrings

RECORDED = Path(__file__).with_name("cost_profile.json")
OURS = f"{CORE} core, Python {sys.version_info.major}.{sys.version_info.minor}"
CUSTOMERS = Schema(
    "customer",
    [
        PlainField("id", int),
        PlainField("country"),
        SealedField("name"),
        SealedField("note", row_bound=False),
        SealedField("email", index=ExactIndex(EMAIL)),
        SealedField("iban", index=ExactIndex(TEXT)),
    ],
    row_id="id",
)


def cipher(kek: FakeKek | None = None, store: Any = None) -> RecordCipher:
    return RecordCipher(CUSTOMERS, memory_keyrings(kek=kek, store=store), tenant="acme")


def texts(count: int) -> list[str]:
    return [f"person{number:06}@mail.info" for number in range(count)]


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"id": at, "country": "JO", "name": one, "note": one, "email": one, "iban": one}
        for at, one in enumerate(texts(count))
    ]


def workloads(count: int) -> dict[str, Callable[[], object]]:
    """Each on `count` values or records, warm."""
    ours, values, rows = cipher(), texts(count), list(range(count))
    sealed, in_rows = ours.seal_column("note", values), ours.seal_column("name", values, row_ids=rows)
    sealed_records = ours.seal_many(records(count))
    given = records(count)
    return {
        "seal_column": lambda: ours.seal_column("note", values),
        "seal_column, row-bound": lambda: ours.seal_column("name", values, row_ids=rows),
        "open_column": lambda: ours.open_column("note", sealed),
        "open_column, row-bound": lambda: ours.open_column("name", in_rows, row_ids=rows),
        "index_column": lambda: ours.index_column("email", values),
        "seal_many": lambda: ours.seal_many(given),
        "open_many": lambda: ours.open_many(sealed_records),
    }


def calls(work: Callable[[], object]) -> int:
    """Calls of Python functions and of builtins while it runs."""
    work()  # what is imported or cached at the first time is not counted
    seen = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return seen


def measured() -> dict[str, float]:
    """Calls for a batch of one, and for each value or record more."""
    one, some, more = ({name: calls(work) for name, work in workloads(count).items()} for count in (1, 100, 300))
    batches = {f"{name} of one": float(count) for name, count in one.items()}
    each = {f"{name}, each more": (more[name] - some[name]) / 200 for name in more}
    return batches | each


def test_no_more_calls_than_recorded() -> None:
    counts, recorded = measured(), json.loads(RECORDED.read_text())
    if os.environ.get("FIELDVAULT_RENEW_COSTS"):
        recorded[OURS] = counts
        RECORDED.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
    if OURS not in recorded:
        pytest.skip(f"no counts are recorded for the {OURS}")
    assert counts.keys() == recorded[OURS].keys()
    dearer = {name: (count, recorded[OURS][name]) for name, count in counts.items() if count > recorded[OURS][name]}
    assert not dearer, "more calls than recorded: (now, recorded)"


def test_a_batch_of_any_size_asks_the_kek_and_the_key_store_equally_often() -> None:
    asked = {}
    for count in (10, 1000):
        kek, store = FakeKek(), SpiedStore()
        ours = cipher(kek, store)
        ours.open_many(ours.seal_many(records(count)))
        asked[count] = (kek.wrap_calls, kek.unwrap_calls, dict(store.calls))
    assert asked[10] == asked[1000]
    wraps, unwraps, _ = asked[10]
    assert (wraps, unwraps) == (2, 0), "a data key for the fields and one for the index, made once each"


def test_warm_neither_kek_nor_key_store_is_asked() -> None:
    kek, store = FakeKek(), SpiedStore()
    ours = cipher(kek, store)
    sealed = ours.seal_many(records(10))
    before = (kek.wrap_calls, kek.unwrap_calls, dict(store.calls))
    for _ in range(3):
        ours.open_many(ours.seal_many(records(1000)))
        ours.open_many(sealed)
    assert (kek.wrap_calls, kek.unwrap_calls, dict(store.calls)) == before


def test_cold_opening_asks_the_kek_once() -> None:
    kek, store = FakeKek(), SpiedStore()
    sealed = cipher(kek, store).seal_many(records(1000))
    wraps = kek.wrap_calls
    cipher(kek, store).open_many(sealed)
    assert (kek.wrap_calls - wraps, kek.unwrap_calls) == (0, 1)
