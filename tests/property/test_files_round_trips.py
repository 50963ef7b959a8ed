"""Whatever the values are: a file sealed and opened has them, in every format, and CSV has the same bytes."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.files_kit import Desk

from fieldvault import PlainField, Schema, SealedField, Tenancy
from fieldvault.codec import Json
from fieldvault.errors import FieldvaultError
from fieldvault.files import State, open_source

DESK = Desk(
    Schema(
        "anything",
        [
            PlainField("id", int),
            PlainField("plain"),
            SealedField("text"),
            SealedField("count", int),
            SealedField("amount", Decimal),
            SealedField("day", date),
            SealedField("extra", Json),
        ],
        row_id="id",
        tenancy=Tenancy.GLOBAL,
    )
)

# What a text file can hold: no lone surrogates, no NUL; and the characters that CSV is about, more often.
texts = st.text(st.one_of(st.characters(codec="utf-8", exclude_characters="\0"), st.sampled_from(',"\r\n\ufeff= ')))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {
        "plain": st.none() | texts,
        "text": st.none() | texts,
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "amount": st.none() | st.decimals(allow_nan=False),
        "day": st.none() | st.dates(),
        "extra": json_values,
    }
)


def with_ids(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": number} | record for number, record in enumerate(batch)]


def shown(rows: list[dict[str, Any]]) -> list[list[str]]:
    """By their repr, because the Decimals 1.0 and 1.00 are equal and must stay two."""
    return [[repr(row[name]) for name in DESK.schema.fields] for row in rows]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@given(batch=st.lists(records, max_size=4))
def test_values_come_back(suffix: str, batch: list[dict[str, Any]]) -> None:
    rows = with_ids(batch)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        DESK.write(folder / f"in.{suffix}", rows)
        DESK.seal(folder / f"in.{suffix}", folder / f"sealed.{suffix}", batch_rows=3)
        DESK.open(folder / f"sealed.{suffix}", folder / f"back.{suffix}", batch_rows=3)
        found = DESK.read(folder / f"back.{suffix}")
        if suffix == "csv":
            assert (folder / "back.csv").read_bytes() == (folder / "in.csv").read_bytes()
            rows = [row | {name: row[name] or None for name in ("plain", "text")} for row in rows]
        assert shown(found) == shown(rows)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("state", list(State))
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_one_of_our_errors(suffix: str, state: State, content: bytes) -> None:
    header = b"id,plain,text,count,amount,day,extra\n"
    line = b'{"id":1,"plain":null,"text":null,"count":null,"amount":null,"day":null,"extra":null}\n'
    start = {"csv": header, "jsonl": line, "parquet": b"PAR1"}[suffix]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"x.{suffix}"
        path.write_bytes(start + content)
        error = refusal(path, state)
        assert error is None or error.__context__ is None


def refusal(path: Path, state: State) -> FieldvaultError | None:
    try:
        with open_source(path, DESK.schema, state) as source:
            list(source)
    except FieldvaultError as error:
        return error
    return None
