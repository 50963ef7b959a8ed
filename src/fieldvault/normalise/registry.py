"""Normalisers by the names that configuration files use."""

from __future__ import annotations

from typing import Any

from fieldvault.errors import SchemaError
from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.email import EMAIL
from fieldvault.normalise.exact import Encodes, Exact
from fieldvault.normalise.phone import Phone
from fieldvault.normalise.text import NAME, TEXT

NAMES = ("email@1", "phone@1", "name@1", "text@1", "exact@1")


def normaliser_named(name: str, *, region: str | None = None, codec: Encodes[Any] | None = None) -> Normaliser[Any]:
    """The normaliser called `name`. A name without a version means version 1, for ever.

    `region` is for phone only, and may be left out there; `codec` is for exact only, and is needed there. Raises
    `SchemaError` for an unknown name, and for an argument that the normaliser has no use for.
    """
    full = name if "@" in name else f"{name}@1"
    if full not in NAMES:
        raise SchemaError(f"there is no normaliser {name!r}", hint=f"use {', '.join(NAMES)}")
    if region is not None and full != Phone.name:
        raise SchemaError(f"{full} has no region", hint="a region helps phone@1 to read national numbers")
    if (codec is not None) != (full == Exact.name):
        raise SchemaError("exact@1 needs the field's codec, and no other normaliser takes one")
    if full == Phone.name:
        return Phone(region)
    if codec is not None:
        return Exact(codec)
    return {one.name: one for one in (EMAIL, NAME, TEXT)}[full]
