"""Several KEKs as one: the contract of any KEK, and no KEK asked that is not named."""

from __future__ import annotations

import pytest
from plugins.kek_contract import KekContract

from fieldvault import Keyrings, Scope
from fieldvault.errors import ConfigurationError, KeyWrapRefused, OpenError
from fieldvault.kek.several import SeveralKeks
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import KekDirectory, KekProvider
from fieldvault.testing import FakeKek

SCOPE = Scope("acme", "fields")


class TestContract(KekContract):
    @pytest.fixture
    def kek(self) -> KekProvider:
        return SeveralKeks(FakeKek(), FakeKek())

    @pytest.fixture
    def other_kek(self) -> KekProvider:
        return FakeKek()


def test_each_key_is_unwrapped_by_the_kek_that_it_names() -> None:
    old, new = FakeKek(), FakeKek()
    store = MemoryKeyStore()
    first = Keyrings(old, store).keyring(SCOPE).primary(uses=0)
    Keyrings(new, store).keyring(SCOPE).rotate()
    both = SeveralKeks(new, old)
    assert isinstance(both, KekDirectory)
    old.unwrap_calls = new.unwrap_calls = 0
    ids = [record.key_id for record in store.data_keys(SCOPE)]
    keys = Keyrings(both, store).keyring(SCOPE).keys(ids)
    assert not any(isinstance(one, OpenError) for one in keys.values())
    assert (old.unwrap_calls, new.unwrap_calls) == (1, 1)
    alone = Keyrings(new, store).keyring(SCOPE).keys(ids)
    assert isinstance(alone[first.key_id], KeyWrapRefused)


def test_new_keys_are_wrapped_by_the_first() -> None:
    old, new, store = FakeKek(), FakeKek(), MemoryKeyStore()
    Keyrings(SeveralKeks(old, new), store).keyring(SCOPE).primary(uses=0)
    assert [record.kek for record in store.data_keys(SCOPE)] == [old.name]


def test_the_same_kek_twice_is_a_mistake() -> None:
    kek = FakeKek()
    with pytest.raises(ConfigurationError):
        SeveralKeks(kek, kek)
