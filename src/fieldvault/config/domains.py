"""`[domain.NAME]`: a recipient or a purpose, and what becomes of each column of the files that are given to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.config.database_url import read_url, sqlite_file
from fieldvault.config.environment import TOKENS_URL, Environment
from fieldvault.config.kek import KekConfig, VaultKekConfig
from fieldvault.config.rules import read_rules
from fieldvault.config.section import Section
from fieldvault.errors import ConfigurationError, SchemaError
from fieldvault.ports import KekProvider
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.rules import Rule
from fieldvault.schema import Tenancy

if TYPE_CHECKING:
    from fieldvault.token_table import SqlTokenTable

DOMAIN_KEYS = ("url", "tenancy", "sealing_key", "columns")


@dataclass(frozen=True, slots=True)
class TokenTableConfig:
    """`url` as SQLAlchemy takes it; relative SQLite paths are the file's folder's, or the process's (None)."""

    url: str = field(repr=False)
    folder: Path | None

    def build(self) -> SqlTokenTable:
        """The token table; nothing is connected to yet. Raises `MissingExtra` or `ConfigurationError`."""
        from sqlalchemy import make_url

        from fieldvault.token_table import SqlTokenTable

        file = sqlite_file(self.url, self.folder)
        return SqlTokenTable(self.url if file is None else make_url(self.url).set(database=str(file)))


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """`sealing_key` is the name of the transit key of a split domain, None where the domain is not split."""

    name: str
    tenancy: Tenancy = Tenancy.PER_TENANT
    rules: Mapping[str, Rule] = field(default_factory=dict)
    table: TokenTableConfig | None = None
    sealing_key: str | None = None

    @classmethod
    def read(cls, name: str, section: Section, environment: Environment) -> DomainConfig:
        """Raises `ConfigurationError`, also for a password in the file."""
        section.only(*DOMAIN_KEYS)
        _check_name(name, section)
        table = None
        if "url" in section:
            table = TokenTableConfig(*read_url(section, environment, variable=TOKENS_URL, example="tokens.db"))
        sealing_key = section.text("sealing_key")
        if sealing_key is not None and table is None:
            raise section.error("url", "is missing", hint="a split domain keeps its values in a token table")
        tenancy = section.choice("tenancy", [one.value for one in Tenancy])
        return cls(
            name,
            Tenancy(tenancy) if tenancy else Tenancy.PER_TENANT,
            read_rules(section.section("columns")),
            table,
            sealing_key,
        )


def read_domains(section: Section, environment: Environment) -> dict[str, DomainConfig]:
    """Every domain by its name. Raises `ConfigurationError`, `MissingExtra`."""
    return {name: DomainConfig.read(name, section.section(name), environment) for name in section.names}


def build_sealing_kek(domain: DomainConfig, kek: KekConfig, environment: Environment) -> KekProvider | None:
    """The second KEK of a split domain: another transit key of the same server, under the same login.

    Raises `ConfigurationError` where the KEK is no Vault's.
    """
    if domain.sealing_key is None:
        return None
    if not isinstance(kek, VaultKekConfig):
        raise ConfigurationError(
            f"the domain {domain.name} has a sealing_key, and the KEK is no Vault's",
            hint="a domain is split by the policies of Vault or OpenBao",
        )
    return replace(kek, key=domain.sealing_key).build(environment)


def _check_name(name: str, section: Section) -> None:
    try:
        DomainPlace(None, name)
        return
    except SchemaError as error:
        refused = section.error(None, error.message, hint=error.hint)
    raise refused
