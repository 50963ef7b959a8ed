"""Everything that comes from outside, read once: database, keys, who may call."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from fieldvault.config import load_config
from fieldvault.kek.local import LocalKek, Passphrase
from fieldvault.keyring import Keyrings
from fieldvault.keystore import SqlKeyStore

HERE = Path(__file__).parents[1]
DATA = HERE / ".data"
DEMO_CALLERS = "demo-acme-ann:acme:ann demo-acme-jo:acme:jo demo-beta-bob:beta:bob"


@dataclass(frozen=True)
class Caller:
    """Who has an API key: a user of one tenant."""

    tenant: str
    user: str


@dataclass(frozen=True)
class Settings:
    database_url: str = field(repr=False)
    callers: Mapping[str, Caller] = field(repr=False)
    config: Path

    @classmethod
    def from_environment(cls) -> Settings:
        """API_KEYS is `key:tenant:user`, separated by spaces. FIELDVAULT_CONFIG chooses the KEK."""
        keys = [one.split(":") for one in os.environ.get("API_KEYS", DEMO_CALLERS).split()]
        return cls(
            database_url=os.environ["DATABASE_URL"],
            callers={key: Caller(tenant, user) for key, tenant, user in keys},
            config=Path(os.environ.get("FIELDVAULT_CONFIG", HERE / "fieldvault.toml")),
        )

    def keyrings(self, engine: Engine) -> Keyrings:
        """KEK and key store; the key store's tables are in the application's database."""
        config = load_config(self.config, environ={**os.environ, "FIELDVAULT_KEYSTORE_URL": self.database_url})
        store = SqlKeyStore(engine)
        store.create()
        return Keyrings(config.build_kek(), store, policy=config.policy)


def prepare_development() -> None:
    """Make what a first run on a developer's machine lacks: a passphrase and a local KEK, in `.data`."""
    DATA.mkdir(mode=0o700, exist_ok=True)
    if "FIELDVAULT_CONFIG" in os.environ:
        return
    passphrase = DATA / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(24))
    os.environ.setdefault("FIELDVAULT_KEK_PASSPHRASE_FILE", str(passphrase))
    if not (DATA / "fieldvault.kek").exists():
        LocalKek.create(DATA / "fieldvault.kek", Passphrase(passphrase))
