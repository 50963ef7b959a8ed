"""Normalisers by the names that configuration files use."""

from __future__ import annotations

from typing import Any

from fieldvault.errors import SchemaError
from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.codes import IDENTIFIER, POSTCODE
from fieldvault.normalise.email import EMAIL
from fieldvault.normalise.email_variants import EMAIL_UNDOTTED, EMAIL_UNTAGGED
from fieldvault.normalise.exact import Encodes, Exact
from fieldvault.normalise.fallback import OrAsText
from fieldvault.normalise.names import NAME_LATIN, NAME_UNACCENTED
from fieldvault.normalise.phone import Phone
from fieldvault.normalise.text import NAME, TEXT

_OR_TEXT = "-or-text"
_WITHOUT_SETTINGS: dict[str, Normaliser[Any]] = {
    one.name: one
    for one in (
        EMAIL,
        EMAIL_UNTAGGED,
        EMAIL_UNDOTTED,
        NAME,
        NAME_UNACCENTED,
        NAME_LATIN,
        TEXT,
        POSTCODE,
        IDENTIFIER,
    )
}
NAMES = (*_WITHOUT_SETTINGS, Phone.name, Exact.name)


def normaliser_named(name: str, *, region: str | None = None, codec: Encodes[Any] | None = None) -> Normaliser[Any]:
    """The normaliser called `name`. A name without a version means version 1, for ever.

    `name-or-text` is `OrAsText` of it. `region` is for phone only, and may be left out there; `codec` is for exact
    only, and is needed there. Raises `SchemaError` for an unknown name, and for an argument that the normaliser
    has no use for.
    """
    base, _, version = name.partition("@")
    full = f"{base.removesuffix(_OR_TEXT)}@{version or 1}"
    if full not in NAMES or name.endswith("@"):
        known = ", ".join(NAMES)
        raise SchemaError(f"there is no normaliser {name!r}", hint=f"use {known}; or one of them with {_OR_TEXT}")
    if region is not None and full != Phone.name:
        raise SchemaError(f"{full} has no region", hint="a region helps phone@1 to read national numbers")
    if (codec is not None) != (full == Exact.name):
        raise SchemaError("exact@1 needs the field's codec, and no other normaliser takes one")
    normaliser = _made(full, region, codec)
    return OrAsText(normaliser) if base.endswith(_OR_TEXT) else normaliser


def _made(full: str, region: str | None, codec: Encodes[Any] | None) -> Normaliser[Any]:
    if full == Phone.name:
        return Phone(region)
    return _WITHOUT_SETTINGS[full] if codec is None else Exact(codec)
