"""Rewrapping, the epoch and moving, at the real server: its versions, its policies, how often it is asked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, customer, person
from plugins.keystore_kit import MOMENT
from plugins.openbao_server import OpenBao, Refused

from fieldvault import Keyrings, RecordCipher, Scope
from fieldvault.core.derive import derive_key_id
from fieldvault.errors import (
    FieldvaultError,
    KekDenied,
    KekMisconfigured,
    KeyDestroyed,
    KeyWrapRefused,
)
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey
from fieldvault.kek.several import SeveralKeks
from fieldvault.kek.vault_transit import AppRoleAuth, RetryPolicy, TokenAuth, VaultTransitKek
from fieldvault.keyring import KeyringPolicy
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import DataKeyRecord, KekProvider, KeyState
from fieldvault.rotation.keys import KeyOperations
from fieldvault.rotation.metrics import CountingMetrics

Rotator = Callable[..., VaultTransitKek]


def rotator_rules(server: OpenBao, key: str) -> list[tuple[str, str]]:
    """What the guide grants to the role that rotates."""
    keys = f"{server.mount}/keys/{key}"
    return [
        (f"{server.mount}/encrypt/{key}", "update"),
        (f"{server.mount}/decrypt/{key}", "update"),
        (f"{server.mount}/rewrap/{key}", "update"),
        (keys, "read"),
        (f"{keys}/rotate", "update"),
        (f"{keys}/config", "update"),
        (f"{keys}/trim", "update"),
    ]


@pytest.fixture
def rotator(openbao: OpenBao) -> Rotator:
    """The KEK `key` for a role that may rotate it, less what `without` names."""

    def make(key: str, *without: str) -> VaultTransitKek:
        rules = [rule for rule in rotator_rules(openbao, key) if not rule[0].endswith(without or ("\0",))]
        role = openbao.create_approle(openbao.write_policy(f"rotator-{key}", *rules))
        auth = AppRoleAuth(role.role_id, role.secret_id)
        retry = RetryPolicy(base=0.01, budget=20)
        return VaultTransitKek(address=openbao.address, key=key, mount=openbao.mount, auth=auth, retry=retry)

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlKeyStore]:
    with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
        store.create()
        yield store


class Shop:
    """Rows sealed at the start, and processes that open them later."""

    def __init__(self, kek: KekProvider, store: SqlKeyStore) -> None:
        process = self.keyrings(kek, store)
        self.rows = RecordCipher(CUSTOMERS, process, tenant="acme").seal_many([customer(n) for n in range(3)])
        self.people = RecordCipher(PEOPLE, process, tenant="acme").seal_many([person(n) for n in range(3)])

    def keyrings(self, kek: KekProvider, store: SqlKeyStore) -> Keyrings:
        return Keyrings(kek, store, policy=KeyringPolicy(cache_seconds=0.01))

    def opened(self, kek: KekProvider, store: SqlKeyStore) -> set[str]:
        """What happens to each row: `open`, or the error's class."""
        process = self.keyrings(kek, store)
        outcomes = set()
        for schema, rows in ((CUSTOMERS, self.rows), (PEOPLE, self.people)):
            result = RecordCipher(schema, process, tenant="acme").open_many_partially(rows)
            outcomes |= {type(one).__name__ for one in result.failures.values()}
            outcomes |= {"open" for _ in result.good()}
        return outcomes

    def operations(self, kek: KekProvider, store: SqlKeyStore, **changes: object) -> KeyOperations:
        return KeyOperations(self.keyrings(kek, store), slowest_write=0, **changes)  # type: ignore[arg-type]


Restored = Callable[[str], SqlKeyStore]


def sealed_once(kek: VaultTransitKek, store: SqlKeyStore, scopes: int) -> None:
    """A data key for each of many tenants, wrapped in bulk."""
    keys = [number.to_bytes(32, "big") for number in range(scopes)]
    for key, wrapped in zip(keys, kek.wrap(keys), strict=True):
        scope = Scope(f"tenant {key.hex().lstrip('0')}", "fields")
        key_id = derive_key_id(key, scope)
        store.add_primary(
            DataKeyRecord(key_id, scope, 1, KeyState.ACTIVE, kek.name, wrapped, MOMENT), replaces=None
        )


def test_five_thousand_keys_cost_one_request_for_160(
    openbao: OpenBao, key: str, rotator: Rotator, store: SqlKeyStore
) -> None:
    kek, metrics = rotator(key), CountingMetrics()
    sealed_once(kek, store, 5000)
    paths = [f"{openbao.mount}/{operation}/{key}" for operation in ("rewrap", "decrypt", "encrypt")]
    before = [openbao.count(path) for path in paths]
    result = KeyOperations(Keyrings(kek, store), metrics=metrics).rewrap(rotate_kek=True)
    assert (result.done, result.refused) == (5000, {})
    assert [openbao.count(path) - one for path, one in zip(paths, before, strict=True)] == [32, 32, 0]
    assert metrics.counts["fieldvault.kek.calls"] == 64
    assert {kek.version_of(one.wrapped or b"") for one in store.data_keys_after(None, 6000)} == {2}


