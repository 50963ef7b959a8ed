"""`[passwords]`: the column of stored passwords, and the legacy schemes that are declared for it.

[passwords]
url = "sqlite:///app.db"
table = "users"
column = "password"

[passwords.scheme.forum]
expression = "md5(md5(password) + salt)"
salt = "salt"
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldvault.config import environment as names
from fieldvault.config.database_url import read_url, sqlite_file
from fieldvault.config.environment import Environment
from fieldvault.config.kek import VaultKekConfig, read_kek
from fieldvault.config.section import Section
from fieldvault.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from fieldvault.password_migration import Database, PasswordColumn, Sorter
    from fieldvault.passwords import Argon2Profile, PasswordHasher, Scheme

PASSWORDS_KEYS = (
    "url", "table", "schema", "id", "column", "salt", "scheme_from", "last_login", "deadline",
    "profile", "text", "memory_mib", "pepper", "pepper_name", "scheme",
)  # fmt: skip
SCHEME_KEYS = ("expression", "marked", "encoding", "form", "salt_after", "salt_before", "salt", "when")
PROFILES = {
    "rfc-9106-low-memory": "RFC_9106_LOW_MEMORY",
    "rfc-9106-high-memory": "RFC_9106_HIGH_MEMORY",
    "owasp-minimum": "OWASP_MINIMUM",
    "django": "DJANGO",
}
PROFILE_KEYS = ("memory_kib", "passes", "lanes")
MEMORY_MIB = 1024


@dataclass(frozen=True, slots=True)
class DeclaredScheme:
    """`[passwords.scheme.NAME]`. `salt` is the salt's column; `when` is what `scheme_from` holds in its rows."""

    name: str
    given: Mapping[str, Any] = field(repr=False)
    """What `Expression` is given; nothing for a marked scheme, of which one has its salt apart (postgresql-md5)."""
    salt: str | None
    when: str | None

    @property
    def is_marked(self) -> bool:
        return not self.given


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordsConfig:
    """`url` may hold a password, where it is the environment's; a relative SQLite path is relative to `folder`."""

    url: str = field(repr=False)
    folder: Path | None
    table: str
    schema: str | None
    id: tuple[str, ...]
    column: str
    scheme_from: str | None
    last_login: str | None
    deadline: datetime | None
    profile: str | tuple[int, int, int]
    nfc: bool
    memory_mib: int
    schemes: tuple[DeclaredScheme, ...]
    pepper: str | None
    pepper_name: str | None
    vault: VaultKekConfig | None
    environment: Environment = field(repr=False, compare=False)

    @classmethod
    def read(cls, section: Section, environment: Environment, kek: Section | None = None) -> PasswordsConfig:
        """`kek` is read for a pepper only. Raises `ConfigurationError`."""
        section.only(*PASSWORDS_KEYS)
        url, folder = read_url(section, environment, variable=names.PASSWORDS_URL, example="app.db")
        schemes = section.section("scheme")
        memory = section.integer("memory_mib")
        scheme_from = section.text("scheme_from")
        config = cls(
            url=url,
            folder=folder,
            table=section.required_text("table", hint='the table of users, e.g. "users"'),
            schema=section.text("schema"),
            id=section.texts("id") or ("id",),
            column=section.text("column") or "password",
            scheme_from=scheme_from,
            last_login=section.text("last_login"),
            deadline=_deadline(section),
            profile=_profile(section),
            nfc=section.choice("text", ("as-given", "nfc")) == "nfc",
            memory_mib=MEMORY_MIB if memory is None else memory,
            schemes=tuple(
                _declared(schemes.section(name), name, section.text("salt"), scheme_from) for name in schemes.names
            ),
            pepper=section.text("pepper"),
            pepper_name=section.text("pepper_name"),
            vault=_vault(section, kek, environment),
            environment=environment,
        )
        for one in config.schemes:
            _check(schemes.section(one.name), one)
        return config

    def build_database(self) -> Database:
        """Connects to nothing yet. Raises `ConfigurationError` or `MissingExtra`."""
        from fieldvault.password_migration import Database

        file = sqlite_file(self.url, self.folder)
        if file is None:
            return Database(self.url)
        from sqlalchemy import make_url

        url: URL = make_url(self.url).set(database=str(file))
        return Database(url)

    def build_column(self, *, last_login: bool = False) -> PasswordColumn:
        """What to read of the table; with the last login where that is asked for.

        Raises `ConfigurationError` where it is, and is not declared.
        """
        from fieldvault.password_migration import PasswordColumn

        if last_login and self.last_login is None:
            raise ConfigurationError(
                "[passwords] does not say which column is the last login", hint='last_login = "last_login"'
            )
        wanted = [one.salt for one in self.schemes] + [self.scheme_from, self.last_login if last_login else None]
        others = dict.fromkeys(name for name in wanted if name is not None)
        return PasswordColumn(self.table, self.column, self.id, tuple(others), self.schema)

    def build_sorter(self) -> Sorter:
        """Every marked scheme, and those declared. Raises `ConfigurationError`."""
        from fieldvault.password_migration import Declared, Sorter

        return Sorter(
            [Declared(one.name, self.scheme(one), one.salt, one.when) for one in self.schemes],
            scheme_from=self.scheme_from,
        )

    def build_hasher(self) -> PasswordHasher:
        """A hasher of the declared profile, within `memory_mib`. Raises `ConfigurationError`."""
        from fieldvault.passwords import AsGiven, HashingLimits, Nfc, PasswordHasher

        limits = HashingLimits(memory_kib=self.memory_mib * 1024, concurrent=max(8, os.cpu_count() or 1))
        pepper = None
        if self.vault is not None and self.pepper is not None:
            pepper = self.vault.build_pepper(self.environment, key=self.pepper, name=self.pepper_name)
        return PasswordHasher(self.argon2(), limits=limits, text=Nfc() if self.nfc else AsGiven(), pepper=pepper)

    def argon2(self) -> Argon2Profile:
        """The declared profile."""
        from fieldvault import passwords

        if isinstance(self.profile, tuple):
            return passwords.Argon2Profile(*self.profile)
        named: Argon2Profile = getattr(passwords, PROFILES[self.profile])
        return named

    def scheme(self, declared: DeclaredScheme) -> Scheme:
        """The scheme, with its site key where it needs one. Raises `ConfigurationError`."""
        from fieldvault.passwords import POSTGRESQL_MD5, Expression

        if declared.is_marked:
            return POSTGRESQL_MD5
        made = Expression(**declared.given)
        if made.lacks_site_key:
            source = self.environment.required_secret(names.PASSWORDS_SITE_KEY, "the site key of the old hashes")
            key = source.read_text(encoding="utf-8").rstrip("\r\n") if isinstance(source, Path) else source()
            made = Expression(**declared.given, site_key=key)
        return made


