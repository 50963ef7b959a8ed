"""The library against index-v1.json."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from fieldvault.core import batch
from fieldvault.core.derive import derive_index_key
from fieldvault.core.envelope import INDEX_PREFIX, from_text, to_text
from fieldvault.core.index import IndexKey
from fieldvault.errors import EnvelopeMalformed, FieldvaultError, NotIndexable
from fieldvault.normalise import Exact, Normaliser, Phone, normaliser_named
from vectors.typed import codec_of, names, value_of, vectors

FILE = vectors("index-v1")
TEXT_FORMS = [case for case in FILE["negative"] if case["stage"] == "parse"]
PARAMETERS = [case for case in FILE["negative"] if case["stage"] == "encode"]


def index_value(case: dict[str, Any]) -> bytes:
    IndexKey(bytes(32), version=case["version"], bits=case["bits"])  # refuses what the derivation cannot encode
    parts = {name: case[name] for name in ("schema", "field", "index", "normaliser", "bits", "version")}
    key = derive_index_key(bytes.fromhex(case["data_key"]), **parts)
    assert case.get("index_key", key.hex()) == key.hex()
    index_key = IndexKey(key, version=case["version"], bits=case["bits"])
    return batch.index_many(index_key, [bytes.fromhex(case["normalised"])])[0]


@pytest.mark.parametrize("case", FILE["positive"], ids=names(FILE["positive"]))
def test_index_values(case: dict[str, Any]) -> None:
    value = index_value(case)
    assert value.hex() == case["value"]
    assert to_text(INDEX_PREFIX, value) == case["text_form"]
    assert from_text(INDEX_PREFIX, case["text_form"]) == value


@pytest.mark.parametrize("case", PARAMETERS, ids=names(PARAMETERS))
def test_parameters_that_a_writer_must_refuse(case: dict[str, Any]) -> None:
    with pytest.raises(FieldvaultError):
        index_value(case)


@pytest.mark.parametrize("case", TEXT_FORMS, ids=names(TEXT_FORMS))
def test_text_forms_that_are_not_canonical(case: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeMalformed):
        from_text(INDEX_PREFIX, case["text_form"])


@pytest.mark.parametrize("group", FILE["distinct"], ids=names(FILE["distinct"]))
def test_a_difference_in_any_one_input_is_a_difference_in_the_value(group: dict[str, Any]) -> None:
    values = [index_value(case)[1:] for case in group["sets"]]
    assert not any(b.startswith(a) for a, b in itertools.permutations(values, 2))


def normaliser_of(case: dict[str, Any]) -> Normaliser[Any]:
    name = case["normaliser"]
    if name == "phone@1":
        return Phone(case["region"])
    if name == "exact@1":
        return Exact(codec_of(case["declared"]))
    return normaliser_named(name)


@pytest.mark.parametrize("case", FILE["normalisers"], ids=names(FILE["normalisers"]))
def test_normalisers(case: dict[str, Any]) -> None:
    normaliser = normaliser_of(case)
    assert normaliser.name == case["normaliser"]
    value = value_of(case["value"], codec_of(case["declared"])) if "declared" in case else case["value"]
    if case["normalised"] is None:
        with pytest.raises(NotIndexable):
            normaliser.normalise(value)
    else:
        assert normaliser.normalise(value).hex() == case["normalised"]
