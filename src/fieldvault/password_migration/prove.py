"""Proving declared schemes on passwords that somebody knows, before anything is written.

A declared expression that is nearly right would lock everybody out. So each must reproduce what is stored for at
least one known password (a test account's, one's own). The proof is kept beside the checkpoint, and a migration
asks for it before it writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from fieldvault.attempts import attempt
from fieldvault.password_migration import checkpoint as checkpoints
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.failures import PasswordTableError
from fieldvault.password_migration.sorting import Legacy, Sorter
from fieldvault.password_migration.table import Id, PasswordTable, Row
from fieldvault.passwords import KnownPassword, PasswordHasher
from fieldvault.passwords import prove as prove_scheme
from fieldvault.passwords.text import accept


@dataclass(frozen=True, slots=True)
class KnownRow:
    """The password of one row, as somebody knows it."""

    id: Id = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProofResult:
    """Known passwords by what their row was, and whether they were reproduced.

    `refuted` has positions (0-based) in what was given; `elsewhere` those whose row is missing, or is not legacy.
    """

    proved: Counter[str]
    refuted: dict[int, str]
    elsewhere: dict[int, str]
    missing: list[str]
    """Declared schemes that no known password was of."""
    untested: dict[str, list[str]]
    """By label, what the known passwords leave open."""


def prove(
    database: Database, table: PasswordTable, sorter: Sorter, hasher: PasswordHasher, known: Sequence[KnownRow]
) -> ProofResult:
    """Compare, and record the schemes that were proved; a scheme that one password refutes is not.

    Raises `PasswordTableError` and `PasswordTooLong`.
    """
    result = attempt(_prove, database, table, sorter, hasher, known)
    del known
    return result.or_raise()


def _prove(
    database: Database, table: PasswordTable, sorter: Sorter, hasher: PasswordHasher, known: Sequence[KnownRow]
) -> ProofResult:
    result = ProofResult(Counter(), {}, {}, [], {})
    rows = database.read(lambda connection: [_row(connection, table, one) for one in known])
    tried: dict[str, list[tuple[int, Legacy, str]]] = {}
    for at, (row, one) in enumerate(zip(rows, known, strict=True)):
        found = None if row is None else sorter.sort(row)
        if found is None or found.legacy is None:
            result.elsewhere[at] = "there is no such row" if found is None else f"{found.kind}: {found.label}"
        else:
            accept(one.password, hasher.limits.password_bytes)
            tried.setdefault(found.label, []).append((at, found.legacy, one.password))
    for label, group in tried.items():
        proof = prove_scheme(
            group[0][1].scheme,
            [KnownPassword(password, legacy.stored, legacy.salt) for _, legacy, password in group],
        )
        result.refuted.update({group[at][0]: label for at in proof.failed})
        if proof.holds:
            result.proved[label] = proof.tried
            result.untested[label] = list(proof.untested)
    _record(database, table.declared.name, sorter, result)
    return result


def _record(database: Database, job: str, sorter: Sorter, result: ProofResult) -> None:
    now, refuted = datetime.now(UTC), set(result.refuted.values())

    def work(connection: Connection) -> None:
        checkpoints.create_tables(connection)
        for one in sorter.declared:
            if one.label in refuted:
                checkpoints.withdraw_proof(connection, job, one.signature)
            elif result.proved[one.label]:
                checkpoints.record_proof(connection, job, one.signature, result.proved[one.label], now)

    database.write(work)
    result.missing.extend(
        one.label for one in sorter.declared if not result.proved[one.label] and one.label not in refuted
    )


def _row(connection: Connection, table: PasswordTable, known: KnownRow) -> Row | None:
    if len(known.id) != len(table.declared.id):
        raise PasswordTableError(f"an id of {table.declared.table} has {len(table.declared.id)} part(s)")
    return table.by_id(connection, known.id)
