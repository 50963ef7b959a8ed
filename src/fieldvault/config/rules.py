"""`[domain.NAME.columns]`: what becomes of each column, in the file or as `--column NAME=KIND,key=value`.

country = "keep"
name = "drop"
email = { token = "siv", normaliser = "email" }
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fieldvault.codec import codec_named
from fieldvault.config.section import Section, suggestion
from fieldvault.errors import ConfigurationError, FieldvaultError
from fieldvault.normalise import Normaliser, Phone, normaliser_named
from fieldvault.pseudonyms import (
    DIGITS,
    CardToken,
    DateShift,
    FormatToken,
    FreshLookupToken,
    LookupToken,
    Luhn,
    NeverZeroDateShift,
    OneWayPseudonym,
    PhoneToken,
    SivToken,
    Tokeniser,
)
from fieldvault.pseudonyms.rules import Drop, Keep, Rule, Tokenise

_COMMON = ("token", "name", "version")
_TYPED = (*_COMMON, "type", "normaliser", "region")
_KEPT = (*_COMMON, "keep_first", "keep_last")
_DATES = (*_COMMON, "type", "days", "subject")
RULE_KEYS: Mapping[str, tuple[str, ...]] = {
    "keep": ("token", "type"),
    "drop": ("token", "type"),
    "siv": _TYPED,
    "one-way": (*_TYPED, "bits"),
    "lookup": _TYPED,
    "fresh-lookup": _TYPED,
    "format": (*_KEPT, "alphabet", "normaliser"),
    "card": (*_KEPT, "luhn"),
    "phone": (*_COMMON, "region"),
    "date-shift": _DATES,
    "never-zero-date-shift": _DATES,
}
"""The kinds of rule, and what may be said of each."""


def read_rules(section: Section) -> dict[str, Rule]:
    """The rule of each column. Raises `ConfigurationError`, or `MissingExtra`."""
    return {name: _rule(section, name) for name in section.names}


def rule_from_option(text: str) -> tuple[str, Rule]:
    """`NAME=KIND` or `NAME=KIND,key=value,…`. Raises `ConfigurationError`."""
    name, equals, rest = text.partition("=")
    kind, *settings = rest.split(",")
    if not name or not equals or not kind:
        raise ConfigurationError("a column's rule is written NAME=KIND or NAME=KIND,key=value,…")
    values: dict[str, Any] = {"token": kind}
    for setting in settings:
        key, _, value = setting.partition("=")
        values[key] = int(value) if value.isdecimal() else value
    return name, _rule(Section(Path("--column"), (), {name: values}), name)


def _rule(parent: Section, name: str) -> Rule:
    if parent.has_text(name):
        section = Section(parent.file, (*parent.path, name), {"token": parent.text(name)})
    else:
        section = parent.section(name)
    kind = section.required_text("token", hint=suggestion("", RULE_KEYS))
    if kind not in RULE_KEYS:
        raise section.error("token", "there is no such kind of token", hint=suggestion(kind, RULE_KEYS))
    section.only(*RULE_KEYS[kind])
    try:
        return _made(kind, section, name)
    except ConfigurationError:
        raise  # has its place already
    except FieldvaultError as error:
        refused = section.error(None, error.message, hint=error.hint)
    raise refused


def _made(kind: str, section: Section, column: str) -> Rule:
    if kind in ("keep", "drop"):
        codec = codec_named(section.text("type") or "str")
        return Keep(codec) if kind == "keep" else Drop(codec)
    named: dict[str, Any] = {"name": section.text("name") or column}
    version = section.integer("version")
    if version is not None:
        named["version"] = version
    return Tokenise(_MAKERS[kind](section, named), section.text("subject"))


def _typed(kind: Callable[..., Tokeniser]) -> Callable[[Section, dict[str, Any]], Tokeniser]:
    def make(section: Section, named: dict[str, Any]) -> Tokeniser:
        bits = section.integer("bits")
        extra = {} if bits is None else {"bits": bits}
        return kind(
            type=codec_named(section.text("type") or "str"), normaliser=_normaliser(section), **named, **extra
        )

    return make


def _normaliser(section: Section) -> Normaliser[Any] | None:
    name = section.text("normaliser")
    if name is None:
        if "region" in section:
            raise section.error("region", "belongs to the normaliser phone", hint='normaliser = "phone"')
        return None
    return normaliser_named(name, region=section.text("region"))


def _kept(section: Section) -> dict[str, Any]:
    return {key: section.integer(key) or 0 for key in ("keep_first", "keep_last")}


def _format(section: Section, named: dict[str, Any]) -> Tokeniser:
    alphabet = section.text("alphabet") or DIGITS
    return FormatToken(alphabet=alphabet, normaliser=_normaliser(section), **named, **_kept(section))


def _card(section: Section, named: dict[str, Any]) -> Tokeniser:
    luhn = section.choice("luhn", [one.value for one in Luhn])
    if luhn is None:
        raise section.error("luhn", "is missing", hint='"valid", or "invalid": nobody takes that for a card')
    return CardToken(luhn=Luhn(luhn), **named, **_kept(section))


def _phone(section: Section, named: dict[str, Any]) -> Tokeniser:
    region = section.text("region")
    return PhoneToken(normaliser=None if region is None else Phone(region), **named)


def _dates(kind: Callable[..., Tokeniser]) -> Callable[[Section, dict[str, Any]], Tokeniser]:
    def make(section: Section, named: dict[str, Any]) -> Tokeniser:
        types = {"date": date, "datetime": datetime}
        declared = section.choice("type", types) or "date"
        days = section.integer("days")
        if days is None:
            raise section.error("days", "is missing", hint="the most that a date is moved, e.g. days = 30")
        section.required_text("subject", hint="the column that says whose date it is")
        return kind(days=days, type=types[declared], **named)

    return make


_MAKERS: Mapping[str, Callable[[Section, dict[str, Any]], Tokeniser]] = {
    "siv": _typed(SivToken),
    "one-way": _typed(OneWayPseudonym),
    "lookup": _typed(LookupToken),
    "fresh-lookup": _typed(FreshLookupToken),
    "format": _format,
    "card": _card,
    "phone": _phone,
    "date-shift": _dates(DateShift),
    "never-zero-date-shift": _dates(NeverZeroDateShift),
}
