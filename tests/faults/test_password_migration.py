"""A migration of passwords while people log in, a second one begins, a pepper or the database goes away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from plugins.passwords_kit import Users, all_verify, forum_row, md5, mixed_rows, password_of
from plugins.postgresql import PostgresqlServer
from plugins.secrecy import found_in, shown_by
from sqlalchemy import text

from fieldvault.errors import FieldvaultError, KekUnavailable
from fieldvault.password_migration import (
    Dormancy,
    KnownRow,
    MigrationTakenOver,
    PasswordTableError,
    PasswordTableUnavailable,
    Progress,
    expire,
    prove,
)
from fieldvault.passwords import CHEAPEST, PasswordHasher, Peppered


@pytest.fixture(params=["sqlite", "postgresql"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Users:
    if request.param == "sqlite":
        return Users(f"sqlite:///{tmp_path / 'app.db'}")
    return Users(request.getfixturevalue("postgresql_database"))


class Interrupted(PasswordHasher):
    """Does something between the hashing of the first batch and its transaction."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__(CHEAPEST)
        self.meanwhile: Callable[[], None] | None = meanwhile

    def wrap_many(self, rows: Any, scheme: Any) -> Any:
        made = super().wrap_many(rows, scheme)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return made


def test_a_login_and_a_change_meanwhile_are_newer_and_stay(people: Users) -> None:
    people.fill([forum_row(number) for number in range(1, 9)])
    upgraded = PasswordHasher(CHEAPEST).hash(password_of(2))
    changed = md5(md5("a new password") + "salt3")  # by an application that knows no better

    def meanwhile() -> None:
        people.set(2, upgraded)
        people.set(3, changed)

    with people.desk(hasher=Interrupted(meanwhile)) as desk:
        desk.prove(1)
        result = desk.migration(batch=8).run()
    stored = people.stored()
    assert result.changed_meanwhile == 2
    assert stored.pop(2) == upgraded
    assert PasswordHasher(CHEAPEST).verify("a new password", stored.pop(3))
    assert all_verify(stored)


def test_a_row_that_is_deleted_meanwhile_stays_deleted(people: Users) -> None:
    people.fill([forum_row(number) for number in range(1, 5)])

    def meanwhile() -> None:
        with people.connect() as connection:
            connection.execute(text("DELETE FROM users WHERE id = 2"))

    with people.desk(hasher=Interrupted(meanwhile)) as desk:
        desk.prove(1)
        result = desk.migration().run()
    assert result.changed_meanwhile == 1
    assert people.stored().keys() == {1, 3, 4}
    assert all_verify(people.stored())


def test_a_change_that_is_not_committed_yet_is_waited_for_and_kept(postgresql_database: str) -> None:
    people = Users(postgresql_database)
    people.fill([forum_row(number) for number in range(1, 5)])
    newer = PasswordHasher(CHEAPEST).hash("newer")
    results = []
    with people.desk() as desk, people.connect() as connection:
        desk.prove(1)
        connection.execute(text("UPDATE users SET password = :new WHERE id = 2"), {"new": newer})
        runner = threading.Thread(target=lambda: results.append(desk.migration().run()))
        runner.start()
        while not waiting_for_a_lock(people):
            assert runner.is_alive()
        connection.commit()
        runner.join()
    assert results[0].changed_meanwhile == 1
    assert people.stored()[2] == newer


def waiting_for_a_lock(people: Users) -> bool:
    with people.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())


def test_a_second_run_takes_over_and_the_first_one_stops_without_writing(people: Users) -> None:
    people.fill(mixed_rows(40))
    second = []

    def begin_another(progress: Progress) -> None:
        with people.desk() as other:
            second.append(other.migration(batch=5).run())
            before.update(people.stored())

    before: dict[int, str] = {}
    with people.desk() as desk:
        desk.prove(1)
        with pytest.raises(MigrationTakenOver):
            desk.migration(batch=5, on_progress=begin_another).run()
    assert len(second) == 1
    assert second[0].finished
    assert second[0].wrapped.total() == 40  # the first one's batch is in its checkpoint
    assert people.stored() == before
    assert all_verify(before)


class OutOfOrder:
    """A pepper that works so many times."""

    name = "test"

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def mac(self, messages: Sequence[bytes], *, version: int | None = None) -> Peppered:
        self.calls -= 1
        if self.calls < 0:
            raise KekUnavailable("the pepper's server is away")
        return Peppered(1, [bytes(32) for _ in messages])

    def newest_version(self) -> int:
        return 1


