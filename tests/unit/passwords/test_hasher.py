"""Hash, verify, update; what a row costs; what a row that cannot be verified does."""

from __future__ import annotations

import hashlib

import argon2
import pytest

from fieldvault.errors import (
    ConfigurationError,
    HashParametersRefused,
    PasswordRefused,
    PasswordTooLong,
    SchemeUnknown,
    StoredHashMalformed,
)
from fieldvault.passwords import (
    CHEAPEST,
    DJANGO_MD5,
    OWASP_MINIMUM,
    PHPASS,
    RFC_9106_HIGH_MEMORY,
    RFC_9106_LOW_MEMORY,
    Argon2Profile,
    Expression,
    HashingLimits,
    Nfc,
    PasswordHasher,
)

STRONGER = Argon2Profile(memory_kib=64, passes=3, lanes=1)
MD5 = Expression("md5(password)")
SECRET_MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"
Spent = list[tuple[int, int, int]]


def work(spent: Spent) -> int:
    return sum(memory * passes for memory, passes, _ in spent)


def test_a_hash_is_a_phc_string_that_argon2_cffi_verifies_too() -> None:
    stored = PasswordHasher(OWASP_MINIMUM).hash("secret")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert argon2.PasswordHasher().verify(stored, "secret")


def test_what_argon2_cffi_hashed_is_verified(hasher: PasswordHasher) -> None:
    stored = argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=2).hash("pässword")
    assert hasher.verify("pässword", stored)
    assert not hasher.verify("password", stored)


def test_the_default_is_the_second_recommendation_of_rfc_9106() -> None:
    assert PasswordHasher().profile == RFC_9106_LOW_MEMORY
    assert (RFC_9106_LOW_MEMORY.memory_kib, RFC_9106_LOW_MEMORY.passes, RFC_9106_LOW_MEMORY.lanes) == (65536, 3, 4)


def test_two_hashes_of_a_password_differ(hasher: PasswordHasher) -> None:
    assert hasher.hash("secret") != hasher.hash("secret")


def test_bytes_are_utf_8(hasher: PasswordHasher) -> None:
    assert hasher.verify("pässword".encode(), hasher.hash("pässword"))
    with pytest.raises(PasswordRefused):
        hasher.hash("pässword".encode("latin-1"))


def test_a_stored_string_may_come_as_bytes(hasher: PasswordHasher) -> None:
    assert hasher.verify("secret", hasher.hash("secret").encode())
    assert hasher.verify("secret", hasher.wrap(SECRET_MD5, MD5).encode())


@pytest.mark.parametrize("password", ["a\ud800", "\udfff", 5, None])
def test_what_is_not_text_is_refused(hasher: PasswordHasher, password: str) -> None:
    with pytest.raises(PasswordRefused):
        hasher.hash(password)


# --- updates -----------------------------------------------------------------------------------


def test_a_current_hash_is_not_replaced(hasher: PasswordHasher) -> None:
    stored = hasher.hash("secret")
    assert hasher.verify_and_update("secret", stored) == (True, None)
    assert hasher.verify_and_update("wrong", stored) == (False, None)
    assert not hasher.needs_rehash(stored)


@pytest.mark.parametrize(
    "other",
    [
        Argon2Profile(16, 1, 1),
        Argon2Profile(8, 2, 1),
        Argon2Profile(16, 1, 2),
        Argon2Profile(8, 1, 1, salt_bytes=8),
        Argon2Profile(8, 1, 1, hash_bytes=16),
    ],
)
def test_other_parameters_are_replaced(hasher: PasswordHasher, other: Argon2Profile) -> None:
    stored = PasswordHasher(other).hash("secret")
    ok, new = hasher.verify_and_update("secret", stored)
    assert ok
    assert new is not None
    assert hasher.needs_rehash(stored)
    assert hasher.verify_and_update("secret", new) == (True, None)
    assert hasher.verify_and_update("wrong", stored) == (False, None)


def test_a_wrapped_row_becomes_plain_argon2id_at_the_next_login(hasher: PasswordHasher) -> None:
    wrapped = hasher.wrap(SECRET_MD5, MD5)
    assert SECRET_MD5 not in wrapped
    assert hasher.needs_rehash(wrapped)
    assert hasher.verify_and_update("wrong", wrapped) == (False, None)
    ok, new = hasher.verify_and_update("secret", wrapped)
    assert ok
    assert new is not None
    assert new.startswith("$argon2id$")
    assert not hasher.needs_rehash(new)


