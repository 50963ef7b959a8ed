"""Session: what one run of the command has read and opened, built when it is first needed."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from fieldvault import Keyrings, RecordCipher
    from fieldvault.columns.form import Form
    from fieldvault.config import Config, Prompt
    from fieldvault.keystore import SqlKeyStore


class Session:
    """`config_path` None: as `load_config` finds it. A context manager: closes what it opened."""

    def __init__(self, config_path: Path | None) -> None:
        self.config_path = config_path
        self._open = ExitStack()
        self._config: Config | None = None
        self._keyrings: Keyrings | None = None
        self._keystore: SqlKeyStore | None = None

    @property
    def config(self) -> Config:
        """Raises `ConfigurationError`."""
        if self._config is None:
            from fieldvault.config import load_config

            self._config = load_config(self.config_path)
        return self._config

    @property
    def keystore(self) -> SqlKeyStore:
        """Raises `ConfigurationError`."""
        if self._keystore is None:
            self._keystore = self._open.enter_context(self.config.build_keystore())
        return self._keystore

    @property
    def keyrings(self) -> Keyrings:
        """Raises `ConfigurationError`, `KekError`."""
        if self._keyrings is None:
            from fieldvault import Keyrings

            self._keyrings = Keyrings(self.config.build_kek(prompt()), self.keystore, policy=self.config.policy)
        return self._keyrings

    def cipher(self, schema: str | None, tenant: str | None, form: Form) -> RecordCipher:
        """Raises `click.UsageError` where the tenant is missing or too much, and what building raises."""
        from fieldvault import RecordCipher, Tenancy

        declared = self.config.schema(schema)
        per_tenant = declared.tenancy is Tenancy.PER_TENANT
        if per_tenant and tenant is None:
            raise click.UsageError(f"{declared.name} is sealed per tenant: say which with --tenant")
        if not per_tenant and tenant is not None:
            raise click.UsageError(f"{declared.name} is sealed for all tenants together: leave out --tenant")
        return RecordCipher(declared, self.keyrings, tenant=tenant, form=form)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()


def prompt() -> Prompt | None:
    """Asks for a passphrase on the terminal; None where there is nobody to ask."""
    return ask_hidden if sys.stdin.isatty() else None


def ask_hidden(what: str) -> str:
    """One hidden line from the terminal."""
    answer: str = click.prompt(what, hide_input=True, err=True)
    return answer


def ask_hidden_twice(what: str) -> str:
    """A new passphrase, typed twice."""
    answer: str = click.prompt(what, hide_input=True, err=True, confirmation_prompt="The same again")
    return answer
