"""Blind indexes in the file: of one field, beside the field; of several, in `[[schema.NAME.compound]]`.

email = { index = { normaliser = "email", unique = true } }
name = { index = [{ normaliser = "name" }, { kind = "word", normaliser = "name" }] }

[[schema.customer.compound]]
name = "person"
parts = { name = "name", born = "exact" }
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fieldvault.codec import Codec
from fieldvault.config.section import Section, placed
from fieldvault.normalise import Normaliser, normaliser_named
from fieldvault.tokens import (
    BlindIndex,
    CompoundIndex,
    ExactIndex,
    LeakyNgramIndex,
    Md5Index,
    Md5Recipe,
    PrefixIndex,
    SuffixIndex,
    WordIndex,
)

COMMON_KEYS = ("kind", "bits", "name", "column")
KINDS: Mapping[str, tuple[str, ...]] = {
    "exact": ("normaliser", "region", "unique", "shared", "few_values"),
    "prefix": ("normaliser", "region", "lengths"),
    "suffix": ("normaliser", "region", "lengths"),
    "word": ("normaliser", "region"),
    "leaky-ngram": ("normaliser", "region", "size"),
    "md5": ("steps", "unique"),
}
"""The kinds, and which keys each has besides the common ones."""
COMPOUND_KEYS = ("name", "parts", "bits", "column", "unique", "few_values")


def read_index(section: Section, codec: Codec[Any]) -> BlindIndex:
    """One index of a field of this codec. Raises `FieldvaultError` for what the declaration refuses."""
    kind = section.choice("kind", KINDS) or "exact"
    section.only(*COMMON_KEYS, *KINDS[kind])
    given = _given(section)
    if kind == "md5":
        return Md5Index(Md5Recipe(*section.texts("steps")), unique=section.flag("unique", default=False), **given)
    normaliser = _normaliser(section, codec)
    if kind == "exact":
        unique, shared = section.flag("unique", default=False), section.text("shared")
        few = section.flag("few_values", default=False)
        return ExactIndex(normaliser, unique=unique, shared=shared, few_values=few, **given)
    if kind == "leaky-ngram":
        size = section.integer("size")
        return LeakyNgramIndex(normaliser, **(given if size is None else given | {"size": size}))
    if kind == "word":
        return WordIndex(normaliser, **given)
    edges: Mapping[str, Callable[..., BlindIndex]] = {"prefix": PrefixIndex, "suffix": SuffixIndex}
    return edges[kind](normaliser, section.integers("lengths"), **given)


def read_compound(section: Section, codecs: Mapping[str, Codec[Any]]) -> CompoundIndex:
    """One index of several fields. Raises `FieldvaultError` for what the declaration refuses."""
    section.only(*COMPOUND_KEYS)
    parts = section.section("parts")
    for field in parts.names:
        if field not in codecs:
            raise parts.error(field, "is not a sealed field of the schema")
    normalisers = {
        field: placed(parts, field, _named, parts.required_text(field), None, codecs[field])
        for field in parts.names
    }
    given = _given(section)
    given["name"] = section.required_text("name")
    unique, few = section.flag("unique", default=False), section.flag("few_values", default=False)
    return CompoundIndex(parts=normalisers, unique=unique, few_values=few, **given)


def _given(section: Section) -> dict[str, Any]:
    given = {"bits": section.integer("bits"), "name": section.text("name"), "column": section.text("column")}
    return {key: value for key, value in given.items() if value is not None}


def _normaliser(section: Section, codec: Codec[Any]) -> Normaliser[Any]:
    name = section.required_text("normaliser", hint="email, phone, name, text or exact")
    return placed(section, "normaliser", _named, name, section.text("region"), codec)


def _named(name: str, region: str | None, codec: Codec[Any]) -> Normaliser[Any]:
    return normaliser_named(name, region=region, codec=codec.bare if name.partition("@")[0] == "exact" else None)
