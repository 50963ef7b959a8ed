"""Blind index values: prefix, truncation to bits, versions (spec index-v1 §2, §3)."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from typing import Any

import pytest
from plugins.cores import Core

from fieldvault.core.context import Scope
from fieldvault.core.derive import derive_index_key, derive_key_id
from fieldvault.core.index import IndexKey
from fieldvault.errors import SchemaError

SECRET = os.urandom(32)


@pytest.mark.parametrize("bits", range(8, 257))
def test_a_value_is_its_version_and_the_first_bits_of_the_mac(core: Core, bits: int) -> None:
    [value] = core.index_many(IndexKey(SECRET, version=3, bits=bits), [b"ada"])
    mac = int.from_bytes(hmac.digest(SECRET, b"ada", hashlib.sha256), "big")
    size = -(-bits // 8)
    kept = mac >> (256 - bits) << (8 * size - bits)
    assert value == b"\x03" + kept.to_bytes(size, "big")


@pytest.mark.parametrize("bits", [-1, 0, 7, 257, 1024])
def test_bits_out_of_range_are_refused(bits: int) -> None:
    with pytest.raises(SchemaError, match="bits"):
        IndexKey(SECRET, version=1, bits=bits)


@pytest.mark.parametrize("version", [-1, 0, 256])
def test_versions_out_of_range_are_refused(version: int) -> None:
    with pytest.raises(SchemaError, match="version"):
        IndexKey(SECRET, version=version, bits=128)


@pytest.mark.parametrize("version", [1, 255])
def test_the_version_is_in_front(core: Core, version: int) -> None:
    assert core.index_many(IndexKey(SECRET, version=version, bits=128), [b"x"])[0][0] == version


def test_values_are_in_order_and_equal_for_equal_input(core: Core) -> None:
    values = core.index_many(IndexKey(SECRET, version=1, bits=11), [b"a", b"b", b"a", b""])
    assert values[0] == values[2]
    assert len(set(values)) == 3
    assert {len(value) for value in values} == {3}


def test_everything_that_names_an_index_is_part_of_its_key() -> None:
    names: dict[str, Any] = {
        "schema": "s", "field": "f", "index": "i", "normaliser": "text@1", "bits": 128, "version": 1
    }  # fmt: skip
    changes: dict[str, Any] = {
        "schema": "t", "field": "g", "index": "j", "normaliser": "text@2", "bits": 136, "version": 2
    }  # fmt: skip
    keys = [derive_index_key(SECRET, **names)]
    keys += [derive_index_key(SECRET, **(names | {name: changes[name]})) for name in names]
    keys += [derive_index_key(SECRET, **(names | {"schema": a, "field": b})) for a, b in (("sf", "x"), ("s", "fx"))]
    keys.append(derive_index_key(os.urandom(32), **names))
    assert len(set(keys)) == len(keys)


def test_a_key_id_commits_to_key_scope_and_subject() -> None:
    scopes = [Scope("acme", "fields"), Scope("acme", "index"), Scope("evil", "fields"), Scope(None, "fields")]
    subjects = [None, "p1", "p2"]
    ids = {derive_key_id(SECRET, scope, subject) for scope, subject in itertools.product(scopes, subjects)}
    ids.add(derive_key_id(bytes(32), scopes[0]))
    assert len(ids) == 13
    assert {len(one) for one in ids} == {16}
