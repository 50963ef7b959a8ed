"""Make what a first run on a developer's machine lacks: a passphrase and a local KEK, in `.data`."""

from __future__ import annotations

import secrets
from pathlib import Path

from fieldvault.kek.local import LocalKek, Passphrase

DATA = Path(__file__).parent / ".data"

DATA.mkdir(mode=0o700, exist_ok=True)
passphrase = DATA / "passphrase"
if not passphrase.exists():
    passphrase.touch(mode=0o600)
    passphrase.write_text(secrets.token_urlsafe(24))
if not (DATA / "fieldvault.kek").exists():
    LocalKek.create(DATA / "fieldvault.kek", Passphrase(passphrase))
