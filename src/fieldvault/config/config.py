"""Config: what the file and the environment say, read and checked once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldvault.config.audit import AuditConfig
from fieldvault.config.database import DatabaseConfig
from fieldvault.config.domains import DomainConfig, read_domains
from fieldvault.config.environment import CONFIG, DATABASE_URL, Environment, Prompt
from fieldvault.config.kek import KekConfig, LocalKekConfig, read_kek, read_others
from fieldvault.config.keystore import KeyStoreConfig
from fieldvault.config.passwords import PasswordsConfig
from fieldvault.config.rotation import RotationConfig
from fieldvault.config.schemas import read_schemas
from fieldvault.config.section import Section, suggestion
from fieldvault.errors import ConfigurationError
from fieldvault.kek.several import SeveralKeks
from fieldvault.keyring import KeyringPolicy, Keyrings
from fieldvault.ports import KekProvider
from fieldvault.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from fieldvault.keystore import SqlKeyStore

DEFAULT_PATH = "fieldvault.toml"
TABLES = ("kek", "keystore", "keyring", "schema", "passwords", "database", "domain", "audit", "rotation")
KEYRING_COUNTS = ("cache_uses", "cache_keys", "cache_subjects", "lease", "rotate_at", "refuse_at")


@dataclass(frozen=True, slots=True)
class Config:
    """What `load_config` read from the file at `path`. Holds no secret: those are read when something is built."""

    path: Path
    kek: KekConfig
    keystore: KeyStoreConfig
    policy: KeyringPolicy
    schemas: Mapping[str, Schema]
    environment: Environment = field(repr=False, compare=False)
    database: DatabaseConfig | None = None
    domains: Mapping[str, DomainConfig] = field(default_factory=dict)
    audit: AuditConfig | None = None
    rotation: RotationConfig = field(default_factory=RotationConfig)
    other_keks: Mapping[str, KekConfig] = field(default_factory=dict)

    def schema(self, name: str | None = None) -> Schema:
        """The schema of that name; with None the only one. Raises `ConfigurationError` with what there is."""
        if name is None:
            if len(self.schemas) == 1:
                [only] = self.schemas.values()
                return only
            problem = "declares several schemas, so say which" if self.schemas else "declares no schema"
            hint = f"there is: {', '.join(self.schemas)}" if self.schemas else "declare one as [schema.NAME]"
            raise ConfigurationError(f"{self.path} {problem}", hint=hint)
        if name in self.schemas:
            return self.schemas[name]
        raise ConfigurationError(f"{self.path}: there is no such schema", hint=suggestion(name, self.schemas))

    def build_kek(self, prompt: Prompt | None = None) -> KekProvider:
        """The KEK; with `[kek.new]` or `[kek.old]`, one that unwraps what that one wrapped too (`SeveralKeks`).

        `prompt` asks a person for a passphrase that the environment does not have.

        Raises `ConfigurationError`, and `KekMisconfigured` for a local KEK that cannot be opened; a Vault is not
        asked yet. A local KEK warns (`LocalKekWarning`).
        """
        kek = _built(self.kek, self.environment, prompt)
        if not self.other_keks:
            return kek
        return SeveralKeks(kek, *(self.build_other_kek(name, prompt) for name in self.other_keks))

    def build_other_kek(self, name: str, prompt: Prompt | None = None) -> KekProvider:
        """The KEK of `[kek.new]` or `[kek.old]` alone. Raises as `build_kek` does."""
        return _built(self.other_keks[name], self.environment.of_other_kek(name), prompt)

    def build_keystore(self) -> SqlKeyStore:
        """The key store, not connected yet. Raises `ConfigurationError` or `MissingExtra`."""
        return self.keystore.build()

    def database_engine(self) -> Engine:
        """The application's database, not connected yet. Raises `ConfigurationError` or `MissingExtra`."""
        if self.database is None:
            raise ConfigurationError(
                f"{self.path} does not say where the tables are",
                hint=f'[database] with url = "…", or {DATABASE_URL} in the environment',
            )
        return self.database.engine()

    def keyrings(self, prompt: Prompt | None = None) -> Keyrings:
        """KEK and key store put together: one for a process is enough. Errors as in `build_kek`."""
        return Keyrings(self.build_kek(prompt), self.build_keystore(), policy=self.policy)


def load_config(path: str | os.PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None) -> Config:
    """Read `path`, else what FIELDVAULT_CONFIG names, else `fieldvault.toml` in this folder.

    `environ` is for tests; by default `os.environ`, which secrets are read from whenever something is built. Paths
    in the file are relative to the file. Raises `ConfigurationError`, naming the file and the key's path in it.
    """
    root, environment = _root(path, environ)
    schemas = read_schemas(root.section("schema"))
    kek = read_kek(root.section("kek"), environment)
    return Config(
        path=root.file,
        kek=kek,
        keystore=KeyStoreConfig.read(root.section("keystore"), environment),
        policy=_policy(root.section("keyring")),
        schemas=schemas,
        environment=environment,
        database=_database(root, environment),
        domains=read_domains(root.section("domain"), environment),
        audit=AuditConfig.read(root.section("audit"), kek, environment) if "audit" in root else None,
        rotation=RotationConfig.read(root.section("rotation"), schemas),
        other_keks=read_others(root.section("kek"), environment),
    )


def load_passwords(
    path: str | os.PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None
) -> PasswordsConfig:
    """Only `[passwords]` of the same file, which may hold nothing else: without a pepper it needs no [kek].

    Raises `ConfigurationError`.
    """
    root, environment = _root(path, environ)
    if "passwords" not in root:
        raise ConfigurationError(
            f"{root.file} does not say where passwords are",
            hint="declare it in [passwords]; `fieldvault init` shows it",
        )
    return PasswordsConfig.read(root.section("passwords"), environment, root.section("kek"))


def _built(kek: KekConfig, environment: Environment, prompt: Prompt | None) -> KekProvider:
    return kek.build(environment, prompt) if isinstance(kek, LocalKekConfig) else kek.build(environment)


def _database(root: Section, environment: Environment) -> DatabaseConfig | None:
    if "database" not in root and environment.get(DATABASE_URL) is None:
        return None
    return DatabaseConfig.read(root.section("database"), environment)


def _root(path: str | os.PathLike[str] | None, environ: Mapping[str, str] | None) -> tuple[Section, Environment]:
    environment = Environment(os.environ if environ is None else environ)
    file = Path(path or environment.get(CONFIG) or DEFAULT_PATH)
    root = Section(file, (), _parse(file))
    root.only(*TABLES)
    return root, environment


def _policy(section: Section) -> KeyringPolicy:
    section.only("cache_seconds", *KEYRING_COUNTS)
    given: dict[str, Any] = {name: section.integer(name) for name in KEYRING_COUNTS}
    given["cache_seconds"] = section.number("cache_seconds")
    try:
        return KeyringPolicy(**{name: value for name, value in given.items() if value is not None})
    except ConfigurationError as error:
        problem = error.message
    raise section.error(None, problem)


def _parse(file: Path) -> dict[str, Any]:
    problem, hint = "", None
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem, hint = "there is no such file", f"`fieldvault init` writes one; or name it by --config or {CONFIG}"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        problem, hint = f"is not valid TOML: {error}", "texts are in quotes; tables are in [brackets]"
    raise ConfigurationError(f"{file}: {problem}", hint=hint)