def test_an_outage_of_the_pepper_stops_the_run_and_leaves_whole_batches(people: Users) -> None:
    people.fill([forum_row(number) for number in range(1, 31)])
    pepper = OutOfOrder(5)
    with people.desk(hasher=PasswordHasher(CHEAPEST, pepper=pepper)) as desk:
        desk.prove(1)
        with pytest.raises(KekUnavailable):
            desk.migration(batch=10).run()
        wrapped = sum(one.startswith("$fvw1$") for one in people.stored().values())
        assert wrapped == 20
        pepper.calls = 100
        assert desk.migration(batch=10).run().wrapped.total() == 30
    assert all(one.startswith("$fvw1$") and "$test:1$" in one for one in people.stored().values())


def test_a_database_that_goes_away_is_an_outage_and_the_next_run_goes_on(
    postgresql_database: str, postgresql_server: PostgresqlServer
) -> None:
    people = Users(postgresql_database)
    people.fill(mixed_rows(30))
    done = []

    def stop(progress: Progress) -> None:
        done.append(progress.wrapped)
        postgresql_server.stop()

    with people.desk() as desk:
        desk.prove(1)
        try:
            with pytest.raises(PasswordTableUnavailable) as raised:
                desk.migration(batch=10, on_progress=stop).run()
        finally:
            postgresql_server.start()
        assert "canary" not in shown_by(raised.value)
        assert desk.migration(batch=10).run().wrapped.total() == 30
    assert all_verify(people.stored())


@pytest.mark.parametrize("kind", ["VARCHAR(40)", "CHAR(600)"])
def test_a_column_that_cannot_hold_a_hash_is_refused_before_anything_is_written(
    postgresql_database: str, kind: str
) -> None:
    people = Users(postgresql_database)
    people.fill([forum_row(number) for number in range(1, 5)])
    with people.connect() as connection:
        connection.execute(text(f"ALTER TABLE users ALTER COLUMN password TYPE {kind}"))
    before = people.stored()
    with people.desk() as desk:
        desk.prove(1)
        with pytest.raises(PasswordTableError, match="ALTER TABLE users"):
            desk.migration().run()
    assert people.stored() == before


def test_nothing_secret_is_shown_by_logs_errors_or_reprs(people: Users, caplog: pytest.LogCaptureFixture) -> None:
    rows = mixed_rows(12)
    secrets = [one for row in rows for one in (row["password"], row["password"][-32:], password_of(row["id"]))]
    people.fill(rows)
    shown = []
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "sqlalchemy")
    with people.desk() as desk:

        def drop(progress: Progress) -> None:
            shown.append(repr(progress))
            with people.connect() as connection:
                connection.execute(text("ALTER TABLE users RENAME TO gone"))

        caplog.clear()
        known = KnownRow((1,), password_of(1))
        shown.append(repr((known, prove(desk.database, desk.table, desk.sorter, desk.hasher, [known]))))
        caplog_before = caplog.text
        with pytest.raises(FieldvaultError) as raised:
            desk.migration(batch=5, on_progress=drop).run()
        shown += [shown_by(raised.value), repr((desk.database, desk.table, desk.sorter)), caplog_before]
    ours = [one for one in caplog.records if "gone" not in one.getMessage()]
    shown += [f"{one.getMessage()} {one.args!r}" for one in ours]
    assert found_in("\n".join(shown), secrets) == []


def test_somebody_who_logs_in_while_dormant_rows_expire_is_kept(people: Users) -> None:
    old = datetime(2020, 1, 1)  # noqa: DTZ001 - as the column has it
    people.fill([forum_row(number) | {"last_login": old} for number in range(1, 4)])
    with people.desk(others=("last_login",)) as desk:
        dormancy = Dormancy("last_login", datetime.fromisoformat("2025-01-01T00:00:00+00:00"))
        replace, first = desk.table.replace, [True]

        def late(connection: Any, changes: Any) -> list[bool]:
            if first[0]:
                first[0] = False
                assert changes[0][0].id == (1,)
                statement = text("UPDATE users SET password = 'newer' WHERE id = 1")
                connection.execute(statement)
            return replace(connection, changes)

        desk.table.replace = late  # type: ignore[method-assign]
        done = expire(desk.database, desk.table, desk.sorter, dormancy)
    assert done.kept == 1
    assert people.stored()[1] == "newer"
    assert all(people.stored()[number].startswith("!") for number in (2, 3))
