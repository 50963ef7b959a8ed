"""Searching: the blind index through the record layer (spec index-v1)."""

from __future__ import annotations

from typing import Any

import pytest
from plugins.customers import CUSTOMERS, cipher, customer

from fieldvault import BatchError, ExactIndex, PlainField, Schema, SealedField, TextForm
from fieldvault.core.derive import IndexPlace
from fieldvault.core.envelope import INDEX_PREFIX, from_text
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise import EMAIL, TEXT, Phone
from fieldvault.testing import memory_keyrings


def schema(name: str = "t", field: str = "v", index: Any = None) -> Schema:
    return Schema(name, [PlainField("id", int), SealedField(field, index=index or ExactIndex(TEXT))], row_id="id")


def value_of(keyrings: Any, what: Schema, field: str = "v", tenant: str = "acme", value: str = "ada") -> Any:
    records = cipher(what, keyrings, tenant=tenant)
    stored = records.index_column(field, [value])
    assert records.index_values(field, value) == stored
    return stored


def test_differently_written_emails_are_found() -> None:
    records = cipher()
    sealed = records.seal_many([customer(1, email="Ada.Lovelace@Example.ORG"), customer(2)])
    wanted = records.index_values("email", " ada.lovelace@example.org ")
    assert [record["id"] for record in sealed if record["email_index"] in wanted] == [1]
    assert records.index_column("email", ["ada.lovelace@example.org"]) == [sealed[0]["email_index"]]
    opened = records.open(sealed[0])
    assert opened["email"] == "Ada.Lovelace@Example.ORG"
    assert records.matches("email", "ADA.lovelace@example.org", opened["email"])
    assert not records.matches("email", "bob@example.org", opened["email"])
    assert not records.matches("email", "not a mail", opened["email"])


def test_nothing_joins_but_an_index_with_itself() -> None:
    keyrings = memory_keyrings()
    base = schema()
    values = [
        value_of(keyrings, base),
        value_of(keyrings, base, tenant="evil"),
        value_of(keyrings, schema(name="u")),
        value_of(keyrings, schema(field="w"), field="w"),
        value_of(keyrings, schema(index=ExactIndex(EMAIL)), value="ada@b.example"),
        value_of(keyrings, schema(index=ExactIndex(TEXT, name="other"))),
        value_of(keyrings, schema(index=ExactIndex(TEXT, bits=120))),
        value_of(memory_keyrings(), base),
    ]
    seen = [one[1:16] for [one] in values]
    assert len(set(seen)) == len(seen)
    assert value_of(keyrings, base) == values[0]


def test_null_has_no_index_value() -> None:
    records = cipher()
    assert records.index_column("email", [None, "a@b.example", None])[::2] == [None, None]
    assert records.seal(customer(email=None))["email_index"] is None
    with pytest.raises(SchemaError, match="None"):
        records.index_values("email", None)


def test_a_query_asks_under_old_and_new_keys() -> None:
    records = cipher()
    old = records.seal(customer(1))["email_index"]
    records.index_keyring.add_index_key()
    new = records.seal(customer(1))["email_index"]
    wanted = records.index_values("email", customer(1)["email"])
    assert wanted == [new, old]
    assert (old[0], new[0]) == (1, 2)
    records.index_keyring.destroy(records.index_keyring.usable_keys()[1].key_id)
    assert records.index_values("email", customer(1)["email"]) == [new]


def test_bits_and_text_form() -> None:
    keyrings = memory_keyrings()
    what = schema(index=ExactIndex(TEXT, bits=12, column="lookup"))
    binary, text = cipher(what, keyrings), cipher(what, keyrings, form=TextForm())
    sealed = binary.seal({"id": 1, "v": "Ada"})
    assert len(sealed["lookup"]) == 3
    assert sealed["lookup"][2] & 0x0F == 0
    as_text = text.seal({"id": 1, "v": "Ada"})
    assert from_text(INDEX_PREFIX, as_text["lookup"]) == sealed["lookup"]
    assert text.index_values("v", "Ada") == [as_text["lookup"]]
    assert text.index_column("v", ["Ada"]) == [as_text["lookup"]]
    assert binary.open(as_text) == {"id": 1, "v": "Ada"}


def test_several_indexes_of_a_field() -> None:
    what = schema(index=[ExactIndex(TEXT, name="text"), ExactIndex(Phone("GB"), name="phone")])
    records = cipher(what)
    sealed = records.seal({"id": 1, "v": "+44 20 7946 0018"})
    assert sealed["v_phone"] in records.index_values("v", "020 7946 0018", index="phone")
    assert sealed["v_text"] not in records.index_values("v", "020 7946 0018", index="text")
    with pytest.raises(SchemaError, match="say which index"):
        records.index_values("v", "x")
    with pytest.raises(SchemaError, match="say which index"):
        records.index_column("v", ["x"], index="nope")
    with pytest.raises(SchemaError, match="no blind index"):
        cipher().index_values("iban", "x")
    with pytest.raises(SchemaError, match="no sealed field"):
        cipher().index_values("nope", "x")


def test_what_cannot_be_normalised_is_refused_everywhere() -> None:
    records = cipher()
    with pytest.raises(NotIndexable):
        records.index_values("email", "nobody")
    with pytest.raises(BatchError) as raised:
        records.index_column("email", ["a@b.example", "nobody", 7])
    assert {at: type(one) for at, one in raised.value.failures.items()} == {1: NotIndexable, 2: NotIndexable}
    with pytest.raises(NotIndexable):
        records.seal(customer(email="nobody"))


def test_open_leaves_index_columns_out_even_without_their_field() -> None:
    records = cipher()
    sealed = records.seal(customer())
    assert "email_index" not in records.open(sealed)
    assert records.open({"id": 1, "iban": sealed["iban"], "email_index": sealed["email_index"]}) == {
        "id": 1,
        "iban": customer()["iban"],
    }


def test_an_index_key_seals_nothing_and_a_data_key_indexes_nothing() -> None:
    records = cipher()
    sealed = records.seal(customer())
    index_key = records.index_keyring.primary(uses=0)
    assert index_key.key_id not in {sealed[name][1:17] for name in CUSTOMERS.sealed}
    with pytest.raises(SchemaError, match="purpose 'index'"):
        records.keyring.primary(uses=0).index_key(IndexPlace("s", "f", "i", "text@1", 128))
