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
from fieldvault.config.section import Section
from fieldvault.errors import ConfigurationError, FieldvaultError
from fieldvault.normalise import normaliser_named
from fieldvault.schema import PlainField, Schema, SealedField, Subject, Tenancy
from fieldvault.tokens import ExactIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

SCHEMA_KEYS = ("row_id", "subject", "tenancy", "plain", "sealed")
SEALED_KEYS = ("type", "row_bound", "seal_null", "padding", "index")
SUBJECT_KEYS = ("field", "kind")
PADDING_KEYS = ("multiple", "power_of_two", "to")
INDEX_KEYS = ("normaliser", "region", "bits", "name", "column")


def read_schemas(section: Section) -> dict[str, Schema]:
    """Every schema by its name. Raises `ConfigurationError`, or `MissingExtra` for a normaliser's packages."""
    return {name: _schema(name, section.section(name)) for name in section.names}


def _schema(name: str, section: Section) -> Schema:
    section.only(*SCHEMA_KEYS)
    plain, sealed = section.section("plain"), section.section("sealed")
    fields: list[PlainField | SealedField] = [
        *(_placed(plain, one, PlainField, one, _codec(plain, one)) for one in plain.names),
        *(_sealed(sealed, one) for one in sealed.names),
    ]
    tenancy = section.choice("tenancy", [one.value for one in Tenancy])
    return _placed(
        section,
        None,
        lambda: Schema(
            name,
            fields,
            row_id=section.texts("row_id"),
            subject=_subject(section),
            tenancy=Tenancy(tenancy) if tenancy else Tenancy.PER_TENANT,
        ),
    )


def _subject(section: Section) -> Subject | str | None:
    if "subject" not in section or section.has_text("subject"):
        return section.text("subject")
    table = section.section("subject")
    table.only(*SUBJECT_KEYS)
    return _placed(table, None, Subject, table.required_text("field"), table.required_text("kind"))


def _sealed(parent: Section, name: str) -> SealedField:
    if parent.has_text(name):
        return _placed(parent, name, SealedField, name, _codec(parent, name))
    section = parent.section(name)
    section.only(*SEALED_KEYS)
    codec = _codec(section, "type")
    return _placed(
        parent,
        name,
        lambda: SealedField(
            name,
            codec,
            row_bound=section.flag("row_bound", default=True),
            seal_null=section.flag("seal_null", default=False),
            padding=_padding(section),
            index=[_index(one, codec) for one in section.sections("index")],
        ),
    )


def _codec(section: Section, key: str) -> Codec[Any]:
    return _placed(section, key, codec_named, section.text(key) or "str")


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
    return _placed(section, kind, policies[kind], section.integer(kind) or 0)


def _index(section: Section, codec: Codec[Any]) -> ExactIndex:
    section.only(*INDEX_KEYS)
    name = section.required_text("normaliser", hint="email, phone, name, text or exact")
    bits, index_name = section.integer("bits"), section.text("name")
    return _placed(
        section,
        "normaliser",
        lambda: ExactIndex(
            normaliser_named(
                name,
                region=section.text("region"),
                codec=codec.bare if name.partition("@")[0] == "exact" else None,
            ),
            bits=128 if bits is None else bits,
            name=index_name or "index",
            column=section.text("column"),
        ),
    )


def _placed(section: Section, key: str | None, make: Callable[..., T], *given: Any) -> T:
    """`make(*given)`; what a declaration refuses is reported with its place in the file."""
    try:
        return make(*given)
    except ConfigurationError:
        raise  # has its place already
    except FieldvaultError as error:
        refused = section.error(key, error.message, hint=error.hint)
    raise refused
