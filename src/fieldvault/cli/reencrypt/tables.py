"""Which tables, and whose rows of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from fieldvault.cli.session import Session
from fieldvault.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.engine import Engine

    from fieldvault.rotation import SealedTable


def declared_tables(
    session: Session, engine: Engine, names: Sequence[str], *, others: Iterable[str] = ()
) -> list[SealedTable]:
    """Those of [rotation.table.NAME], of these names if any. Raises `ConfigurationError`, `click.UsageError`."""
    config = session.config
    declared = config.rotation.tables
    if not declared:
        raise ConfigurationError(
            f"{config.path} names no table", hint='declare each one: [rotation.table.NAME] with schema = "…"'
        )
    return _named([one.sealed(engine, others=others) for one in declared], names)


def model_tables(
    engine: Engine, models: str, names: Sequence[str], *, others: Iterable[str] = ()
) -> list[SealedTable]:
    """Those of `package.module:Base`. Raises `click.UsageError`, `ConfigurationError`, `SchemaError`."""
    from fieldvault.rotation.reencrypt.discovery import tables_of

    return _named(tables_of(engine, _metadata(models), others=others), names)


def tenants_in(tables: Sequence[SealedTable], given: Sequence[str], *, everyone: bool) -> list[str]:
    """Whose rows: those given, or all that the tables have. Raises `click.UsageError`."""
    from fieldvault.rotation.reencrypt.tenants import tenants_of_tables
    from fieldvault.schema import Tenancy

    if everyone and given:
        raise click.UsageError("say either --tenant or --all-tenants")
    per_tenant = [one for one in tables if one.schema.tenancy is Tenancy.PER_TENANT]
    if per_tenant and not given and not everyone:
        raise click.UsageError(f"{per_tenant[0].name} is sealed per tenant: say --tenant TENANT, or --all-tenants")
    return tenants_of_tables(per_tenant) if everyone else list(given)


def _named(tables: list[SealedTable], names: Sequence[str]) -> list[SealedTable]:
    unknown = sorted(set(names) - {one.name for one in tables})
    if unknown:
        known = ", ".join(one.name for one in tables)
        raise click.UsageError(f"there is no table {', '.join(unknown)} here; there is: {known}")
    return [one for one in tables if not names or one.name in names]


def _metadata(models: str) -> MetaData:
    module, _, attribute = models.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does: the application is in this folder
    found = None
    try:
        found = getattr(importlib.import_module(module), attribute or "Base", None)
    except ModuleNotFoundError as error:
        missing = error.name
        raise click.UsageError(f"--models: there is no module {missing}") from None
    metadata: MetaData | None = getattr(found, "metadata", None)
    if metadata is None:
        raise click.UsageError(f"--models: {models} is no declarative base: PACKAGE.MODULE:Base")
    return metadata