def _vault(section: Section, kek: Section | None, environment: Environment) -> VaultKekConfig | None:
    if "pepper" not in section:
        return None
    found = None if kek is None or not kek.names else read_kek(kek, environment)
    if not isinstance(found, VaultKekConfig):
        raise section.error("pepper", "needs a [kek] of kind vault-transit: its server and login are used")
    return found


def _declared(section: Section, name: str, salt: str | None, scheme_from: str | None) -> DeclaredScheme:
    from fieldvault.passwords import SaltAfter, SaltBefore

    section.only(*SCHEME_KEYS)
    when = section.text("when")
    if when is not None and scheme_from is None:
        raise section.error("when", "needs passwords.scheme_from, the column that it is compared with")
    salt = section.text("salt") or salt
    if section.choice("marked", ("postgresql-md5",)) is not None:
        if len(set(section.names) - {"marked", "salt", "when"}):
            raise section.error("marked", "stands for the whole scheme: only salt and when go with it")
        return DeclaredScheme(name, {}, salt, when)
    given: dict[str, Any] = {"expression": section.required_text("expression", hint='"md5(password + salt)"')}
    for key in ("encoding", "form"):
        if section.text(key) is not None:
            given[key] = section.text(key)
    after, before = section.text("salt_after"), section.text("salt_before")
    if after is not None and before is not None:
        raise section.error("salt_before", "the salt is either after the digest or before it")
    if after is not None:
        given["salt_from"] = SaltAfter(after)
    if before is not None:
        given["salt_from"] = SaltBefore(before)
    return DeclaredScheme(name, given, salt, when)


def _profile(section: Section) -> str | tuple[int, int, int]:
    if "profile" not in section or section.has_text("profile"):
        return section.choice("profile", PROFILES) or "rfc-9106-low-memory"
    table = section.section("profile")
    table.only(*PROFILE_KEYS)
    values = [table.integer(key) for key in PROFILE_KEYS]
    if None in values:
        raise table.error(PROFILE_KEYS[values.index(None)], "is missing")
    memory, passes, lanes = (value or 0 for value in values)
    return memory, passes, lanes


def _deadline(section: Section) -> datetime | None:
    found = section.moment("deadline")
    if found is None or isinstance(found, datetime):
        return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
    return datetime.combine(found, time(), UTC)


def _check(section: Section, declared: DeclaredScheme) -> None:
    from fieldvault.passwords import Expression

    refused = None
    try:
        apart = declared.is_marked or Expression(**declared.given).salt_is_apart
        if apart and declared.salt is None:
            refused = section.error("salt", "is missing: which column holds the salt?")
    except ConfigurationError as error:
        refused = section.error("expression", error.message, hint=error.hint)
    if refused is not None:
        raise refused


def given_date(text: str) -> datetime:
    """A date or a moment, UTC where it says no zone. Raises `ValueError`."""
    found = datetime.fromisoformat(text) if "T" in text or " " in text else date.fromisoformat(text)
    if not isinstance(found, datetime):
        return datetime.combine(found, time(), UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
