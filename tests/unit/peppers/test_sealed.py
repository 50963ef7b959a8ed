"""SealedPhc: the stored string under a data key that rotates without logins."""

from __future__ import annotations

import pytest
from plugins.secrecy import found_in, shown_by

from fieldvault.core.context import Scope
from fieldvault.errors import ConfigurationError, KekUnavailable, KeyNotFound, OpenError, SchemeUnknown
from fieldvault.keyring.keyring import Keyring
from fieldvault.passwords import CHEAPEST, Expression, PasswordHasher, identify
from fieldvault.peppers import SealedPhc
from fieldvault.testing import FakeKek, memory_keyrings

MD5 = Expression("md5(password)")
SECRET_MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"


@pytest.fixture
def keyring() -> Keyring:
    return memory_keyrings().keyring(Scope(None, "passwords"))


@pytest.fixture
def hasher(keyring: Keyring) -> PasswordHasher:
    return PasswordHasher(CHEAPEST, sealer=SealedPhc(keyring, schema="users"))


def test_nothing_of_argon2_is_to_be_seen(hasher: PasswordHasher) -> None:
    for stored in (hasher.hash("secret"), hasher.wrap(SECRET_MD5, MD5)):
        assert stored.startswith("fv1.")
        assert "argon2" not in stored
        assert identify(stored).kind == "sealed"
        assert hasher.verify("secret", stored)
        assert not hasher.verify("wrong", stored)


def test_a_login_replaces_a_wrapped_row_by_a_sealed_hash(hasher: PasswordHasher) -> None:
    ok, new = hasher.verify_and_update("secret", hasher.wrap(SECRET_MD5, MD5))
    assert ok
    assert new is not None
    assert hasher.verify_and_update("secret", new) == (True, None)


def test_rows_from_before_are_sealed_at_the_next_login_or_without_one(hasher: PasswordHasher) -> None:
    plain = PasswordHasher(CHEAPEST).hash("secret")
    assert hasher.needs_rehash(plain)
    resealed = hasher.reseal(plain)
    assert resealed is not None
    assert hasher.verify_and_update("secret", resealed) == (True, None)
    assert hasher.verify_and_update("secret", plain)[0]


def test_the_key_rotates_without_a_password(hasher: PasswordHasher, keyring: Keyring) -> None:
    stored = hasher.hash("secret")
    assert hasher.reseal(stored) is None
    keyring.rotate()
    assert hasher.needs_rehash(stored)
    resealed = hasher.reseal(stored)
    assert resealed is not None
    assert hasher.reseal(resealed) is None
    assert hasher.verify("secret", resealed)
    keyring.destroy(keyring.usable_keys()[-1].key_id)
    with pytest.raises(KeyNotFound):
        hasher.verify("secret", stored)
    assert hasher.verify("secret", resealed)


def test_altered_or_of_another_column(hasher: PasswordHasher, keyring: Keyring) -> None:
    stored = hasher.hash("secret")
    other = PasswordHasher(CHEAPEST, sealer=SealedPhc(keyring, schema="users", field="pin"))
    spoilt = [stored[:-1], stored[:-2] + ("AA" if stored[-2:] != "AA" else "BB"), "fv1.", "fv1." + "A" * 90]
    for row in spoilt:
        with pytest.raises(OpenError) as refused:
            hasher.verify("correct-horse", row)
        assert found_in(shown_by(refused.value), ["correct-horse"]) == []
    with pytest.raises(OpenError):
        other.verify("secret", stored)


def test_without_the_sealer_nothing_is_verified(hasher: PasswordHasher) -> None:
    plain = PasswordHasher(CHEAPEST)
    with pytest.raises(SchemeUnknown):
        plain.verify("secret", hasher.hash("secret"))
    with pytest.raises(ConfigurationError):
        plain.reseal("x")


def test_an_outage_with_a_cold_cache_fails_closed() -> None:
    kek = FakeKek()
    keyrings = memory_keyrings(kek=kek)
    stored = PasswordHasher(CHEAPEST, sealer=SealedPhc(keyrings.keyring(Scope(None, "passwords")), schema="users"))
    row = stored.hash("secret")
    kek.fail_with(KekUnavailable("down"))
    cold = memory_keyrings(kek=kek, store=keyrings.store).keyring(Scope(None, "passwords"))
    hasher = PasswordHasher(CHEAPEST, sealer=SealedPhc(cold, schema="users"))
    for call in (lambda: hasher.verify("secret", row), lambda: hasher.hash("secret")):
        with pytest.raises(KekUnavailable):
            call()
