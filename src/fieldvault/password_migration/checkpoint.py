"""The checkpoint: how far a migration is, kept beside the data and written in the same transaction as the rows.

1. A batch and the checkpoint that says so commit together, or neither does. So a run that was killed is resumed
   behind the last batch that was committed, and loses the hashing of one batch at most.
2. A run writes its own mark when it begins; every later write of the checkpoint asks for that mark. A second run
   takes the column over at once (no waiting for a dead one's lease), and the first one stops at its next batch,
   which it does not write. So at any time one run writes.
3. A proof is a row too: which scheme, by how many known passwords. A migration that writes asks for it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable

from fieldvault.password_migration.failures import MigrationTakenOver
from fieldvault.password_migration.position import decoded, encoded
from fieldvault.password_migration.table import Id

_CREATION_LOCK = int.from_bytes(b"fvpasswd", "big")
"""An advisory lock's number in PostgreSQL; any number that nobody else uses."""

_metadata = MetaData()
migrations = Table(
    "fieldvault_password_migrations",
    _metadata,
    Column("job", String(255), primary_key=True),  # the column's name, e.g. users.password
    Column("owner", String(32), nullable=False),  # the mark of the run that may write
    Column("round", Integer, nullable=False),  # how often the table was read from its beginning; from 1
    Column("position", Text),  # the last id of the last batch; null at a round's beginning
    Column("batches", Integer, nullable=False),
    Column("counts", Text, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    Column("finished_at", String(32)),
)
proofs = Table(
    "fieldvault_password_proofs",
    _metadata,
    Column("job", String(255), primary_key=True),
    Column("scheme_digest", String(64), primary_key=True),  # SHA-256 of `scheme`, which may be too long for a key
    Column("scheme", Text, nullable=False),
    Column("passwords", Integer, nullable=False),
    Column("proved_at", String(32), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`position` is the id of the last row of the last batch. `counts` is by outcome, over all runs of this job."""

    job: str
    owner: str
    round: int
    position: Id | None = field(repr=False)
    batches: int
    counts: Counter[str]
    started_at: datetime
    finished_at: datetime | None

    def begun_again(self) -> Checkpoint:
        """At the beginning of the next round."""
        return replace(self, round=self.round + 1, position=None)


def create_tables(connection: Connection) -> None:
    """Create what is missing."""
    if connection.dialect.name == "postgresql":
        # Two CREATE TABLE IF NOT EXISTS at once can collide in PostgreSQL's own catalogue.
        connection.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
    for table in _metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))


def take_over(connection: Connection, job: str, owner: str, now: datetime) -> Checkpoint:
    """Become the job's owner: where a run stopped, or at the beginning where there was none or it had finished."""
    found = (
        connection.execute(select(migrations).where(migrations.c.job == job).with_for_update()).mappings().first()
    )
    if found is not None and found["finished_at"] is None:
        connection.execute(
            update(migrations).where(migrations.c.job == job).values(owner=owner, updated_at=_text(now))
        )
        return replace(_read(found), owner=owner)
    fresh = Checkpoint(job, owner, 1, None, 0, Counter(), now, None)
    connection.execute(delete(migrations).where(migrations.c.job == job))
    connection.execute(insert(migrations).values(job=job, started_at=_text(now), **_values(fresh, now)))
    return fresh


def advance(connection: Connection, checkpoint: Checkpoint, now: datetime) -> None:
    """Write the checkpoint, if the job is still its owner's. Raises `MigrationTakenOver`."""
    statement = update(migrations).where(migrations.c.job == checkpoint.job, migrations.c.owner == checkpoint.owner)
    if connection.execute(statement.values(**_values(checkpoint, now))).rowcount != 1:
        raise MigrationTakenOver(
            f"another run on {checkpoint.job} has begun and goes on from here",
            hint="this one stopped and wrote nothing more; let the other one finish",
        )


def load(connection: Connection, job: str) -> Checkpoint | None:
    """The job's checkpoint, if it ever ran."""
    found = connection.execute(select(migrations).where(migrations.c.job == job)).mappings().first()
    return None if found is None else _read(found)


def record_proof(connection: Connection, job: str, scheme: str, passwords: int, now: datetime) -> None:
    """Note that so many known passwords proved the scheme."""
    digest = _digest(scheme)
    connection.execute(delete(proofs).where(proofs.c.job == job, proofs.c.scheme_digest == digest))
    connection.execute(
        insert(proofs).values(
            job=job, scheme_digest=digest, scheme=scheme, passwords=passwords, proved_at=_text(now)
        )
    )


def withdraw_proof(connection: Connection, job: str, scheme: str) -> None:
    """Forget a proof: a known password has refuted the scheme."""
    connection.execute(delete(proofs).where(proofs.c.job == job, proofs.c.scheme_digest == _digest(scheme)))


def proved(connection: Connection, job: str) -> dict[str, int]:
    """The schemes that were proved, and by how many known passwords."""
    query = select(proofs.c.scheme, proofs.c.passwords).where(proofs.c.job == job)
    return {row.scheme: row.passwords for row in connection.execute(query)}


def _values(checkpoint: Checkpoint, now: datetime) -> dict[str, Any]:
    return {
        "owner": checkpoint.owner,
        "round": checkpoint.round,
        "position": None if checkpoint.position is None else encoded(checkpoint.position),
        "batches": checkpoint.batches,
        "counts": json.dumps(checkpoint.counts, sort_keys=True),
        "updated_at": _text(now),
        "finished_at": None if checkpoint.finished_at is None else _text(checkpoint.finished_at),
    }


def _read(row: Any) -> Checkpoint:
    return Checkpoint(
        job=row["job"],
        owner=row["owner"],
        round=row["round"],
        position=None if row["position"] is None else decoded(row["position"]),
        batches=row["batches"],
        counts=Counter(json.loads(row["counts"])),
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=None if row["finished_at"] is None else datetime.fromisoformat(row["finished_at"]),
    )


def _digest(scheme: str) -> str:
    return hashlib.sha256(scheme.encode()).hexdigest()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
