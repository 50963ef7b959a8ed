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
    from fieldvault.audit import Checkpoint, Signer
    from fieldvault.columns.form import Form
    from fieldvault.config import Config, Prompt
    from fieldvault.config.audit import AuditConfig
    from fieldvault.keystore import SqlKeyStore
    from fieldvault.ports import AuditSink
    from fieldvault.pseudonyms import Domain


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

    @property
    def audit_config(self) -> AuditConfig:
        """Raises `ConfigurationError`, also where no audit log is declared."""
        if self.config.audit is None:
            from fieldvault.config.audit import missing_audit

            raise missing_audit(self.config.path)
        return self.config.audit

    @property
    def audit(self) -> AuditSink | None:
        """The audit log, where one is declared. Raises `ConfigurationError`, `KekError`."""
        config = self.config
        return None if config.audit is None else config.audit.build(self.keyrings, self.keystore)

    @property
    def audit_signer(self) -> Signer | None:
        """What signs checkpoints, where [audit] sign_key says so. Raises `ConfigurationError`."""
        from fieldvault.config.audit import build_signer

        return build_signer(self.audit_config, self.config.kek, self.config.environment)

    def checked_checkpoint(self, file: Path) -> Checkpoint:
        """A checkpoint whose signature, where it has one, was verified. Raises `AuditError`, `KekError`."""
        from fieldvault.audit import check_signature, read_checkpoint

        found = read_checkpoint(file.read_text(encoding="utf-8"))
        if found.signer is not None:
            check_signature(found, self.audit_signer)
        return found

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

    def domain(self, name: str, tenant: str | None) -> Domain:
        """Raises `click.UsageError` where the tenant is missing or too much, and what building raises."""
        from fieldvault.config.domains import DomainConfig, build_sealing_kek
        from fieldvault.pseudonyms import Domain
        from fieldvault.schema import Tenancy

        config = self.config
        declared = config.domains.get(name) or DomainConfig(name)
        if declared.tenancy is Tenancy.PER_TENANT and tenant is None:
            raise click.UsageError(f"the domain {name} is per tenant: say which with --tenant")
        if declared.tenancy is Tenancy.GLOBAL and tenant is not None:
            raise click.UsageError(f"the domain {name} is for all tenants together: leave out --tenant")
        table = None if declared.table is None else self._open.enter_context(declared.table.build())
        return Domain(
            name,
            self.keyrings,
            tenant=tenant,
            audit=self.audit,
            table=table,
            sealing_kek=build_sealing_kek(declared, config.kek, config.environment),
        )

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
