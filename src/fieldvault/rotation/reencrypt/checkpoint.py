"""The checkpoint: how far a run is, kept beside the data and written in the same transaction as the rows.

1. A batch and the checkpoint that says so commit together, or neither does. So a run that was killed is resumed
   behind the last batch that was committed.
2. A run writes its own mark when it begins; every later write of the checkpoint asks for that mark. A second run
   takes the table over at once (no waiting for a dead one's lease), and the first one stops at its next batch,
   which it does not write. So at any time one run writes.
3. A table is worked on in parts, ranges of its key, so that several workers go on at once. They are kept as they
   were first made, whatever number of workers resumes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable

from fieldvault.errors import ReencryptionTakenOver
from fieldvault.rotation.keyed_table import Key
from fieldvault.rotation.reencrypt.position import decoded, encoded
from fieldvault.rotation.reencrypt.table import Range

_CREATION_LOCK = int.from_bytes(b"fvreencr", "big") & 0x7FFFFFFFFFFFFFFF
"""An advisory lock's number in PostgreSQL; any number that nobody else uses."""

jobs = Table(
    "fieldvault_reencrypt_jobs",
    MetaData(),
    Column("job", String(64), primary_key=True),  # SHA-256 of `title`, which may be too long for a key
    Column("part", Integer, primary_key=True),
    Column("title", Text, nullable=False),  # which table, whose rows, and what is done to them
    Column("target", String(32), nullable=False),  # the key id that rows go to
    Column("owner", String(32), nullable=False),  # the mark of the run that may write
    Column("round", Integer, nullable=False),  # how often the table was read from its beginning; from 1
    Column("lower", Text),  # the part's rows are behind this key; null for the table's beginning
    Column("upper", Text),  # as far as this one; null for the table's end
    Column("position", Text),  # the last key of the last batch; null at a round's beginning
    Column("ended", Integer, nullable=False),  # 1 once this round has reached the part's end
    Column("counts", Text, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    Column("finished_at", String(32)),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One range of one table. `counts` are over all runs of this job."""

    job: str
    number: int
    owner: str
    round: int
    range: Range = field(repr=False)
    position: Key | None = field(repr=False)
    ended: bool
    counts: Counter[str]

    @property
    def rest(self) -> Range:
        """What is not done of the range, in this round."""
        return (self.range[0] if self.position is None else self.position), self.range[1]


@dataclass(frozen=True, slots=True)
class Job:
    """`title` names it for people; `target` is the key id that its rows go to, as hex."""

    title: str
    target: str

    @property
    def key(self) -> str:
        """What it is kept under."""
        return hashlib.sha256(self.title.encode()).hexdigest()


def create_table(connection: Connection) -> None:
    """Create it where it is missing."""
    if connection.dialect.name == "postgresql":
        # Two CREATE TABLE IF NOT EXISTS at once can collide in PostgreSQL's own catalogue.
        connection.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
    connection.execute(CreateTable(jobs, if_not_exists=True))


def take_over(
    connection: Connection, job: Job, owner: str, now: datetime, split: Callable[[], Sequence[Range]]
) -> list[Part]:
    """Become the job's owner: where a run stopped, or at the beginning where there was none, it had finished, or
    was on its way to another key."""
    query = select(jobs).where(jobs.c.job == job.key).order_by(jobs.c.part).with_for_update()
    found = connection.execute(query).mappings().all()
    if found and all(one["finished_at"] is None and one["target"] == job.target for one in found):
        mine = update(jobs).where(jobs.c.job == job.key)
        connection.execute(mine.values(owner=owner, updated_at=_text(now)))
        return [replace(_read(one), owner=owner) for one in found]
    connection.execute(delete(jobs).where(jobs.c.job == job.key))
    parts = [
        Part(job.key, number, owner, 1, range_, None, False, Counter()) for number, range_ in enumerate(split())
    ]
    fixed = {"title": job.title, "target": job.target, "started_at": _text(now)}
    connection.execute(insert(jobs), [{**_values(one, now), **_place(one), **fixed} for one in parts])
    return parts


def advance(connection: Connection, part: Part, now: datetime) -> None:
    """Write a part's checkpoint, if the job is still its owner's. Raises `ReencryptionTakenOver`."""
    mine = (jobs.c.job == part.job, jobs.c.part == part.number, jobs.c.owner == part.owner)
    _require_one(connection.execute(update(jobs).where(*mine).values(_values(part, now))).rowcount)


def begin_again(connection: Connection, parts: Sequence[Part], now: datetime) -> list[Part]:
    """The next round: every part from its beginning."""
    again = [replace(one, round=one.round + 1, position=None, ended=False, counts=_kept(one)) for one in parts]
    for one in again:
        advance(connection, one, now)
    return again


def finish(connection: Connection, parts: Sequence[Part], now: datetime) -> None:
    """Note that nothing is left to do."""
    for one in parts:
        mine = (jobs.c.job == one.job, jobs.c.part == one.number, jobs.c.owner == one.owner)
        values = {"finished_at": _text(now), "updated_at": _text(now)}
        _require_one(connection.execute(update(jobs).where(*mine).values(values)).rowcount)


def load(connection: Connection, job: Job) -> list[Part]:
    """The job's parts, if it ever ran."""
    query = select(jobs).where(jobs.c.job == job.key).order_by(jobs.c.part)
    return [_read(one) for one in connection.execute(query).mappings()]


def _require_one(rows: int) -> None:
    if rows != 1:
        raise ReencryptionTakenOver(
            "another run on this table has begun and goes on from here",
            hint="this one stopped and wrote nothing more; let the other one finish",
        )


def _kept(part: Part) -> Counter[str]:
    # What was refused is met again in each round.
    return Counter({name: rows for name, rows in part.counts.items() if not name.startswith("refused")})


def _place(part: Part) -> dict[str, Any]:
    lower, upper = (None if one is None else encoded(one) for one in part.range)
    return {"job": part.job, "part": part.number, "lower": lower, "upper": upper}


def _values(part: Part, now: datetime) -> dict[str, Any]:
    return {
        "owner": part.owner,
        "round": part.round,
        "position": None if part.position is None else encoded(part.position),
        "ended": int(part.ended),
        "counts": json.dumps(part.counts, sort_keys=True),
        "updated_at": _text(now),
    }


def _read(row: Any) -> Part:
    lower, upper, position = (
        None if row[name] is None else decoded(row[name]) for name in ("lower", "upper", "position")
    )
    counts = Counter(json.loads(row["counts"]))
    return Part(
        row["job"], row["part"], row["owner"], row["round"], (lower, upper), position, bool(row["ended"]), counts
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
