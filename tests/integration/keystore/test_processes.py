"""Eight processes at one key store: one winner, exact counts, and no connection shared over a fork."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.keystore_kit import PII, data_key, in_children, outcome, subject_key
from sqlalchemy import create_engine, text

from fieldvault.errors import KeyStoreConflict
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KeyState


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlKeyStore]:
    """A store whose connections were used already, so that a child inherits a warm pool."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/keys.db"
    else:
        url = request.getfixturevalue(f"{request.param}_database")
    with SqlKeyStore(url, timeout=60) as store:
        store.create()
        assert store.scopes() == []
        yield store


def test_one_of_eight_processes_adds_the_first_primary(store: SqlKeyStore) -> None:
    def add(index: int) -> Any:
        return outcome(lambda: store.add_primary(data_key(key_id=bytes([index]) * 16), replaces=None))

    results = in_children(add)
    assert results.count(None) == 1
    assert results.count(KeyStoreConflict) == 7
    (primary,) = store.data_keys(PII)
    assert results[primary.key_id[0]] is None


def test_eight_rotators_make_one_new_version_each_round(store: SqlKeyStore) -> None:
    store.add_primary(data_key(key_id=bytes(16)), replaces=None)

    def rotate(index: int) -> list[Any]:
        results = []
        for _ in range(5):
            keys = store.data_keys(PII)
            primary = next(key for key in keys if key.state is KeyState.ACTIVE)
            version = keys[-1].version + 1
            record = data_key(version=version, key_id=bytes([version, index]) * 8)
            results.append(outcome(lambda: store.add_primary(record, replaces=primary.key_id)))  # noqa: B023
        return results

    results = [result for part in in_children(rotate) for result in part]
    assert set(results) <= {None, KeyStoreConflict}
    keys = store.data_keys(PII)
    assert [key.version for key in keys] == list(range(1, len(keys) + 1))
    assert len(keys) == 1 + results.count(None)
    assert [key.state for key in keys] == [KeyState.DECRYPT_ONLY] * (len(keys) - 1) + [KeyState.ACTIVE]


def test_leases_of_eight_processes_are_exact_and_never_over_the_limit(store: SqlKeyStore) -> None:
    store.add_primary(data_key(), replaces=None)
    limit = 2**20 * 100 + 12345

    def lease(_: int) -> list[int | None]:
        return [store.lease_uses(data_key().key_id, 2**20, limit=limit) for _ in range(25)]

    totals = [total for part in in_children(lease) for total in part]
    granted = sorted(total for total in totals if total is not None)
    assert granted == [2**20 * number for number in range(1, 101)]
    assert totals.count(None) == 100
    assert store.data_keys(PII)[0].uses == 2**20 * 100


def test_eight_processes_agree_on_each_subjects_key(store: SqlKeyStore) -> None:
    names = [f"subject {number}" for number in range(1000)]

    def add(index: int) -> dict[str, bytes]:
        turned = names[index * 100 :] + names[: index * 100]
        store.add_subject_keys([subject_key(name, generation=index) for name in turned])
        return {name: record.key_id for name, record in store.subject_keys(PII, names).items()}

    first, *others = in_children(add)
    assert len(first) == 1000
    assert all(other == first for other in others)


def test_a_child_opens_its_own_session_and_leaves_the_parents_alone(postgresql_database: str) -> None:
    engine = create_engine(postgresql_database, pool_size=1, max_overflow=0)

    def session(_: int = 0) -> tuple[int, int]:
        with engine.connect() as connection:
            return os.getpid(), connection.execute(text("SELECT pg_backend_pid()")).scalar_one()

    with SqlKeyStore(engine) as store:
        store.create()
        before = session()
        children = in_children(session, 3)
        assert session() == before
        assert len({backend for _, backend in [before, *children]}) == 4
        assert store.scopes() == []
    engine.dispose()