def test_the_digest_itself_is_not_the_password_of_a_wrapped_row(hasher: PasswordHasher) -> None:
    assert not hasher.verify(SECRET_MD5, hasher.wrap(SECRET_MD5, MD5))


def test_a_wrapped_row_is_never_wrapped_again(hasher: PasswordHasher) -> None:
    wrapped = hasher.wrap(SECRET_MD5, MD5)
    for scheme in (MD5, DJANGO_MD5, PHPASS, Expression("md5(password)", form="base64")):
        with pytest.raises(StoredHashMalformed):
            hasher.wrap(wrapped, scheme)


def test_wrap_many_returns_the_error_of_a_row_and_goes_on(hasher: PasswordHasher) -> None:
    rows = [(SECRET_MD5, None), (SECRET_MD5[:-1], None), (SECRET_MD5, None)]
    [first, second, third] = hasher.wrap_many(rows, MD5)
    assert isinstance(second, StoredHashMalformed)
    assert isinstance(first, str)
    assert isinstance(third, str)
    assert first != third
    assert hasher.wrap_many([], MD5) == []


def test_bare_legacy_rows_are_verified_only_where_declared(hasher: PasswordHasher) -> None:
    salted = Expression("md5(password+salt)")
    declared = PasswordHasher(CHEAPEST, schemes=[DJANGO_MD5, salted])
    stored = "7d5bbff3a2c5b2c6e2f8e3d2e0b8a0ad"
    legacy = "md5$x$" + hashlib.md5(b"xsecret").hexdigest()
    with pytest.raises(SchemeUnknown):
        hasher.verify("secret", legacy)
    ok, new = declared.verify_and_update("secret", legacy)
    assert ok
    assert new is not None
    assert new.startswith("$argon2id$")
    assert not declared.verify("wrong", legacy)
    assert not declared.verify("secret", stored, salt="abc")
    assert declared.needs_rehash(stored)
    with pytest.raises(SchemeUnknown):
        declared.verify("secret", stored)


# --- Unicode -----------------------------------------------------------------------------------


def test_as_given_two_spellings_are_two_passwords(hasher: PasswordHasher) -> None:
    assert not hasher.verify("Zoe\u0308", hasher.hash("Zo\u00eb"))


def test_nfc_makes_two_spellings_one() -> None:
    hasher = PasswordHasher(CHEAPEST, text=Nfc())
    assert hasher.verify("Zoe\u0308", hasher.hash("Zo\u00eb"))
    assert hasher.verify("Zo\u00eb", hasher.hash("Zoe\u0308"))
    assert not hasher.verify("Zoe", hasher.hash("Zo\u00eb"))


def test_a_legacy_digest_takes_the_password_as_given_whatever_the_rule() -> None:
    hasher = PasswordHasher(CHEAPEST, text=Nfc())
    digest = hashlib.md5("Zoe\u0308".encode()).hexdigest()
    wrapped = hasher.wrap(digest, MD5)
    assert not hasher.verify("Zo\u00eb", wrapped)
    ok, new = hasher.verify_and_update("Zoe\u0308", wrapped)
    assert ok
    assert new is not None
    assert hasher.verify("Zo\u00eb", new)


# --- limits, before anything is hashed or allocated ----------------------------------------------


@pytest.mark.parametrize("password", ["x" * 10_000_000, b"x" * 10_000_000, "ä" * 2049, "x" * 4097])
def test_a_long_password_is_refused_before_hashing(hasher: PasswordHasher, spent: Spent, password: str) -> None:
    stored = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$" + "A" * 43
    for call in (
        lambda: hasher.hash(password),
        lambda: hasher.verify(password, stored),
        lambda: hasher.verify_and_update(password, stored),
        lambda: hasher.verify_unknown_user(password),
    ):
        with pytest.raises(PasswordTooLong) as refused:
            call()
        assert refused.value.limit == 4096
    assert spent == []


def test_the_longest_password(hasher: PasswordHasher) -> None:
    assert hasher.verify("ä" * 2048, hasher.hash("ä" * 2048))


