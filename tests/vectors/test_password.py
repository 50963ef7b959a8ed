"""The library against password-v1.json."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import pytest

from fieldvault.errors import PasswordError
from fieldvault.passwords import CHEAPEST, PasswordHasher, Peppered, scheme_named
from vectors.typed import names, vectors

FILE = vectors("password-v1")
LEGACY = [case for case in FILE["positive"] if case["kind"] == "legacy"]


class KnownKey:
    """The pepper of the vectors. Its newest version is 12."""

    name = "main"

    def __init__(self, key: str) -> None:
        self.key = bytes.fromhex(key)

    def mac(self, messages: Sequence[bytes], *, version: int | None = None) -> Peppered:
        return Peppered(version or 12, [hmac.digest(self.key, message, hashlib.sha256) for message in messages])

    def newest_version(self) -> int:
        return 12


def hasher_for(case: dict[str, Any]) -> PasswordHasher:
    return PasswordHasher(CHEAPEST, pepper=KnownKey(case["pepper_key"]) if "pepper_key" in case else None)


@pytest.mark.parametrize("case", FILE["positive"], ids=names(FILE["positive"]))
def test_the_password_verifies_and_no_other_does(case: dict[str, Any]) -> None:
    hasher = hasher_for(case)
    assert hasher.verify(case["password"], case["stored"])
    assert not hasher.verify("x" + case["password"], case["stored"])


@pytest.mark.parametrize("case", LEGACY, ids=names(LEGACY))
def test_legacy_digests(case: dict[str, Any]) -> None:
    scheme = scheme_named(case["scheme"])
    assert scheme.digest(case["password"], bytes.fromhex(case["setting"])) == case["digest"]
    if case["legacy"] is not None:
        legacy = scheme.read(case["legacy"], case["salt"])
        assert (legacy.setting.hex(), legacy.digest) == (case["setting"], case["digest"])
        wrapped = PasswordHasher(CHEAPEST).wrap(case["legacy"], scheme, salt=case["salt"])
        assert wrapped.split("$argon2id")[0] == case["stored"].split("$argon2id")[0]


@pytest.mark.parametrize("case", FILE["negative"], ids=names(FILE["negative"]))
def test_strings_that_a_reader_must_refuse(case: dict[str, Any]) -> None:
    hasher = PasswordHasher(CHEAPEST)
    with pytest.raises(PasswordError):
        hasher.verify("secret", case["stored"])
