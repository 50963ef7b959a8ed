"""`[schema.NAME]`: fields declared in the file instead of in Python.

[schema.customer]
row_id = "customer_id"

[schema.customer.plain]
customer_id = "int"

[schema.customer.sealed]
notes = "str"                                   # short for { type = "str" }
email = { type = "str", index = { normaliser = "email" } }
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fieldvault.codec import Codec, NoPadding, Padding, PadTo, PadToMultiple, PadToPowerOfTwo, codec_named
from fieldvault.config.indexes import read_compound, read_index
from fieldvault.config.section import Section, placed
from fieldvault.schema import PlainField, Schema, SealedField, Subject, Tenancy

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

SCHEMA_KEYS = ("row_id", "subject", "tenancy", "plain", "sealed", "compound")
SEALED_KEYS = ("type", "row_bound", "seal_null", "padding", "index")
SUBJECT_KEYS = ("field", "kind")
PADDING_KEYS = ("multiple", "power_of_two", "to")


def read_schemas(section: Section) -> dict[str, Schema]:
    """Every schema by its name. Raises `ConfigurationError`, or `MissingExtra` for a normaliser's packages."""
    return {name: _schema(name, section.section(name)) for name in section.names}


def _schema(name: str, section: Section) -> Schema:
    section.only(*SCHEMA_KEYS)
    plain, sealed = section.section("plain"), section.section("sealed")
    fields: list[PlainField | SealedField] = [
        *(placed(plain, one, PlainField, one, _codec(plain, one)) for one in plain.names),
        *(_sealed(sealed, one) for one in sealed.names),
    ]
    codecs = {field.name: field.codec for field in fields if isinstance(field, SealedField)}
    compounds = [placed(one, None, read_compound, one, codecs) for one in section.sections("compound")]
    tenancy = section.choice("tenancy", [one.value for one in Tenancy])
    return placed(
        section,
        None,
        lambda: Schema(
            name,
            fields,
            row_id=section.texts("row_id"),
            subject=_subject(section),
            tenancy=Tenancy(tenancy) if tenancy else Tenancy.PER_TENANT,
            indexes=compounds,
        ),
    )


def _subject(section: Section) -> Subject | str | None:
    if "subject" not in section or section.has_text("subject"):
        return section.text("subject")
    table = section.section("subject")
    table.only(*SUBJECT_KEYS)
    return placed(table, None, Subject, table.required_text("field"), table.required_text("kind"))


def _sealed(parent: Section, name: str) -> SealedField:
    if parent.has_text(name):
        return placed(parent, name, SealedField, name, _codec(parent, name))
    section = parent.section(name)
    section.only(*SEALED_KEYS)
    codec = _codec(section, "type")
    return placed(
        parent,
        name,
        lambda: SealedField(
            name,
            codec,
            row_bound=section.flag("row_bound", default=True),
            seal_null=section.flag("seal_null", default=False),
            padding=_padding(section),
            index=[placed(one, None, read_index, one, codec) for one in section.sections("index")],
        ),
    )


def _codec(section: Section, key: str) -> Codec[Any]:
    return placed(section, key, codec_named, section.text(key) or "str")


def _padding(parent: Section) -> Padding:
    if "padding" not in parent:
        return NoPadding()
    section = parent.section("padding")
    section.only(*PADDING_KEYS)
    if len(section.names) != 1:
        raise parent.error("padding", "must say one thing", hint=f"one of: {', '.join(PADDING_KEYS)}")
    [kind] = section.names
    policies: dict[str, Callable[[int], Padding]] = {
        "multiple": PadToMultiple,
        "power_of_two": PadToPowerOfTwo,
        "to": PadTo,
    }
    return placed(section, kind, policies[kind], section.integer(kind) or 0)
