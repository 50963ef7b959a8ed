"""What `fieldvault doctor` checks, in this order: configuration, files, KEK, key store, keys, clock."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.cli.session import Session, prompt
from fieldvault.config import Config, LocalKekConfig
from fieldvault.config import environment as names
from fieldvault.core.native import DESCRIPTION
from fieldvault.errors import FieldvaultError, KekError, KeyStoreNotReady, OpenError
from fieldvault.keyring import Keyrings
from fieldvault.ports import DataKeyRecord, KekProvider, KeyState

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit import VaultTransitKek

CHECKED_SCOPES = 50
WORN = 0.9
BUILT_AFTER = datetime(2024, 1, 1, tzinfo=UTC)
"""No clock that is right is before this."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`status` is ok, warning or failed; `detail` is for people, `hint` says what to do."""

    name: str
    status: str
    detail: str
    hint: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"name": self.name, "status": self.status, "detail": self.detail, "hint": self.hint}


def all_checks(session: Session) -> Iterator[Finding]:
    """Every check whose premises hold."""
    try:
        config = session.config
    except FieldvaultError as error:
        yield _failed("configuration", error)
        return
    yield Finding("configuration", "ok", f"{config.path}: schemas {', '.join(config.schemas) or 'none'}")
    yield from _files(config)
    kek: KekProvider | None = None
    try:
        kek = config.build_kek(prompt())
    except FieldvaultError as error:
        yield _failed("KEK", error)
    if kek is not None:
        yield from _kek(config, kek)
    yield from _keystore(session, kek)
    yield from _clock()
    yield Finding("core", "ok", DESCRIPTION)


def _files(config: Config) -> Iterator[Finding]:
    writable = _others_may(config.path, stat.S_IWGRP | stat.S_IWOTH)
    if writable:
        yield Finding(
            "file permissions",
            "warning",
            f"{config.path} can be written by its group or by others",
            f"chmod go-w {config.path}",
        )
    secret_files = [
        Path(os.environ[f"{name}_FILE"])
        for name in (names.KEK_PASSPHRASE, names.KEK_KEY, names.VAULT_TOKEN, names.VAULT_SECRET_ID, names.VAULT_JWT)
        if os.environ.get(f"{name}_FILE")
    ]
    public = [file for file in secret_files if _others_may(file, 0o077)]
    for file in public:
        yield Finding(
            "file permissions", "warning", f"{file} holds a secret and is open to others", f"chmod 600 {file}"
        )
    keystore = config.keystore.sqlite_file()
    shared = keystore is not None and _others_may(keystore, stat.S_IWGRP | stat.S_IWOTH)
    if shared:
        detail = f"the key store {keystore} can be written by its group or by others, who can lose data"
        yield Finding("file permissions", "warning", detail, f"chmod go-w {keystore}")
    if not (writable or public or shared):
        yield Finding("file permissions", "ok", "configuration, key store and secrets are closed to others")


def _others_may(path: Path, bits: int) -> bool:
    try:
        return bool(path.stat().st_mode & bits)
    except OSError:
        return False


def _kek(config: Config, kek: KekProvider) -> Iterator[Finding]:
    if isinstance(config.kek, LocalKekConfig):
        yield Finding(
            "KEK", "warning", f"{kek.name} opens; it is for development", "use Vault or OpenBao in production"
        )
        yield _round_trip(kek)
        return
    vault: VaultTransitKek = kek  # type: ignore[assignment]
    for check in vault.diagnose():
        yield Finding(f"Vault {check.name}", check.status.value, check.detail, check.hint)


def _round_trip(kek: KekProvider) -> Finding:
    try:
        same = _comes_back(kek)
    except KekError as error:
        return _failed("round trip", error)
    if same:
        return Finding("round trip", "ok", "a random key was wrapped and unwrapped")
    return Finding("round trip", "failed", "a random key did not come back")


def _comes_back(kek: KekProvider) -> bool:
    key = secrets.token_bytes(32)
    return kek.unwrap(kek.wrap([key])) == [key]


def _keystore(session: Session, kek: KekProvider | None) -> Iterator[Finding]:
    try:
        store = session.keystore
        scopes = store.scopes()
        records = [record for scope in scopes[:CHECKED_SCOPES] for record in store.data_keys(scope)]
    except KeyStoreNotReady as error:
        yield Finding("key store", "failed", error.message, "fieldvault keys create-tables")
        return
    except FieldvaultError as error:
        yield _failed("key store", error)
        return
    yield Finding("key store", "ok", f"{store!r}: {len(scopes)} scope(s)")
    yield from _keys(session, kek, records)


def _keys(session: Session, kek: KekProvider | None, records: list[DataKeyRecord]) -> Iterator[Finding]:
    limit = session.config.policy.rotate_at
    for record in records:
        if record.state is KeyState.ACTIVE and record.uses >= WORN * limit:
            yield Finding(
                "key use",
                "warning",
                f"{record.scope} version {record.version} has {record.uses:,} of {limit:,} uses",
                "a new key is made at the limit; is the KEK reachable then?",
            )
    ahead = [record for record in records if record.created_at > datetime.now(UTC) + timedelta(minutes=5)]
    if ahead:
        yield Finding("clock", "warning", "a key was created in the future: this clock or another one is wrong")
    if kek is None or not records:
        return
    keyrings = Keyrings(kek, session.keystore)
    bad = [
        f"{record.scope} version {record.version}: {error.message}"
        for record in records
        if record.state is not KeyState.DESTROYED and (error := _refusal(keyrings, record)) is not None
    ]
    if bad:
        yield Finding("keys", "failed", "; ".join(bad[:3]), "is this the KEK that wrapped them?")
    else:
        yield Finding("keys", "ok", f"all {len(records)} data keys unwrap and commit to their scopes")


def _refusal(keyrings: Keyrings, record: DataKeyRecord) -> FieldvaultError | None:
    try:
        key = keyrings.keyring(record.scope).keys([record.key_id])[record.key_id]
    except FieldvaultError as error:
        return error
    return key if isinstance(key, OpenError) else None


def _clock() -> Iterator[Finding]:
    now = datetime.now(UTC)
    if now < BUILT_AFTER:
        yield Finding(
            "clock", "failed", f"the clock says {now:%Y-%m-%d}", "set it: logins and certificates need it"
        )
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _failed(name: str, error: FieldvaultError) -> Finding:
    return Finding(name, "failed", error.message, error.hint)
