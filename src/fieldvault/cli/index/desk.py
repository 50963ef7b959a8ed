"""What every command of the group needs: the rotation of a tenant, over the declared tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import options
from fieldvault.cli.session import Session
from fieldvault.errors import ConfigurationError

if TYPE_CHECKING:
    from fieldvault.rotation import IndexRotation

scope_options = options(
    click.option("--tenant", metavar="TENANT", help="Whose index keys."),
    click.option("--global", "is_global", is_flag=True, help="Those of all tenants together."),
)


@contextmanager
def open_rotation(session: Session, tenant: str | None, *, is_global: bool) -> Iterator[IndexRotation]:
    """Raises `click.UsageError`, `ConfigurationError`, `MissingExtra`."""
    if (tenant is None) is not is_global:
        raise click.UsageError("say whose index keys: --tenant TENANT, or --global")
    from fieldvault.rotation import IndexRotation

    config = session.config
    declared = [table for table in config.rotation.tables_for(tenant) if table.schema.indexes]
    if not declared:
        raise ConfigurationError(
            f"{config.path} names no table whose index keys these are",
            hint='declare each one: [rotation.table.NAME] with schema = "…"',
        )
    engine = config.database_engine()
    try:
        yield IndexRotation(
            session.keyrings,
            tenant=tenant,
            tables=[table.build(engine) for table in declared],
            slowest_write=config.rotation.slowest_write,
        )
    finally:
        engine.dispose()
