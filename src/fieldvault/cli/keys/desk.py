"""What every command of the group needs: the operations, the declared tables, options, a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import options
from fieldvault.cli.keys.showing import key_progress
from fieldvault.cli.session import Session, prompt

if TYPE_CHECKING:
    from fieldvault.ports import DataKeyRecord, KekProvider
    from fieldvault.rotation.keys import KeyOperations, RowCounter

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
reason_option = click.option("--reason", help="What for: it is recorded in the audit log, where there is one.")
asking_options = options(dry_run_option, yes_option)


@contextmanager
def open_operations(session: Session, actor: str, target: KekProvider | None = None) -> Iterator[KeyOperations]:
    """The operations over the configured keys; with `target`, keys that it wraps are read too."""
    from fieldvault import Keyrings
    from fieldvault.rotation.keys import KeyOperations

    config, keyrings = session.config, session.keyrings
    if target is not None:
        keyrings = Keyrings(_with(keyrings.kek, target), session.keystore, policy=config.policy)
    audit = None if config.audit is None else config.audit.build(keyrings, session.keystore)
    with key_progress() as on_progress:
        yield KeyOperations(
            keyrings,
            audit=audit,
            actor=actor,
            on_progress=on_progress,
            slowest_write=config.rotation.slowest_write,
            lock_seconds=config.rotation.lock,
        )


def move_target(session: Session, file: Path | None) -> KekProvider:
    """Where keys are moved: the KEK of another configuration file, else `[kek.new]`, else `[kek]` from `[kek.old]`.

    Raises `ConfigurationError`.
    """
    from fieldvault.config import load_config
    from fieldvault.errors import ConfigurationError
    from fieldvault.ports import KekDirectory

    config = session.config
    if file is not None:
        return load_config(file).build_kek(prompt())
    kek = session.keyrings.kek
    if not isinstance(kek, KekDirectory):
        raise ConfigurationError(
            f"{config.path} names no other KEK", hint="declare it as [kek.new], or name another file by --to"
        )
    wanted = config.build_other_kek("new", prompt()).name if "new" in config.other_keks else kek.name
    found = kek.named(wanted)
    return kek if found is None else found


@contextmanager
def open_counters(session: Session) -> Iterator[Sequence[RowCounter]]:
    """The declared tables; none where none is declared."""
    config = session.config
    if not config.rotation.tables:
        yield ()
        return
    engine = config.database_engine()
    try:
        yield [table.counted(engine) for table in config.rotation.tables]
    finally:
        engine.dispose()


def rows_left(session: Session, records: Sequence[DataKeyRecord]) -> dict[bytes, int]:
    """What each key is needed for; keys of which that cannot be known are left out."""
    from fieldvault.keyring import FIELDS_PURPOSE, SUBJECTS_PURPOSE
    from fieldvault.rotation.keys import rows_by_counter

    wrapping = [one.key_id for one in records if one.scope.purpose == SUBJECTS_PURPOSE]
    sealing = [one.key_id for one in records if one.scope.purpose == FIELDS_PURPOSE]
    found = dict.fromkeys(wrapping, 0) | session.keystore.count_subject_keys_under(wrapping)
    with open_counters(session) as counters:
        if counters:
            found |= dict.fromkeys(sealing, 0) | rows_by_counter(counters, sealing)
    return found


def ask(question: str, *, yes: bool, dry_run: bool) -> None:
    """Ends the command unless somebody says yes, said so before, or nothing is changed."""
    if not (yes or dry_run):
        click.confirm(question, abort=True, err=True)


def key_id_of(text: str) -> bytes:
    """Raises `click.UsageError` for what is no key id."""
    try:
        key_id = bytes.fromhex(text)
    except ValueError:
        key_id = b""
    if len(key_id) != 16:
        raise click.UsageError("a key id is 32 hexadecimal digits, as `fieldvault keys list` shows it")
    return key_id


def _with(kek: KekProvider, target: KekProvider) -> KekProvider:
    from fieldvault.kek.several import SeveralKeks
    from fieldvault.ports import KekDirectory

    known = kek.named(target.name) is not None if isinstance(kek, KekDirectory) else kek.name == target.name
    return kek if known else SeveralKeks(kek, target)