@pytest.mark.parametrize(
    "parameters",
    ["m=2147483648,t=1,p=1", "m=4294967295,t=1,p=1", "m=8,t=4294967295,p=1", "m=8388608,t=1,p=1048576"],
)
def test_absurd_parameters_are_refused_before_argon2_sees_them(
    hasher: PasswordHasher, spent: Spent, parameters: str
) -> None:
    phc = f"$argon2id$v=19${parameters}$AAECAwQFBgcICQoLDA0ODw$" + "A" * 43
    for stored in (phc, "$fvw1$md5(password)$$" + phc):
        spent.clear()
        with pytest.raises(HashParametersRefused):
            hasher.needs_rehash(stored)
        with pytest.raises(HashParametersRefused):
            hasher.verify("secret", stored)
        assert spent == [(8, 1, 1)]  # of the hasher's own profile, so that the refusal takes as long as an answer


def test_absurd_inner_rounds_are_refused() -> None:
    hasher = PasswordHasher(CHEAPEST, schemes=[PHPASS])
    row = "$P$S12345678" + "a" * 21 + "."
    with pytest.raises(HashParametersRefused):
        hasher.verify("secret", row)
    with pytest.raises(HashParametersRefused):
        hasher.wrap(row, PHPASS)
    wrapped = PasswordHasher(CHEAPEST, limits=HashingLimits(inner_rounds=2**30)).wrap(row, PHPASS)
    with pytest.raises(HashParametersRefused):
        hasher.verify("secret", wrapped)
    sun = wrapped.replace("phpass$S12345678", "sun-md5$%24md5,rounds=4294967295%24x%24")
    with pytest.raises(HashParametersRefused):
        hasher.verify("secret", sun)


def test_a_profile_that_its_own_limits_refuse() -> None:
    with pytest.raises(ConfigurationError):
        PasswordHasher(RFC_9106_HIGH_MEMORY)
    assert PasswordHasher(RFC_9106_HIGH_MEMORY, limits=HashingLimits(memory_kib=2**21)).profile.memory_kib == 2**21


@pytest.mark.parametrize(
    "wrong", [{"memory_kib": 7}, {"passes": 0}, {"lanes": 0}, {"salt_bytes": 7}, {"hash_bytes": 4}]
)
def test_profiles_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        Argon2Profile(**({"memory_kib": 8, "passes": 1, "lanes": 1} | wrong))


# --- the same work for every answer --------------------------------------------------------------


def test_an_unknown_user_costs_what_a_known_one_costs(spent: Spent) -> None:
    hasher = PasswordHasher(STRONGER, schemes=[MD5])
    rows = {
        "current": hasher.hash("secret"),
        "wrapped": hasher.wrap(SECRET_MD5, MD5),
        "bare": SECRET_MD5,
        "weaker": PasswordHasher(Argon2Profile(32, 2, 1)).hash("secret"),
        "cheapest": PasswordHasher(CHEAPEST).hash("secret"),
        "not encodable": hasher.wrap(SECRET_MD5, Expression("md5(password)", encoding="latin-1")),
    }
    spent.clear()
    assert hasher.verify_unknown_user("wr\u20acng") is False
    unknown = work(spent)
    assert spent == [(64, 3, 1)]
    for name, row in rows.items():
        spent.clear()
        assert hasher.verify("wr\u20acng", row) is False
        assert abs(work(spent) - unknown) <= STRONGER.passes * 8 * STRONGER.lanes, name


@pytest.mark.parametrize("row", ["!unusable", "", "garbage", "$argon2id$garbage", "$fvw1$garbage", "$2b$12$abc"])
def test_a_row_that_cannot_be_verified_costs_the_same(spent: Spent, row: str) -> None:
    hasher = PasswordHasher(STRONGER)
    with pytest.raises((SchemeUnknown, StoredHashMalformed)):
        hasher.verify("secret", row)
    assert spent == [(64, 3, 1)]


def test_a_login_that_updates_costs_one_hash_more(spent: Spent) -> None:
    hasher = PasswordHasher(STRONGER)
    wrapped = hasher.wrap(SECRET_MD5, MD5)
    spent.clear()
    hasher.verify_and_update("secret", wrapped)
    assert spent == [(64, 3, 1), (64, 3, 1)]


def test_two_schemes_of_one_name_and_a_missing_site_key() -> None:
    with pytest.raises(ConfigurationError):
        PasswordHasher(CHEAPEST, schemes=[MD5, Expression("md5( password )")])
    with pytest.raises(ConfigurationError, match="site_key"):
        PasswordHasher(CHEAPEST, schemes=[Expression("md5(site_key + password)")])
