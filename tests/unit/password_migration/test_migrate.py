"""A migration of a small table, from MD5 to wrapped Argon2id."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from plugins.passwords_kit import Users, all_verify, django_row, forum_row, md5, mixed_rows, password_of
from sqlalchemy import text

from fieldvault.errors import ConfigurationError, SchemeNotProved
from fieldvault.password_migration import (
    Database,
    KnownRow,
    Migration,
    PasswordColumn,
    PasswordTable,
    Progress,
    Sorter,
    prove,
)
from fieldvault.password_migration.failures import PasswordTableError
from fieldvault.passwords import CHEAPEST, PasswordHasher

GARBAGE = {
    101: md5("x")[:31],
    102: md5("x").replace("a", "A"),
    103: "Robert'); DROP TABLE users;--",
    104: "$argon2id$v=19$m=2147483648,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
    105: f" {md5('x')}",
    106: "md5$salt$tooshort",
    107: "",
}


def test_every_row_is_wrapped_and_verifies(people: Users) -> None:
    people.fill(mixed_rows(25))
    with people.desk() as desk:
        desk.prove(1)
        result = desk.migration(batch=4).run()
    assert result.finished
    assert result.wrapped == Counter({"forum": 17, "django-md5": 8})
    assert result.changed_meanwhile == 0
    assert all_verify(people.stored())


def test_the_next_login_replaces_a_wrapped_row_by_argon2id_of_the_password(people: Users) -> None:
    people.fill([forum_row(1)])
    with people.desk() as desk:
        desk.prove()
        desk.migration().run()
    ok, new = PasswordHasher(CHEAPEST).verify_and_update(password_of(1), people.stored()[1])
    assert ok
    assert new is not None
    assert new.startswith("$argon2id$")


def test_nothing_of_the_old_digests_is_left_in_the_file(people: Users) -> None:
    rows = mixed_rows(40)
    people.fill(rows)
    with people.desk() as desk:
        desk.prove()
        desk.migration(batch=7).run()
    contents = Path(people.url.removeprefix("sqlite:///")).read_bytes()
    assert not [row for row in rows if row["password"].rpartition("$")[2].encode() in contents]


def test_garbage_is_counted_and_left(people: Users) -> None:
    people.fill(mixed_rows(6) + [{"id": at, "password": one, "salt": "s"} for at, one in GARBAGE.items()])
    people.fill(
        [{"id": 108, "password": None}, {"id": 109, "password": "!unusable"}, {"id": 110, "password": md5("q")}]
    )
    with people.desk() as desk:
        desk.prove()
        result = desk.migration(batch=3).run()
    after = people.stored()
    assert {at: after[at] for at in GARBAGE} == GARBAGE
    assert after[108] is None
    assert after[110] == md5("q")  # its salt is NULL
    assert result.wrapped.total() == 6
    assert result.left["hex-32"] == 1
    assert result.left["hex-32-mixed-case"] == 1
    assert result.left["hex-wrong-length"] == 1
    assert result.left["argon2id of absurd parameters"] == 1
    assert result.left.total() == 10 + 6  # the six are read again in the last round, and found wrapped


def test_an_unproved_scheme_is_refused_before_anything_is_written(people: Users) -> None:
    people.fill(mixed_rows(6))
    before = people.stored()
    with people.desk() as desk, pytest.raises(SchemeNotProved, match="forum"):
        desk.migration().run()
    assert people.stored() == before


def test_a_password_that_refutes_a_scheme_takes_its_proof_away(people: Users) -> None:
    people.fill(mixed_rows(6))
    with people.desk() as desk:
        desk.prove(1)
        refuted = prove(desk.database, desk.table, desk.sorter, desk.hasher, [KnownRow((2,), "not it")])
        assert refuted.refuted == {0: "forum"}
        with pytest.raises(SchemeNotProved):
            desk.migration().run()


def test_a_second_migration_finds_nothing_to_do(people: Users) -> None:
    people.fill(mixed_rows(10))
    with people.desk() as desk:
        desk.prove()
        desk.migration().run()
        before = people.stored()
        again = desk.migration().run()
    assert again.wrapped == Counter()
    assert again.rounds == 1
    assert people.stored() == before


def test_threads_and_batches_do_not_change_the_outcome(people: Users) -> None:
    people.fill(mixed_rows(50))
    seen: list[Progress] = []
    with people.desk() as desk:
        desk.prove()
        result = desk.migration(batch=7, threads=3, on_progress=seen.append).run()
    assert all_verify(people.stored())
    assert result.wrapped.total() == 50
    assert [one.rows for one in seen if one.round == 1] == [7, 14, 21, 28, 35, 42, 49, 50]
    assert {one.total for one in seen} == {50}
    assert seen[-1].seconds_left == 0
    assert seen[-1].wrapped == 50


def test_rows_that_come_in_behind_the_position_are_found_in_the_next_round(people: Users) -> None:
    people.fill([forum_row(number) for number in range(10, 20)])
    added = [False]

    def add(progress: Progress) -> None:
        if not added[0]:
            added[0] = True
            people.fill([django_row(3)])

    with people.desk() as desk:
        desk.prove(11)
        result = desk.migration(batch=4, on_progress=add).run()
    assert all_verify(people.stored())
    assert result.rounds == 3


@pytest.mark.parametrize("options", [{"batch": 0}, {"threads": 0}])
def test_numbers_below_one_are_refused(people: Users, options: dict[str, int]) -> None:
    people.fill([])
    with people.desk() as desk, pytest.raises(ConfigurationError):
        desk.migration(**options)


def test_bytes_that_are_no_text_are_counted_and_left(people: Users) -> None:
    people.fill(mixed_rows(4))
    with people.connect() as connection:
        connection.execute(text("INSERT INTO users (id, password) VALUES (9, CAST(X'C3284D4435' AS TEXT))"))
    with people.desk() as desk:
        desk.prove()
        result = desk.migration().run()
    assert result.wrapped.total() == 4
    assert result.left["unknown"] == 1


def test_djangos_own_table_is_refused_before_anything_is_written(people: Users) -> None:
    people.fill(mixed_rows(3))
    with people.connect() as connection:
        connection.execute(text("ALTER TABLE users RENAME TO auth_user"))
        connection.execute(text("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY)"))
    with Database(people.url) as database:
        table = PasswordTable(database, PasswordColumn("auth_user", "password", others=("salt",)))
        with pytest.raises(PasswordTableError, match="Django's own table") as refused:
            Migration(database, table, Sorter([]), PasswordHasher(CHEAPEST)).run()
    assert "WrapPasswords" in str(refused.value)
    with people.connect() as connection:
        stored = [row.password for row in connection.execute(text("SELECT password FROM auth_user"))]
        names = [
            row.name for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        ]
    assert not [one for one in stored if one.startswith("$fvw1$")]
    assert sorted(names) == ["auth_user", "django_migrations"]
