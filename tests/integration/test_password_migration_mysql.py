"""A migration of passwords on MySQL, whose collations and modes have ideas of their own."""

from __future__ import annotations

import pytest
from plugins.passwords_kit import Users, all_verify, md5, mixed_rows
from sqlalchemy import text

from fieldvault.password_migration import PasswordTableError
from fieldvault.password_migration.table import Row


@pytest.fixture
def people(mysql_database: str) -> Users:
    return Users(mysql_database)


def test_every_row_is_wrapped_and_a_change_of_case_is_a_change(people: Users) -> None:
    people.fill(mixed_rows(20))
    with people.desk() as desk:
        desk.prove()
        read = Row((1,), md5("x"), {})
        people.set(1, md5("x").upper())
        assert desk.database.write(lambda connection: desk.table.replace(connection, [(read, "new")])) == [False]
        people.set(1, mixed_rows(1)[0]["password"])
        assert desk.migration(batch=6, threads=2).run().wrapped.total() == 20
    assert all_verify(people.stored())


def test_a_narrow_column_is_refused_before_it_cuts_a_hash(people: Users) -> None:
    people.fill(mixed_rows(4))
    with people.connect() as connection:
        connection.execute(text("ALTER TABLE users MODIFY password VARCHAR(64)"))
    before = people.stored()
    with people.desk() as desk:
        desk.prove()
        with pytest.raises(PasswordTableError, match="MODIFY"):
            desk.migration().run()
    assert people.stored() == before
