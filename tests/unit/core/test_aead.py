"""One key: what it seals it opens, and nothing else; and it is hard to lose by accident."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable

import pytest

from fieldvault.core.aead import AeadKey
from fieldvault.core.index import IndexKey
from fieldvault.errors import AuthenticationFailed, EnvelopeMalformed

KEY = AeadKey(bytes(range(32)), b"\xaa" * 16)


def test_the_layout_of_what_is_sealed() -> None:
    sealed = KEY.seal(b"plain", b"aad")
    assert sealed[:17] == b"\x01" + b"\xaa" * 16 == KEY.header
    assert len(sealed) == 45 + 5
    assert KEY.open(sealed, b"aad") == b"plain"


def test_any_change_of_the_aad_is_refused() -> None:
    sealed = KEY.seal(b"plain", b"aad")
    for aad in (b"", b"aa", b"aad\0", b"aae"):
        with pytest.raises(AuthenticationFailed) as raised:
            KEY.open(sealed, aad)
        assert raised.value.__cause__ is None


@pytest.mark.parametrize("length", range(46))
def test_what_is_too_short_is_not_tried(length: int) -> None:
    sealed = KEY.seal(b"p", b"")
    with pytest.raises(EnvelopeMalformed):
        KEY.open(sealed[:length], b"")


def test_two_seals_of_one_plaintext_differ() -> None:
    assert KEY.seal(b"plain", b"") != KEY.seal(b"plain", b"")


@pytest.mark.parametrize("key", [KEY, IndexKey(os.urandom(32), version=1, bits=128)])
@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_not_pickled_or_copied(key: object, duplicate: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="pickled or copied"):
        duplicate(key)


def test_a_key_shows_its_id_only() -> None:
    shown = repr(KEY) + str(KEY)
    assert shown == "<AeadKey " + "aa" * 16 + ">" + "<AeadKey " + "aa" * 16 + ">"
    index = IndexKey(KEY.header + bytes(15), version=9, bits=8)
    assert repr(index) == "<IndexKey version 9>"
