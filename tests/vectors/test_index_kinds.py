"""The library against index-kinds-v1.json."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from fieldvault.core.context import Scope
from fieldvault.core.derive import IndexPlace, derive_key_id
from fieldvault.core.envelope import INDEX_PREFIX, to_text
from fieldvault.errors import SchemaError
from fieldvault.keyring import DataKey
from fieldvault.keyring.data_key import admit
from fieldvault.normalise import TEXT, Normaliser
from fieldvault.tokens import (
    BlindIndex,
    CompoundIndex,
    ExactIndex,
    LeakyNgramIndex,
    Md5Index,
    Md5Recipe,
    PrefixIndex,
    Slot,
    SuffixIndex,
    WordIndex,
)
from vectors.typed import names, vectors

FILE = vectors("index-kinds-v1")
SCOPE = Scope("acme", "index")
STEPS: dict[str, tuple[str, ...]] = {
    "md5": (),
    "md5-trim-lower": ("trim", "lower"),
    "md5-lower": ("lower",),
    "md5-lower-ascii": ("lower-ascii",),
    "md5-strip-lower-latin-1": ("strip", "lower", "latin-1"),
}


class Given(Normaliser[bytes]):
    """Normalised already."""

    def __init__(self, name: str) -> None:
        self.name = name

    def normalise(self, value: bytes) -> bytes:
        return value


def key_of(case: dict[str, Any]) -> DataKey:
    raw = bytes.fromhex(case["data_key"])
    key = admit(raw, derive_key_id(raw, SCOPE), SCOPE, version=case["version"], fetched_at=0.0)
    assert isinstance(key, DataKey)
    return key


def index_of(case: dict[str, Any]) -> BlindIndex:
    family, _, number = case["kind"].partition("-")
    given = Given(case["normaliser"])
    options: dict[str, Any] = {"bits": case["bits"], "name": case["index"] or "index"}
    match family:
        case "exact":
            return ExactIndex(given, shared=case["domain"] or None, **options)
        case "prefix":
            return PrefixIndex(given, (int(number),), **options)
        case "suffix":
            return SuffixIndex(given, (int(number),), **options)
        case "word":
            return WordIndex(given, **options)
        case "ngram":
            return LeakyNgramIndex(given, int(number), **options)
        case "md5":
            return Md5Index(Md5Recipe(*STEPS[case["normaliser"].removesuffix("@1")]), **options)
        case _:
            fields = zip(case["field"].split(","), case["normaliser"].split(","), strict=True)
            return CompoundIndex(case["index"], {f: Given(n) for f, n in fields}, bits=case["bits"])


def made(case: dict[str, Any]) -> tuple[Slot, Sequence[bytes]]:
    index = index_of(case)
    [slot] = index.slots(case["schema"] or "any", case["field"] or "any")
    value = case.get("value") or bytes.fromhex(case.get("normalised", ""))
    if "parts" in case:
        value = tuple(bytes.fromhex(part) for part in case["parts"])
    return slot, index.normalise_many([value])


@pytest.mark.parametrize("case", FILE["positive"], ids=names(FILE["positive"]))
def test_positive(case: dict[str, Any]) -> None:
    slot, normalised = made(case)
    assert slot.place == IndexPlace(
        case["schema"], case["field"], case["index"], case["normaliser"], case["bits"], case["kind"], case["domain"]
    )
    key = key_of(case)
    if "cell" in case:
        assert slot.sets_under(key, normalised) == [case["cell"]]
        assert slot.split is not None
        assert [one.hex() for one in slot.split(normalised[0])] == case["maced"]
        tokens = slot.tokens_under(key, slot.split(normalised[0]))
        assert tokens == [to_text(INDEX_PREFIX, bytes.fromhex(value)) for value in case["values"]]
    else:
        [value] = slot.values_under(key, normalised)
        assert [value.hex() if value else None] == (case["values"] or [None])


def test_no_two_kinds_share_a_value() -> None:
    values = []
    for case in FILE["distinct"]:
        case = case | ({"value": "abcabc"} if case["kind"] == "md5" else {"normalised": b"abcabc".hex()})
        slot, normalised = made(case)
        key = key_of(case)
        parts = (
            slot.split(normalised[0]) if slot.split else [slot.pick(normalised[0]) if slot.pick else normalised[0]]
        )
        found = slot.macs_under(key, [part for part in parts if part is not None])
        assert [one.hex() for one in found] == case["values"]
        values += [one[1:] for one in found]
    assert not any(b.startswith(a) for a, b in itertools.permutations(values, 2))


@pytest.mark.parametrize("case", FILE["negative"], ids=names(FILE["negative"]))
def test_parameters_that_a_writer_must_refuse(case: dict[str, Any]) -> None:
    family, _, number = case["kind"].partition("-")
    makers: dict[str, Callable[[], BlindIndex]] = {
        "prefix": lambda: PrefixIndex(TEXT, (int(number),)),
        "suffix": lambda: SuffixIndex(TEXT, (int(number),)),
        "ngram": lambda: LeakyNgramIndex(TEXT, int(number)),
        "compound": lambda: CompoundIndex("i", dict.fromkeys(case["fields"], TEXT)),
    }
    with pytest.raises(SchemaError):
        makers[family]()


def test_the_date_of_the_compound_vector_is_what_the_codec_makes() -> None:
    from fieldvault.codec import codec_for
    from fieldvault.normalise import Exact

    [case] = [one for one in FILE["positive"] if one["name"] == "compound"]
    assert Exact(codec_for(date)).normalise(date(1815, 12, 10)).hex() == case["parts"][1]
