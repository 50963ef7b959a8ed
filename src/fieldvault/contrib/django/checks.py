"""System checks: what settings lack, and what a model declares that cannot hold.

Errors stop `runserver` and `migrate`; a warning is for the person who reads it. Each id is explained in
docs/guide/django-first-model.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.db import connections, models

from fieldvault.config.kek import LocalKekConfig
from fieldvault.contrib.django import admin_checks, naming_checks
from fieldvault.contrib.django.runtime import Settings, read_settings
from fieldvault.contrib.django.sealing.table import SealedTable, tables_of
from fieldvault.errors import FieldvaultError
from fieldvault.normalise import TEXT, Exact
from fieldvault.schema import Tenancy

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField

TAG = "fieldvault"


def register_all() -> None:
    """Called when the application is ready."""
    checks.register(check_settings, TAG)
    checks.register(admin_checks.check_admin, TAG)
    checks.register(naming_checks.check_names, TAG)


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """`settings.FIELDVAULT`, and what stands around it."""
    try:
        given = read_settings()
    except FieldvaultError as error:
        return [checks.Error(error.message, hint=error.hint, id="fieldvault.E001")]
    return [*_of_kek(given), *_of_keystore(given), *_of_tenants(given), *_of_logging()]


def check_model(model: type[models.Model]) -> Iterator[checks.CheckMessage]:
    """What a model says of its encrypted fields outside of them."""
    for table in tables_of(model):
        for field in table.fields:
            yield from _of_field(field)
        if table.model is model:
            yield from _of_options(table)
    yield from _of_managers(model)


def _of_kek(given: Settings) -> Iterator[checks.CheckMessage]:
    if isinstance(given.kek, LocalKekConfig) and not settings.DEBUG:
        yield checks.Warning(
            "the KEK is a local file and DEBUG is off: a local KEK is for development",
            hint="FIELDVAULT['kek'] = {'kind': 'vault-transit', …}",
            id="fieldvault.W002",
        )
    if given.kek is not None and not isinstance(given.kek, LocalKekConfig) and settings.DEBUG:
        yield checks.Warning(
            "DEBUG is on with a KEK that is not for development: Django's pages show local variables of your code",
            id="fieldvault.W003",
        )


def _of_keystore(given: Settings) -> Iterator[checks.CheckMessage]:
    alias = given.keystore
    if not isinstance(alias, str) or given.keyrings is not None:
        return
    if alias not in connections:
        yield checks.Error(
            f"FIELDVAULT['keystore'] names {alias!r}, which DATABASES does not have", id="fieldvault.E002"
        )
    elif connections[alias].vendor == "sqlite" and alias == "default":
        yield checks.Warning(
            "the key store is in the application's SQLite file: within a transaction it has to wait for itself",
            hint="give it a file of its own: DATABASES['keys'], and FIELDVAULT['keystore'] = {'database': 'keys'}",
            id="fieldvault.W004",
        )


def _of_tenants(given: Settings) -> Iterator[checks.CheckMessage]:
    tables = {id(table): table for model in apps.get_models() for table in tables_of(model)}.values()
    needs_one = [one for one in tables if one.schema.tenancy is Tenancy.PER_TENANT]
    if needs_one and given.tenant is None and not any("Scope" in name for name in settings.MIDDLEWARE):
        yield checks.Info(
            f"{needs_one[0].model._meta.label} is sealed per tenant, and FIELDVAULT names no default tenant",
            hint="fieldvault.scope(tenant=…) around each request (docs/guide/tenants.md), or FIELDVAULT['tenant']",
            id="fieldvault.I001",
        )
    if given.gate is None and any(one.is_protected for one in tables):
        yield checks.Error("a model is protected, and FIELDVAULT names no gate", id="fieldvault.E003")


def _of_logging() -> Iterator[checks.CheckMessage]:
    loggers = settings.LOGGING.get("loggers", {}) if settings.LOGGING else {}
    for name in ("django.db", "django.db.backends"):
        if loggers.get(name, {}).get("level") == "DEBUG":
            yield checks.Warning(
                f"{name} is logged at DEBUG: envelopes and index values, and every plain column, go to the log",
                id="fieldvault.W005",
            )


def _of_field(field: EncryptedField) -> Iterator[checks.CheckMessage]:
    index = field.search
    if index is None or field.null or not field.blank:
        return
    if index.normaliser is not TEXT and not isinstance(index.normaliser, Exact):
        yield checks.Error(
            f"an empty text cannot be indexed by {index.normaliser.name}, and the field may be blank",
            hint="null=True: forms then store NULL for an empty input",
            obj=field,
            id="fieldvault.E004",
        )


def _of_options(table: SealedTable) -> Iterator[checks.CheckMessage]:
    options = table.model._meta
    names = {field.name for field in table.fields}
    ordered = {str(getattr(one, "expression", one)).lstrip("+-") for one in options.ordering or ()}
    together: list[Sequence[str]] = list(options.unique_together)
    together += [getattr(one, "fields", ()) for one in [*options.constraints, *options.indexes]]
    used = names & (ordered | {name for one in together for name in one})
    if used:
        yield checks.Error(
            f"Meta orders, indexes or constrains by encrypted fields: {', '.join(sorted(used))}",
            hint="search=True, unique=True on the field; order by a plain one",
            obj=table.model,
            id="fieldvault.E005",
        )


def _of_managers(model: type[models.Model]) -> Iterator[checks.CheckMessage]:
    from fieldvault.contrib.django.querysets import EncryptedQuerySet

    for manager in model._meta.managers:
        made = getattr(manager, "_queryset_class", None)  # not `get_queryset`, which may need a scope
        if tables_of(model) and not (isinstance(made, type) and issubclass(made, EncryptedQuerySet)):
            yield checks.Error(
                f"the manager {manager.name} makes no EncryptedQuerySet",
                hint="derive it from EncryptedManager, of fieldvault.contrib.django.models",
                obj=model,
                id="fieldvault.E007",
            )
