"""A scheme is proved on known passwords before anything is written."""

from __future__ import annotations

from hashlib import md5

import pytest

from fieldvault.errors import SchemeNotProved
from fieldvault.passwords import Expression, KnownPassword, prove

AFTER = Expression("md5(password + salt)")
BEFORE = Expression("md5(salt + password)")


def known(password: str, salt: str) -> KnownPassword:
    return KnownPassword(password, md5((password + salt).encode()).hexdigest(), salt)


def test_the_right_scheme_is_proved_and_the_wrong_one_is_not() -> None:
    rows = [known("a long päss word ", "x1"), known("secret", "")]
    proof = prove(AFTER, rows)
    assert (proof.holds, proof.tried, proof.failed, proof.untested) == (True, 2, (), ())
    assert proof.or_raise() is proof
    wrong = prove(BEFORE, rows)
    assert (wrong.holds, wrong.failed, wrong.malformed) == (False, (0,), ())
    with pytest.raises(SchemeNotProved) as refused:
        wrong.or_raise()
    assert refused.value.failed == (0,)


def test_a_row_that_is_not_of_the_shape_fails() -> None:
    proof = prove(AFTER, [known("secret", "x"), KnownPassword("secret", "5EBE2294", "x")])
    assert (proof.holds, proof.failed, proof.malformed) == (False, (1,), (1,))


def test_nothing_known_is_no_proof() -> None:
    proof = prove(AFTER, [])
    assert not proof.holds
    with pytest.raises(SchemeNotProved):
        proof.or_raise()


def test_what_the_known_passwords_leave_open_is_said() -> None:
    untested = " ".join(prove(BEFORE, [known("secret", "")]).untested)
    for doubt in ("encoding", "where the salt goes", "truncation", "trimming"):
        assert doubt in untested
