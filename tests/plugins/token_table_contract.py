"""What every token table keeps (`fieldvault.pseudonyms.table_port`). Derive a class with the fixture `table`."""

from __future__ import annotations

from datetime import UTC, datetime

from plugins.keystore_kit import in_threads

from fieldvault.pseudonyms import SealingKeyRecord, TokenRecord, TokenTable
from fieldvault.pseudonyms.place import DomainPlace

HERE, THERE = DomainPlace("acme", "research"), DomainPlace("acme", "ads")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def record(number: int, lookup: int | None = None) -> TokenRecord:
    found = None if lookup is None else lookup.to_bytes(32, "big")
    return TokenRecord(number.to_bytes(16, "big"), "email", 1, found, b"sealed %d" % number, None, NOW)


class TokenTableContract:
    def test_creating_twice_is_once(self, table: TokenTable) -> None:
        table.add(HERE, [record(1, 1)])
        table.create()
        assert table.records(HERE, [record(1).token])

    def test_rows_come_back_as_they_were(self, table: TokenTable) -> None:
        rows = [record(1, 1), record(2), TokenRecord(b"\xff" * 16, "نام", 255, b"\0" * 32, b"", b"k" * 16, NOW)]
        table.add(HERE, rows)
        assert table.records(HERE, [row.token for row in rows]) == {row.token: row for row in rows}
        assert table.records(HERE, []) == {}
        table.add(HERE, [])

    def test_a_domain_sees_its_own_rows_only(self, table: TokenTable) -> None:
        places = [HERE, THERE, DomainPlace(None, "research"), DomainPlace("Acme", "research")]
        for number, place in enumerate(places):
            table.add(place, [record(number, 7)])
        for number, place in enumerate(places):
            own = record(number, 7)
            assert table.tokens_of(place, [own.lookup or b""]) == {own.lookup: own.token}
            assert list(table.records(place, [record(one).token for one in range(4)])) == [own.token]
        assert table.erase(HERE) == 1
        assert [len(table.tokens_of(place, [record(0, 7).lookup or b""])) for place in places] == [0, 1, 1, 1]

    def test_the_first_row_of_a_look_up_index_stays(self, table: TokenTable) -> None:
        table.add(HERE, [record(1, 7)])
        table.add(HERE, [record(2, 7), record(3, 8)])
        assert table.tokens_of(HERE, [record(0, 7).lookup or b"", record(0, 8).lookup or b""]) == {
            record(0, 7).lookup: record(1).token,
            record(0, 8).lookup: record(3).token,
        }
        assert table.records(HERE, [record(2).token]) == {}

    def test_rows_without_a_look_up_index_are_many(self, table: TokenTable) -> None:
        table.add(HERE, [record(number) for number in range(5)])
        assert table.erase(HERE) == 5

    def test_more_rows_than_a_statement_takes(self, table: TokenTable) -> None:
        rows = [record(number, number) for number in range(2500)]
        table.add(HERE, rows)
        assert len(table.tokens_of(HERE, [row.lookup or b"" for row in rows])) == 2500
        assert len(table.records(HERE, [row.token for row in rows])) == 2500

    def test_sealing_keys(self, table: TokenTable) -> None:
        key = SealingKeyRecord(b"i" * 16, "vault-transit:transit/reveal", b"wrapped", NOW)
        table.add_sealing_key(HERE, key)
        assert table.sealing_keys(HERE, [b"i" * 16, b"j" * 16]) == {b"i" * 16: key}
        assert table.sealing_keys(THERE, [b"i" * 16]) == {}
        table.erase(HERE)
        assert table.sealing_keys(HERE, [b"i" * 16]) == {}

    def test_writers_of_the_same_values_at_once_agree(self, table: TokenTable) -> None:
        lookups = [record(0, number).lookup or b"" for number in range(200)]

        def write(writer: int) -> dict[bytes, bytes]:
            order = range(200) if writer % 2 else reversed(range(200))
            table.add(HERE, [record(1000 * writer + number, number) for number in order])
            return table.tokens_of(HERE, lookups)

        seen = in_threads(write, 8)
        assert all(len(one) == 200 for one in seen)
        assert all(one == seen[0] for one in seen)
        assert table.erase(HERE) == 200
