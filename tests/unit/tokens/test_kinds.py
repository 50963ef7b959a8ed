"""Every kind of index through the record layer: what it finds, what it leaves out, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from fieldvault import (
    BatchError,
    ExactIndex,
    Keyrings,
    PlainField,
    RecordCipher,
    Schema,
    SealedField,
    Tenancy,
    TextForm,
)
from fieldvault.codec import codec_for
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise import EMAIL, NAME, TEXT, Exact, OrAsText, Phone
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import (
    BlindIndex,
    CompoundIndex,
    LeakyNgramIndex,
    Md5Index,
    Md5Recipe,
    PrefixIndex,
    SuffixIndex,
    WordIndex,
)

PERSON = CompoundIndex("person", {"name": NAME, "born": Exact(codec_for(date))}, unique=True)


def cipher(
    index: BlindIndex | list[BlindIndex], form: Any = None, keyrings: Keyrings | None = None
) -> RecordCipher:
    schema = Schema("s", [PlainField("id", int), SealedField("v", index=index)], row_id="id")
    return RecordCipher(schema, keyrings or memory_keyrings(), tenant="acme", form=form)


def found(
    records: RecordCipher, values: list[str], wanted: Any, index: str | None = None
) -> tuple[list[str], list[str]]:
    """What the index finds, and what is left of it once opened and confirmed."""
    sealed = records.seal_many([{"id": n, "v": value} for n, value in enumerate(values)])
    search = records.search("v", wanted, index=index)
    hits = records.open_many([row for row in sealed if search.found_in(row[search.column])])
    return [hit["v"] for hit in hits], [hit["v"] for hit in records.confirm("v", wanted, hits, index=index)]


@pytest.mark.parametrize("form", [None, TextForm()])
def test_prefixes(form: Any) -> None:
    records = cipher(PrefixIndex(NAME, (3, 1)), form)
    values = ["Ann", "anna", "An", "Bob", "ÅNN", "Å"]
    assert sorted(records.schema.index_columns) == ["v_prefix_1", "v_prefix_3"]
    assert found(records, values, "ann")[1] == ["Ann", "anna"]
    assert found(records, values, "anna") == (["Ann", "anna"], ["anna"])
    assert found(records, values, "an") == (["Ann", "anna", "An"], ["Ann", "anna", "An"])
    assert found(records, values, "å")[1] == ["ÅNN", "Å"]
    assert records.search("v", "ann").column == "v_prefix_3"
    assert records.search("v", "an").column == "v_prefix_1"
    assert records.seal({"id": 1, "v": "An"})["v_prefix_3"] is None
    with pytest.raises(NotIndexable):
        cipher(PrefixIndex(NAME, (3,))).search("v", "an")


def test_endings_of_phone_numbers_and_addresses() -> None:
    records = cipher([SuffixIndex(Phone("GB"), (4,), name="last"), ExactIndex(Phone("GB"))])
    values = ["020 7946 0018", "+44 20 7946 0019", "+44 20 7946 1018"]
    assert found(records, values, "0018", "last")[1] == values[:1]
    assert found(records, values, "٠٠١٩", "last")[1] == values[1:2], "digits of any script"
    assert found(records, values, "60018", "last") == (values[:1], values[:1])
    records = cipher(SuffixIndex(EMAIL, (5, 11)))
    assert found(records, ["a@Example.ORG", "b@example.com"], "@example.org")[1] == ["a@Example.ORG"]


@pytest.mark.parametrize("form", [None, TextForm()])
def test_words(form: Any) -> None:
    records = cipher(WordIndex(NAME), form)
    values = ["Ann-Marie O'Neil", "Marie Curie", "marieann", "—"]
    assert found(records, values, "MARIE")[1] == values[:2]
    assert found(records, values, "o'neil, ann")[1] == values[:1]
    assert found(records, values, "mari")[1] == []
    cell = records.seal({"id": 1, "v": values[0]})["v_words"]
    assert isinstance(cell, str)
    assert len(cell.split(" ")) == 4
    assert records.seal({"id": 1, "v": "—"})["v_words"] is None
    with pytest.raises(NotIndexable):
        records.search("v", "—")
    with pytest.raises(SchemaError, match="sets of tokens"):
        records.index_values("v", "ann")


def test_parts_by_ngrams() -> None:
    records = cipher(LeakyNgramIndex(NAME, 3, bits=8))
    values = ["Wolfgang", "gangwolf", "Wolf", "xyz"]
    hits, confirmed = found(records, values, "fgan")
    assert confirmed == ["Wolfgang"]
    assert set(confirmed) <= set(hits)
    assert found(records, values, "wolf")[1] == values[:3]
    with pytest.raises(NotIndexable):
        records.search("v", "wo")


def test_truncation_finds_more_and_confirm_leaves_it_out() -> None:
    records = cipher(ExactIndex(TEXT, bits=8))
    values = [f"value {n}" for n in range(6_000)]  # none collides once in 10^10 runs
    hits, confirmed = found(records, values, "value 7")
    assert confirmed == ["value 7"]
    assert len(hits) > 1


def people(**changes: Any) -> Schema:
    fields = [PlainField("id", int), SealedField("name"), SealedField("born", date), SealedField("email")]
    return Schema("people", fields, row_id="id", indexes=[PERSON], **changes)


def test_several_fields_together() -> None:
    records = RecordCipher(people(), memory_keyrings(), tenant="acme")
    ann = {"id": 1, "name": "Ann  LEE", "born": date(1990, 1, 2)}
    sealed = records.seal(ann)
    assert sealed["person_index"] in records.index_values("person", {"name": "ann lee", "born": date(1990, 1, 2)})
    assert sealed["person_index"] not in records.index_values(
        "person", {"name": "ann lee", "born": date(1990, 1, 3)}
    )
    assert records.open(sealed) == ann
    assert records.matches("person", {"name": "ann lee", "born": date(1990, 1, 2)}, ann)
    assert not records.matches("person", {"name": "ann le", "born": date(1990, 1, 2)}, ann)
    assert records.seal(ann | {"born": None})["person_index"] is None
    assert "person_index" not in records.seal({"id": 1, "email": "x"}), "nothing of it is touched"
    with pytest.raises(SchemaError, match="lacks some"):
        records.seal({"id": 1, "name": "Ann"})
    with pytest.raises(BatchError) as refused:
        records.seal_many([ann, {"id": 2, "born": date(1990, 1, 2)}])
    assert list(refused.value.failures) == [1]
    for wrong in ("ann", {"name": "ann"}, {"name": "ann", "bern": 1}):
        with pytest.raises(SchemaError, match="mapping of: name, born"):
            records.index_values("person", wrong)
    with pytest.raises(SchemaError):
        records.index_values("nobody", {})


@pytest.mark.parametrize(
    "make",
    [
        lambda: CompoundIndex("c", {"name": NAME}),
        lambda: CompoundIndex("c", {"name": NAME, "born": NAME}, bits=32, unique=True),
        lambda: Schema("s", [SealedField("name")], indexes=[CompoundIndex("c", {"name": NAME, "x": NAME})]),
        lambda: ExactIndex(NAME, bits=63, unique=True),
        lambda: Md5Index(Md5Recipe(), bits=32, unique=True),
        lambda: ExactIndex(NAME, shared=""),
        lambda: PrefixIndex(NAME, ()),
        lambda: PrefixIndex(NAME, (2, 2)),
        lambda: WordIndex(NAME, bits=7),
    ],
)
def test_declarations_that_are_refused(make: Any) -> None:
    with pytest.raises(SchemaError):
        make()


def test_a_shared_index_joins_two_tables_of_one_tenant_and_no_more() -> None:
    keyrings = memory_keyrings()

    def column(schema: str, field: str, tenant: str = "acme", **options: Any) -> bytes:
        index = ExactIndex(EMAIL, **({"shared": "e-mail"} | options))
        declared = Schema(schema, [SealedField(field, row_bound=False, index=index)])
        [value] = RecordCipher(declared, keyrings, tenant=tenant).index_column(field, ["Ann@example.org"])
        return bytes(value)

    same = column("customers", "email")
    assert same == column("vendors", "contact", name="another-name")
    different = [
        column("customers", "email", "other"), column("customers", "email", shared=None),
        column("customers", "email", shared="mail"), column("customers", "email", bits=120),
    ]  # fmt: skip
    assert len({same, *different}) == 5


def test_a_global_schema_indexes_over_tenants() -> None:
    index = ExactIndex(EMAIL, unique=True)
    schema = Schema("logins", [SealedField("email", row_bound=False, index=index)], tenancy=Tenancy.GLOBAL)
    records = RecordCipher(schema, memory_keyrings())
    assert records.seal({"email": "a@b.example"})["email_index"] in records.index_values("email", "A@b.example")


def test_columns_say_what_they_need() -> None:
    indexes = [ExactIndex(NAME, unique=True), WordIndex(NAME), PrefixIndex(NAME, (2,))]
    schema = Schema("s", [SealedField("v", row_bound=False, index=indexes)])
    assert list(schema.index_columns) == ["v_index", "v_index_next", "v_words", "v_prefix_2"]
    assert schema.unique_columns == {"v_index", "v_index_next"}
    assert schema.lookup_columns == {"v_index", "v_words", "v_prefix_2"}
    assert schema.token_set_columns == {"v_words"}
    assert {schema.source_of(column) for column in schema.index_columns} == {"v"}


def test_too_many_tokens_for_one_cell_are_refused() -> None:
    many = " ".join(map(str, range(10_001)))
    with pytest.raises(NotIndexable, match="10,000 words"):
        cipher(WordIndex(TEXT)).seal({"id": 1, "v": many})
    with pytest.raises(NotIndexable, match="10,000 different parts"):
        cipher(LeakyNgramIndex(TEXT, 5)).seal({"id": 1, "v": many})


@pytest.mark.parametrize(
    "kind", [partial(PrefixIndex, lengths=(3,)), partial(SuffixIndex, lengths=(3,)), WordIndex, LeakyNgramIndex]
)
def test_parts_are_not_sought_where_some_values_are_plain_text(kind: Callable[..., BlindIndex]) -> None:
    with pytest.raises(SchemaError, match="finds parts"):
        kind(OrAsText(EMAIL))