def test_rotate_rewrap_epoch_and_everything_opens(
    key: str, kek: VaultTransitKek, rotator: Rotator, store: SqlKeyStore
) -> None:
    shop, may = Shop(kek, store), rotator(key)
    result = shop.operations(may, store).rotate("acme", min_age=0)
    assert len(result.scopes) == 2
    assert shop.operations(may, store).rewrap(rotate_kek=True).done == 5
    assert shop.operations(may, store).begin_epoch().closed == 1
    versions = may.versions()
    assert (versions.newest, versions.oldest_opened, versions.oldest_kept) == (2, 2, 2)
    assert shop.opened(kek, store) == {"open"}
    assert shop.operations(may, store).begin_epoch(rotate_kek=True).closed == 2
    assert shop.opened(kek, store) == {"open"}


@pytest.mark.parametrize(
    ("without", "call"),
    [
        ("/rotate", lambda operations: operations.rewrap(rotate_kek=True)),
        ("/config", lambda operations: operations.begin_epoch()),
        ("/trim", lambda operations: operations.begin_epoch()),
    ],
)
def test_a_right_that_is_missing_is_named(
    openbao: OpenBao,
    key: str,
    kek: VaultTransitKek,
    rotator: Rotator,
    store: SqlKeyStore,
    without: str,
    call: Callable[[KeyOperations], object],
) -> None:
    shop = Shop(kek, store)
    openbao.api("POST", f"{openbao.mount}/keys/{key}/rotate")
    with pytest.raises(KekDenied) as denied:
        call(shop.operations(rotator(key, without), store))
    assert f"`update` on {openbao.mount}/keys/{key}{without}" in (denied.value.hint or "")
    assert shop.opened(kek, store) == {"open"}


def test_an_application_may_not_rewrap(key: str, kek: VaultTransitKek, store: SqlKeyStore) -> None:
    shop = Shop(kek, store)
    with pytest.raises(KekDenied, match="permission denied") as denied:
        shop.operations(kek, store).rewrap()
    assert f"keys/{key}" in (denied.value.hint or "")
    with pytest.raises(KekDenied) as denied:
        kek.rewrap([one.wrapped or b"" for one in store.data_keys_after(None, 9)])
    assert f"rewrap/{key}" in (denied.value.hint or "")


def test_what_the_server_refuses_item_by_item(
    openbao: OpenBao, kek: VaultTransitKek, key: str, rotator: Rotator
) -> None:
    may, other = rotator(key), rotator(openbao.create_key())
    good, foreign = may.wrap([bytes(32)])[0], other.wrap([bytes(32)])[0]
    found = may.rewrap([good, b"torn", foreign, good[:-1] + b"!"])
    assert [isinstance(one, KeyWrapRefused) for one in found] == [False, True, True, True]
    assert may.unwrap([found[0]]) == [bytes(32)]  # type: ignore[list-item]


def test_a_missing_key_and_versions_that_were_trimmed(openbao: OpenBao, rotator: Rotator, key: str) -> None:
    missing = rotator("no-such-key")
    for call in (missing.versions, missing.rotate, lambda: missing.rewrap([b"vault:v1:" + b"A" * 80])):
        with pytest.raises(KekMisconfigured, match="does not exist"):
            call()
    kek = rotator(key)
    kek.rotate()
    kek.open_from(2)
    kek.trim_below(2)
    kek.trim_below(2)  # an answer that was lost is asked for again
    with pytest.raises(KekMisconfigured, match="refused to config"):
        kek.open_from(1)
    with pytest.raises(Refused):
        openbao.api("POST", f"{openbao.mount}/keys/{key}/config", {"min_decryption_version": 1})


