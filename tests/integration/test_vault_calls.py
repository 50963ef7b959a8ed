"""How often the Vault is asked, counted by the server itself in its audit log."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.openbao_server import OpenBao

from fieldvault import ExactIndex, Keyrings, PlainField, RecordCipher, Schema, SealedField
from fieldvault.kek.vault_transit import AppRoleAuth, VaultTransitKek
from fieldvault.keystore import SqlKeyStore
from fieldvault.normalise import TEXT

ROWS = 100_000
CUSTOMER = Schema(
    "customer",
    [PlainField("id", int), SealedField("name"), SealedField("code", index=ExactIndex(TEXT))],
    row_id="id",
)
MEMBER = Schema("member", [PlainField("id", int), SealedField("name")], row_id="id", subject="id")


class Application:
    """One process of an application: its own login, its own caches, the shared key store."""

    def __init__(self, server: OpenBao, key: str, store: SqlKeyStore) -> None:
        role = server.create_approle(server.least_privilege(key))
        auth = AppRoleAuth(role.role_id, role.secret_id)
        kek = VaultTransitKek(address=server.address, key=key, mount=server.mount, auth=auth)
        self._keyrings = Keyrings(kek, store)

    def cipher(self, schema: Schema) -> RecordCipher:
        return RecordCipher(schema, self._keyrings, tenant="acme")


@pytest.fixture
def key(openbao: OpenBao) -> str:
    return openbao.create_key()


def calls(server: OpenBao, key: str) -> tuple[int, int]:
    """Requests to encrypt (wrap) and to decrypt (unwrap) with this key so far."""
    return server.count(f"{server.mount}/encrypt/{key}"), server.count(f"{server.mount}/decrypt/{key}")


def test_a_hundred_thousand_rows_cost_one_call_a_data_key_when_cold_and_none_when_warm(
    openbao: OpenBao, key: str, tmp_path: Path
) -> None:
    rows = [{"id": number, "name": f"name {number}", "code": f"code {number}"} for number in range(ROWS)]
    with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
        store.create()
        first = Application(openbao, key, store).cipher(CUSTOMER)
        sealed = first.seal_many(rows)
        assert calls(openbao, key) == (2, 0), "a data key for the fields and one for the index, wrapped once each"
        assert first.open_many(sealed) == rows
        first.seal_many(rows[:10])
        first.index_values("code", "code 7")
        assert calls(openbao, key) == (2, 0), "warm"

        second = Application(openbao, key, store).cipher(CUSTOMER)
        assert second.open_many(sealed) == rows
        assert calls(openbao, key) == (2, 1), "cold: the one data key that the envelopes name"
        second.seal_many(rows)
        assert calls(openbao, key) == (2, 2), "and the one of the index"
        second.open_many(sealed)
        assert calls(openbao, key) == (2, 2), "warm"


def test_ten_thousand_subjects_cost_one_call(openbao: OpenBao, key: str, tmp_path: Path) -> None:
    rows = [{"id": number, "name": f"name {number}"} for number in range(10_000)]
    with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
        store.create()
        sealed = Application(openbao, key, store).cipher(MEMBER).seal_many(rows)
        assert calls(openbao, key) == (1, 0)
        assert Application(openbao, key, store).cipher(MEMBER).open_many(sealed) == rows
        assert calls(openbao, key) == (1, 1)


def test_keys_of_several_generations_are_unwrapped_in_one_call(openbao: OpenBao, key: str, tmp_path: Path) -> None:
    with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
        store.create()
        writer = Application(openbao, key, store).cipher(CUSTOMER)
        sealed = []
        for number in range(5):
            sealed.append(writer.seal({"id": number, "name": "n"}))
            writer.keyring.rotate()
        before = calls(openbao, key)[1]
        Application(openbao, key, store).cipher(CUSTOMER).open_many(sealed)
        assert calls(openbao, key)[1] == before + 1
