"""`manage.py fieldvault`: the command line's `keys` and `doctor` on Django's settings, and `backfill`."""

from __future__ import annotations

import os
from argparse import REMAINDER, ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from fieldvault.contrib.django.apps import runtime
from fieldvault.contrib.django.backfilling import BackfillReport, backfill
from fieldvault.contrib.django.sealing.table import tables_of
from fieldvault.errors import FieldvaultError, MissingExtra
from fieldvault.scoping import switch_scope


class Command(BaseCommand):
    """See the top of the file."""

    help = "fieldvault: keys list | doctor | backfill app.Model [--tenant T] [--batch N]"
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's; doctor is for when something is wrong

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        given: list[str] = options["arguments"]
        problem = None
        try:
            if given[:1] == ["backfill"]:
                self._backfill(given[1:])
            else:
                self._command_line(given)
        except FieldvaultError as error:
            problem = str(error)
        if problem is not None:
            raise CommandError(problem)

    def _backfill(self, given: list[str]) -> None:
        parser = ArgumentParser(prog="manage.py fieldvault backfill")
        parser.add_argument("model", help="app.Model")
        parser.add_argument("--tenant", help="whose keys, where no column says it")
        parser.add_argument("--database", default=None, help="an alias of DATABASES")
        parser.add_argument("--batch", type=int, default=500)
        named = parser.parse_args(given)
        model = apps.get_model(named.model)
        with nullcontext() if named.tenant is None else switch_scope(tenant=named.tenant):
            report = backfill(model, batch=named.batch, using=named.database)
        self._tell(report)
        if report.left:
            raise CommandError(f"{report.left} rows are still in plain text only")

    def _tell(self, report: BackfillReport) -> None:
        self.stdout.write(
            f"sealed {report.sealed}, changed meanwhile {report.changed_meanwhile}, left {report.left}"
        )
        for key, error in list(report.refused.items())[:20]:
            self.stdout.write(f"row {key}: {error.message}")

    def _command_line(self, given: list[str]) -> None:
        try:
            import click

            from fieldvault.cli.cmd_doctor import doctor
            from fieldvault.cli.keys import keys
        except ModuleNotFoundError:
            click = None  # type: ignore[assignment]
        if click is None:
            raise MissingExtra("manage.py fieldvault", extra="cli")
        group = click.Group("fieldvault", commands={"keys": keys, "doctor": doctor})
        with _session() as session:
            try:
                code = group.main(
                    given or ["--help"], prog_name="manage.py fieldvault", obj=session, standalone_mode=False
                )
            except click.ClickException as error:
                raise CommandError(error.format_message()) from None
        if code:
            raise SystemExit(code)


def _session() -> Any:
    """The command line's session, with what `settings.FIELDVAULT` says."""
    from fieldvault.cli.session import Session
    from fieldvault.config.config import Config
    from fieldvault.config.environment import Environment
    from fieldvault.config.keystore import KeyStoreConfig
    from fieldvault.contrib.django.runtime import read_settings
    from fieldvault.errors import ConfigurationError

    class DjangoSession(Session):
        @property
        def config(self) -> Config:
            given = read_settings()
            if given.kek is None:
                raise ConfigurationError("FIELDVAULT['keyrings'] is a function: there is no KEK to look at")
            in_django = isinstance(given.keystore, str)
            return Config(
                path=Path(getattr(settings, "BASE_DIR", ".")) / "FIELDVAULT",
                kek=given.kek,
                keystore=KeyStoreConfig("django:", None) if in_django else given.keystore,  # type: ignore[arg-type]
                policy=given.policy,
                schemas={one.schema.name: one.schema for model in apps.get_models() for one in tables_of(model)},
                environment=Environment(os.environ),
            )

        @property
        def keystore(self) -> Any:
            return runtime().keyrings.store

    return DjangoSession(None)
