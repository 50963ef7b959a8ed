"""The library against aad-v1.json."""

from __future__ import annotations

from typing import Any

import pytest

from fieldvault import PlainField, Schema, Scope, SealedField
from fieldvault.codec import codec_for
from fieldvault.core.context import FieldContext, canonical, encode_name, row_suffixes
from fieldvault.errors import FieldvaultError, SchemaError
from vectors.typed import names, row_parts, vectors

FILE = vectors("aad-v1")


def aad(case: dict[str, Any]) -> bytes:
    row = case["row"]
    if case["tenant"] is not None:
        Scope(case["tenant"], "fields")
    prefix = FieldContext(case["tenant"], case["schema"], case["field"]).prefix(
        bytes.fromhex(case["header"]), row_bound=row is not None
    )
    return prefix if row is None else prefix + row_suffix(row)


def row_suffix(row: dict[str, Any]) -> bytes:
    parts = row_parts(row)
    columns = [PlainField(f"part{at}", kind) for at, (kind, _) in enumerate(parts)]
    Schema("rows", [*columns, SealedField("value")], row_id=[column.name for column in columns])
    return row_suffixes([[codec_for(kind).encode(value)] for kind, value in parts])[0]


@pytest.mark.parametrize("case", FILE["positive"], ids=names(FILE["positive"]))
def test_what_the_specification_says_is_what_we_write(case: dict[str, Any]) -> None:
    if case["kind"] == "canonical":
        assert canonical([bytes.fromhex(one) for one in case["components"]]).hex() == case["encoding"]
    elif case["kind"] == "row-id":
        assert row_suffix(case["row"])[4:].hex() == case["encoding"]
    else:
        assert aad(case).hex() == case["aad"]


@pytest.mark.parametrize("case", FILE["negative"], ids=names(FILE["negative"]))
def test_what_a_writer_must_refuse_we_refuse(case: dict[str, Any]) -> None:
    row = case.get("row")
    if row is not None and row["type"] in ("composite",) and not _expressible(row):
        pytest.skip("a composite of fewer than two parts, or a nested one, cannot be said to the library")
    write = row_suffix if case["kind"] == "row-id" else aad
    with pytest.raises(FieldvaultError):
        write(case["row"] if case["kind"] == "row-id" else case)


def _expressible(row: dict[str, Any]) -> bool:
    return len(row["values"]) >= 2 and all(one["type"] != "composite" for one in row["values"])


def test_a_row_id_without_parts_is_refused() -> None:
    with pytest.raises(SchemaError):
        row_suffixes([])


def test_names_are_checked_wherever_they_enter() -> None:
    with pytest.raises(SchemaError):
        encode_name("", "subject")
