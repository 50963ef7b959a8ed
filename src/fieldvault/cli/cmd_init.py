"""`fieldvault init`: a commented fieldvault.toml, a local KEK where one is wanted, and the key store's tables.

It never overwrites anything. What it made is removed again if a later step fails, so that it can be run anew.
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from fieldvault.cli.command import Command
from fieldvault.cli.console import say
from fieldvault.cli.session import Session, ask_hidden_twice
from fieldvault.errors import ConfigurationError

DEFAULT_KEK_FILE = "fieldvault.kek"


@click.command(cls=Command, short_help="Write a configuration, a local KEK, the key store's tables.")
@click.option(
    "--kek",
    type=click.Choice(["local", "vault-transit"]),
    default="local",
    show_default=True,
    help="What wraps the data keys: a file, for development, or the transit engine of a Vault or OpenBao.",
)
@click.option(
    "--protect",
    type=click.Choice(["passphrase", "key"]),
    default="passphrase",
    show_default=True,
    help="Protect the local KEK by a passphrase (FIELDVAULT_KEK_PASSPHRASE, else asked for twice) or by a key.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="With --protect key: write a new key to this new file (mode 0600). It is not shown.",
)
@click.option("--address", metavar="URL", help="Of the Vault.")
@click.option("--key", metavar="NAME", help="The Vault's transit key; it is not created.")
@click.pass_obj
def init(
    session: Session, kek: str, protect: str, key_file: Path | None, address: str | None, key: str | None
) -> None:
    """Write a commented fieldvault.toml, create a local KEK and the key store's tables.

    Nothing is overwritten. With FIELDVAULT_KEYSTORE_URL set, the tables are created there.
    """
    _check_options(kek, protect, key_file, address, key)
    from fieldvault.config import load_config, template
    from fieldvault.config.environment import CONFIG

    path = session.config_path or Path(os.environ.get(CONFIG) or "fieldvault.toml")
    if kek == "local":
        text = template.for_local(file=DEFAULT_KEK_FILE, protect=protect)
    else:
        text = template.for_vault(address=address or "", key=key or "")
    with ExitStack() as made:
        _write_new(path, text, 0o644)
        made.callback(path.unlink)
        config = load_config(path)
        if key_file is not None:
            write_new_key(key_file)
            made.callback(key_file.unlink)
        if kek == "local":
            made.callback(_create_local_kek(path.parent / DEFAULT_KEK_FILE, protect, key_file).unlink)
        with config.build_keystore() as keystore:
            keystore.create()
            used = keystore.scopes()
        made.pop_all()
    _report(path, kek, key_file, has_keys=bool(used))


def _check_options(kek: str, protect: str, key_file: Path | None, address: str | None, key: str | None) -> None:
    if kek == "vault-transit" and (address is None or key is None):
        raise click.UsageError("--kek vault-transit needs --address URL and --key NAME")
    if kek == "local" and (address is not None or key is not None):
        raise click.UsageError("--address and --key belong to --kek vault-transit")
    if key_file is not None and (kek, protect) != ("local", "key"):
        raise click.UsageError("--key-file belongs to --protect key")
    given = os.environ.get("FIELDVAULT_KEK_KEY") or os.environ.get("FIELDVAULT_KEK_KEY_FILE")
    if (kek, protect) == ("local", "key"):
        if not key_file and not given:
            raise click.UsageError(
                "--protect key needs --key-file PATH, where a new key is written, or FIELDVAULT_KEK_KEY"
            )
        if key_file and given:
            raise click.UsageError("FIELDVAULT_KEK_KEY is set, so there is no new key for --key-file")


def _create_local_kek(file: Path, protect: str, key_file: Path | None) -> Path:
    from fieldvault.config import LocalKekConfig
    from fieldvault.config.environment import Environment
    from fieldvault.kek.local import LocalKek, ProtectionKey

    if key_file is not None:
        LocalKek.create(file, ProtectionKey(key_file))
    else:
        prompt = ask_hidden_twice if sys.stdin.isatty() else None
        LocalKek.create(file, LocalKekConfig(file, protect).protection(Environment(os.environ), prompt))
    return file


def write_new_key(path: Path) -> None:
    """A new protection key in a new file that only its owner may read. Raises `ConfigurationError`."""
    _write_new(path, secrets.token_urlsafe(32) + "\n", 0o600)


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        descriptor = None
    if descriptor is None:
        raise ConfigurationError(f"{path} exists already", hint="init overwrites nothing; remove it, or keep it")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _report(path: Path, kek: str, key_file: Path | None, *, has_keys: bool) -> None:
    say(f"wrote {path}: change its example schema to your columns")
    if kek == "local":
        say(f"wrote {path.parent / DEFAULT_KEK_FILE}, the local KEK: without it, or its secret, the data is lost")
    if key_file is not None:
        say(f"wrote {key_file}, the KEK's key: keep it away from the KEK, never beside it")
        say(f"export FIELDVAULT_KEK_KEY_FILE={key_file.absolute()}", label="next", style="bold")
    say("created the key store's tables")
    if has_keys:
        say("the key store already has keys, which another KEK wraps", label="warning", style="yellow")
    say("fieldvault doctor", label="next", style="bold")
