"""Schemas that contradict themselves are refused when they are declared (`schema/`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from plugins.customers import cipher

from fieldvault import ExactIndex, PlainField, Schema, SealedField, Tenancy
from fieldvault.codec import Padded, PadTo
from fieldvault.errors import SchemaError
from fieldvault.normalise import EMAIL, TEXT
from fieldvault.testing import memory_keyrings

ID = PlainField("id", int)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Schema("", []),
        lambda: Schema("a\nb", []),
        lambda: Schema("x" * 256, []),
        lambda: PlainField(""),
        lambda: SealedField(""),
        lambda: SealedField("a\x00"),
        lambda: SealedField("v", complex),
        lambda: PlainField("v", object),
        lambda: Schema("t", [SealedField("v")]),
        lambda: Schema("t", [ID, SealedField("v")]),
        lambda: Schema("t", [SealedField("v"), SealedField("id", row_bound=False)], row_id="id"),
        lambda: Schema("t", [ID, SealedField("v")], row_id="nope"),
        lambda: Schema("t", [ID, SealedField("v")], row_id=("id", "nope")),
        lambda: Schema("t", [ID, SealedField("v")], row_id="id", subject="v"),
        lambda: Schema("t", [ID, SealedField("v")], row_id="id", subject="nope"),
        lambda: Schema("t", [PlainField("id", float), SealedField("v")], row_id="id"),
        lambda: Schema("t", [PlainField("id", bool), SealedField("v")], row_id="id"),
        lambda: Schema("t", [ID, ID]),
        lambda: Schema("t", [ID, SealedField("id", row_bound=False)]),
        lambda: Schema("t", [ID, SealedField("v", index=ExactIndex(TEXT, column="id"))], row_id="id"),
        lambda: Schema("t", [ID, SealedField("v", index=ExactIndex(TEXT, column="v"))], row_id="id"),
        lambda: Schema("t", [ID, SealedField("v", index=ExactIndex(TEXT)), PlainField("v_index")], row_id="id"),
        lambda: SealedField("v", index=[ExactIndex(TEXT), ExactIndex(EMAIL)]),
        lambda: SealedField("v", index=ExactIndex(TEXT), seal_null=True),
        lambda: ExactIndex(TEXT, bits=7),
        lambda: ExactIndex(TEXT, bits=257),
        lambda: ExactIndex(TEXT, name=""),
        lambda: ExactIndex(TEXT, name="a\n"),
    ],
)
def test_contradictions_are_refused(declare: Callable[[], Any]) -> None:
    with pytest.raises(SchemaError):
        declare()


@pytest.mark.parametrize("declared", [int, str, bytes, UUID])
def test_types_of_a_row_id(declared: type) -> None:
    assert Schema("t", [PlainField("id", declared), SealedField("v")], row_id="id").row_id == ("id",)


def test_a_row_id_is_encoded_without_padding() -> None:
    # aad-v1 §4 knows four type bytes; a padded one would bind values to a row that no other reader can name.
    padded = SealedField("v", padding=PadTo(32)).codec
    keyrings = memory_keyrings()
    try:
        records = cipher(Schema("t", [PlainField("id", padded), SealedField("v")], row_id="id"), keyrings)
    except SchemaError:
        return  # to refuse it is right too
    sealed = records.seal({"id": "r1", "v": "x"})
    plain = cipher(Schema("t", [PlainField("id"), SealedField("v")], row_id="id"), keyrings)
    assert plain.open(sealed) == {"id": "r1", "v": "x"}


def test_columns_and_where_they_come_from() -> None:
    schema = Schema(
        "t",
        [
            ID,
            SealedField("v", index=[ExactIndex(TEXT), ExactIndex(EMAIL, name="mail", column="mail_of_v")]),
            SealedField("w", row_bound=False),
        ],
        row_id=["id"],
    )
    assert schema.columns == {"id", "v", "w", "v_index", "mail_of_v"}
    assert [schema.source_of(name) for name in ("v_index", "mail_of_v", "v", "id")] == ["v", "v", "v", "id"]
    assert (list(schema.sealed), list(schema.plain), schema.row_id) == (["v", "w"], ["id"], ("id",))
    assert schema.field("v").find_index("mail").column == "mail_of_v"
    assert repr(schema) == "<Schema t: 2 sealed, 1 plain>"


def test_an_unknown_field_or_index_is_named_with_those_there_are() -> None:
    schema = Schema(
        "t", [ID, SealedField("v", index=[ExactIndex(TEXT), ExactIndex(EMAIL, name="mail")])], row_id="id"
    )
    with pytest.raises(SchemaError, match=r"no sealed field id.*it has: v"):
        schema.field("id")
    for name in (None, "nope"):
        with pytest.raises(SchemaError, match="one of: index, mail"):
            schema.field("v").find_index(name)


def test_a_padding_pads_a_codec_once() -> None:
    field = SealedField("v", padding=PadTo(32))
    assert isinstance(field.codec, Padded)
    assert len(field.codec.encode("x")) == 32
    assert SealedField("v", field.codec, padding=PadTo(64)).codec.encode("x")[-1:] == b"\0"
    assert len(SealedField("v", field.codec, padding=PadTo(64)).codec.encode("x")) == 64


def test_a_tenancy_is_said_and_per_tenant_unless_it_is() -> None:
    assert Schema("t", []).tenancy is Tenancy.PER_TENANT
    assert Schema("t", [], tenancy=Tenancy.GLOBAL).tenancy is Tenancy.GLOBAL


def test_fields_do_not_change() -> None:
    with pytest.raises(AttributeError):
        SealedField("v").name = "w"  # type: ignore[misc]
