"""One key: what it seals it opens, and nothing else; and it is hard to lose by accident."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable

import pytest
from plugins.cores import Core

from fieldvault.core.aead import AeadKey
from fieldvault.core.index import IndexKey
from fieldvault.errors import AuthenticationFailed, EnvelopeMalformed

KEY_ID = b"\xaa" * 16


@pytest.fixture
def key(core: Core) -> AeadKey:
    return core.key(bytes(range(32)), KEY_ID)


def test_the_layout_of_what_is_sealed(key: AeadKey) -> None:
    sealed = key.seal(b"plain", b"aad")
    assert sealed[:17] == b"\x01" + b"\xaa" * 16 == key.header
    assert len(sealed) == 45 + 5
    assert key.open(sealed, b"aad") == b"plain"


def test_any_change_of_the_aad_is_refused(key: AeadKey) -> None:
    sealed = key.seal(b"plain", b"aad")
    for aad in (b"", b"aa", b"aad\0", b"aae"):
        with pytest.raises(AuthenticationFailed) as raised:
            key.open(sealed, aad)
        assert raised.value.__cause__ is None


@pytest.mark.parametrize("length", range(46))
def test_what_is_too_short_is_not_tried(key: AeadKey, length: int) -> None:
    sealed = key.seal(b"p", b"")
    with pytest.raises(EnvelopeMalformed):
        key.open(sealed[:length], b"")


def test_two_seals_of_one_plaintext_differ(key: AeadKey) -> None:
    assert key.seal(b"plain", b"") != key.seal(b"plain", b"")


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_not_pickled_or_copied(key: AeadKey, duplicate: Callable[[object], object]) -> None:
    for one in (key, IndexKey(os.urandom(32), version=1, bits=128)):
        with pytest.raises(TypeError, match="pickled or copied"):
            duplicate(one)


def test_a_key_shows_its_id_only(key: AeadKey) -> None:
    shown = repr(key) + str(key)
    assert shown == "<AeadKey " + "aa" * 16 + ">" + "<AeadKey " + "aa" * 16 + ">"
    index = IndexKey(key.header + bytes(15), version=9, bits=8)
    assert repr(index) == "<IndexKey version 9>"
