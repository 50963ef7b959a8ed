"""What `settings.FIELDVAULT` says, and what is built from it.

    FIELDVAULT = {
        "kek": {"kind": "local", "file": "fieldvault.kek"},     # the keys of [kek] in fieldvault.toml
        "keystore": {"database": "default"},                    # an alias of DATABASES; or {"url": …}
        "keyring": {"cache_seconds": 300},                      # optional: the keys of [keyring]
        "tenant": "acme",                                       # optional: where no scope is active
        "gate": "shop.access.gate",                             # optional: an AccessGate, for protected models
    }

Secrets stay in the environment, as for the command line. `"keyrings": "shop.keys.build"` replaces the first three
by a function of yours that returns `Keyrings`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from fieldvault.access import AccessGate
from fieldvault.config.config import KEYRING_COUNTS
from fieldvault.config.environment import Environment
from fieldvault.config.kek import KekConfig, LocalKekConfig, VaultKekConfig, read_kek
from fieldvault.config.keystore import KeyStoreConfig
from fieldvault.config.section import Section
from fieldvault.errors import ConfigurationError, ScopeError
from fieldvault.keyring import KeyringPolicy, Keyrings
from fieldvault.ports import KekProvider, KeyStore
from fieldvault.record import RecordCipher
from fieldvault.schema import Schema, Tenancy
from fieldvault.scoping import current_acting

KEYS = ("kek", "keystore", "keyring", "keyrings", "tenant", "gate")
DEFAULT_DATABASE = "default"
_CIPHERS = 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """`settings.FIELDVAULT`, read and not yet built. `keystore` is an alias of DATABASES or a URL's settings."""

    kek: KekConfig | None
    keystore: str | KeyStoreConfig
    policy: KeyringPolicy
    keyrings: str | None
    tenant: str | None
    gate: str | None


def read_settings() -> Settings:
    """Raises `ConfigurationError`, whose message names the key."""
    given = getattr(settings, "FIELDVAULT", None)
    if given is None:
        raise ConfigurationError("settings.FIELDVAULT is missing", hint="docs/guide/django-first-model.md has one")
    if not isinstance(given, Mapping):
        raise ConfigurationError("settings.FIELDVAULT must be a dict")
    root = Section(Path(getattr(settings, "BASE_DIR", ".")) / "FIELDVAULT", (), given)
    root.only(*KEYS)
    environment = Environment(os.environ)
    keyrings = root.text("keyrings")
    return Settings(
        kek=None if keyrings else read_kek(root.section("kek"), environment),
        keystore=_keystore(root.section("keystore"), environment),
        policy=_policy(root.section("keyring")),
        keyrings=keyrings,
        tenant=root.text("tenant"),
        gate=root.text("gate"),
    )


class Runtime:
    """Keyrings, and a `RecordCipher` for each schema and tenant. One for the process; thread-safe."""

    def __init__(self, keyrings: Keyrings, tenant: str | None = None, gate: AccessGate | None = None) -> None:
        self.keyrings = keyrings
        self.tenant = tenant
        self.gate = gate
        self._ciphers: dict[tuple[int, str | None], RecordCipher] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, given: Settings) -> Runtime:
        """Build what the settings say. Raises `ConfigurationError`; connects to nothing yet."""
        gate = None if given.gate is None else _imported(given.gate, AccessGate)
        if given.keyrings is not None:
            build = cast("Callable[[], Keyrings]", _imported(given.keyrings, object))
            return cls(build(), given.tenant, gate)
        environment = Environment(os.environ)
        kek: KekProvider
        match given.kek:
            case LocalKekConfig():
                kek = given.kek.build(environment, None)
            case VaultKekConfig():
                kek = given.kek.build(environment)
            case None:
                raise ConfigurationError("settings.FIELDVAULT: kek is missing")
        return cls(Keyrings(kek, key_store(given), policy=given.policy), given.tenant, gate)

    def cipher(self, schema: Schema, tenant: str | None) -> RecordCipher:
        """The cipher of a schema for a tenant. Raises `ScopeError`."""
        place = (id(schema), tenant)
        cipher = self._ciphers.get(place)
        if cipher is None or cipher.schema is not schema:
            cipher = RecordCipher(schema, self.keyrings, tenant=tenant)
            with self._lock:
                if len(self._ciphers) >= _CIPHERS:
                    self._ciphers.clear()  # they hold nothing that takes time to make
                self._ciphers[place] = cipher
        return cipher

    def tenant_now(self, schema: Schema) -> str | None:
        """The scope's tenant, else the default one; None for a global schema. Raises `ScopeError` without one."""
        if schema.tenancy is Tenancy.GLOBAL:
            return None
        acting = current_acting()
        tenant = self.tenant if acting is None else acting.tenant
        if tenant is None:
            raise ScopeError(
                f"{schema.name} is sealed per tenant, and no scope is active",
                hint="with fieldvault.scope(tenant=…): …, or set FIELDVAULT['tenant'] where there is only one",
            )
        return tenant


def key_store(given: Settings) -> KeyStore:
    """The key store of the settings; nothing is connected to yet."""
    if isinstance(given.keystore, KeyStoreConfig):
        return given.keystore.build()
    from fieldvault.contrib.django.keystore import key_store_in

    return key_store_in(given.keystore)


def _keystore(section: Section, environment: Environment) -> str | KeyStoreConfig:
    if "url" in section:
        return KeyStoreConfig.read(section, environment)
    section.only("database", "url", "timeout_seconds")
    return section.text("database") or DEFAULT_DATABASE


def _policy(section: Section) -> KeyringPolicy:
    section.only("cache_seconds", *KEYRING_COUNTS)
    given: dict[str, Any] = {name: section.integer(name) for name in KEYRING_COUNTS}
    given["cache_seconds"] = section.number("cache_seconds")
    return KeyringPolicy(**{name: value for name, value in given.items() if value is not None})


def _imported(path: str, kind: type[Any]) -> Any:
    found: Any = None
    problem = None
    try:
        found = import_string(path)
    except ImportError as error:
        problem = str(error)
    if problem is not None:
        raise ConfigurationError(f"settings.FIELDVAULT names what cannot be imported: {problem}")
    if not isinstance(found, kind):
        raise ConfigurationError(f"settings.FIELDVAULT: {path} is no {kind.__name__}")
    return found
