"""No frame of ours that an error leaves through holds a password or a stored string as a local."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from fieldvault.contrib.django.hashers import Argon2idHasher, SaltedMD5Hasher, WrappedHasher
from fieldvault.contrib.pwdlib import PwdlibHasher
from fieldvault.contrib.sqlalchemy import StoredPassword
from fieldvault.errors import FieldvaultError
from fieldvault.passwords import CHEAPEST, PasswordHasher

HASHER = PasswordHasher(CHEAPEST)
ENDLESS, STORED = "cesium-password" * 1000, "md5$cesium-salt$" + "0" * 32

CALLS: list[Callable[[], object]] = [
    lambda: StoredPassword(STORED, HASHER) == ENDLESS,
    lambda: StoredPassword(STORED, HASHER) == ENDLESS[:20],
    lambda: StoredPassword(STORED) == ENDLESS,
    lambda: StoredPassword(STORED, HASHER).verify(ENDLESS),
    lambda: PwdlibHasher(HASHER).hash(ENDLESS),
    lambda: PwdlibHasher(HASHER).verify(ENDLESS, STORED),
    lambda: SaltedMD5Hasher().verify(ENDLESS, STORED),
    lambda: SaltedMD5Hasher().encode(ENDLESS, "salt"),
    lambda: Argon2idHasher().encode(ENDLESS, "salt"),
    lambda: WrappedHasher().encode(ENDLESS, "salt"),
]


@pytest.mark.parametrize("call", CALLS)
def test_no_password_in_a_traceback_with_locals(call: Callable[[], object]) -> None:
    with pytest.raises(FieldvaultError) as caught:
        call()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert len(shown.stack) > 2
    assert "cesium" not in "".join(shown.format())
    assert caught.value.__context__ is None