def test_from_a_local_kek_to_the_server_and_from_key_to_key(
    openbao: OpenBao,
    key: str,
    rotator: Rotator,
    store: SqlKeyStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCAL", "A" * 43)
    with pytest.warns(UserWarning, match="development"):
        local = LocalKek.create(tmp_path / "kek", ProtectionKey(Environment("LOCAL")))
    first, second = rotator(key), rotator(openbao.create_key())
    shop = Shop(local, store)
    for old, new in ((local, first), (first, second)):
        both = SeveralKeks(old, new)
        assert shop.opened(both, store) == {"open"}
        assert shop.operations(both, store).move(new).done == 3
        assert shop.opened(both, store) == shop.opened(new, store) == {"open"}
        assert shop.opened(old, store) == {"KeyWrapRefused"}
        assert shop.operations(both, store).move(new).already == 3


# --- Backups of the key store (docs/guide/backups.md) ---------------------------------------------


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[Callable[[str], SqlKeyStore]]:
    """`restored("before")` is a key store from the backup of that name."""
    opened: list[SqlKeyStore] = []

    def open_(name: str) -> SqlKeyStore:
        opened.append(SqlKeyStore(f"sqlite:///{tmp_path}/{name}.db"))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def save(tmp_path: Path, name: str) -> None:
    shutil.copy(tmp_path / "keys.db", tmp_path / f"{name}.db")


def test_what_a_backup_of_the_key_store_opens_after_each_step(
    key: str,
    kek: VaultTransitKek,
    rotator: Rotator,
    store: SqlKeyStore,
    tmp_path: Path,
    restored: Restored,
) -> None:
    shop, may = Shop(kek, store), rotator(key)
    save(tmp_path, "before")
    shop.operations(may, store).rotate("acme", min_age=0)
    save(tmp_path, "rotated")
    assert shop.opened(kek, restored("before")) == {"open"}
    later = RecordCipher(CUSTOMERS, shop.keyrings(kek, store), tenant="acme").seal(customer(9))
    lost = RecordCipher(CUSTOMERS, shop.keyrings(kek, restored("before")), tenant="acme").open_many_partially(
        [later]
    )
    assert [type(one).__name__ for one in lost.failures.values()] == ["KeyNotFound"]  # sealed under a newer key

    shop.operations(may, store).rewrap(rotate_kek=True)
    save(tmp_path, "rewrapped")
    assert shop.opened(kek, restored("before")) == shop.opened(kek, restored("rewrapped")) == {"open"}

    shop.operations(may, store).begin_epoch()
    save(tmp_path, "epoch")
    assert shop.opened(kek, restored("before")) == shop.opened(kek, restored("rotated")) == {"KeyWrapRefused"}
    assert shop.opened(kek, restored("rewrapped")) == shop.opened(kek, restored("epoch")) == {"open"}
    assert len(shop.operations(may, restored("before")).rewrap().refused) == 3  # nothing of it can be saved


def test_who_was_shredded_comes_back_with_an_old_backup_until_both_keys_are_gone(
    key: str,
    kek: VaultTransitKek,
    rotator: Rotator,
    store: SqlKeyStore,
    tmp_path: Path,
    restored: Restored,
) -> None:
    shop, may = Shop(kek, store), rotator(key)
    save(tmp_path, "before")
    operations = shop.operations(may, store)
    operations.shred_subjects("acme", ["people:p1"], reason="art. 17")
    assert "KeyDestroyed" in shop.opened(kek, store)
    assert shop.opened(kek, restored("before")) == {"open"}  # the backup has the person's key still

    operations.rotate("acme", purposes=["subjects"], min_age=0)
    [old, _] = store.data_keys(Scope("acme", "subjects"))
    time.sleep(0.02)  # the keyring's cache_seconds
    operations.retire(old.key_id)
    assert shop.opened(kek, restored("before")) == {"open"}  # it has the wrapping key's row, too
    operations.begin_epoch(rotate_kek=True)
    assert shop.opened(kek, restored("before")) == {"KeyWrapRefused"}

    # The erased person's row alone does not even get back into the live store: there is a tombstone.
    backup = restored("before").subject_keys(Scope("acme", "fields"), ["people:p1"])
    with pytest.raises(FieldvaultError):
        store.add_subject_keys(list(backup.values()))
    assert shop.opened(kek, store) == {"open", KeyDestroyed.__name__}


def test_a_tenant_that_was_shredded_is_gone_from_backups_after_an_epoch(
    key: str,
    kek: VaultTransitKek,
    rotator: Rotator,
    store: SqlKeyStore,
    tmp_path: Path,
    restored: Restored,
) -> None:
    shop, may = Shop(kek, store), rotator(key)
    save(tmp_path, "before")
    shop.operations(may, store).shred_tenant("acme", reason="contract ended")
    assert shop.opened(kek, store) == {"KeyDestroyed"}
    assert shop.opened(kek, restored("before")) == {"open"}
    shop.operations(may, store).begin_epoch(rotate_kek=True)
    assert shop.opened(kek, restored("before")) == {"KeyWrapRefused"}


def test_a_fixed_token_is_enough_for_the_role_that_rotates(openbao: OpenBao, key: str, store: SqlKeyStore) -> None:
    policy = openbao.write_policy(f"rotator-{key}", *rotator_rules(openbao, key))
    token = openbao.create_token(policy)
    kek = VaultTransitKek(address=openbao.address, key=key, mount=openbao.mount, auth=TokenAuth(lambda: token))
    shop = Shop(kek, store)
    assert shop.operations(kek, store).rewrap(rotate_kek=True).done == 3
