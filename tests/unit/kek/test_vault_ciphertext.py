"""A wrapped key has one spelling."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.errors import KeyWrapRefused, Stage
from fieldvault.kek.vault_transit.ciphertext import malformed, parse, version_of

PAYLOAD = base64.b64encode(bytes(range(60)))
GOOD = b"vault:v1:" + PAYLOAD


@pytest.mark.parametrize("version", [1, 2, 9, 10, 987654321])
def test_versions(version: int) -> None:
    assert version_of(b"vault:v%d:%b" % (version, PAYLOAD)) == version


@pytest.mark.parametrize(
    "wrapped",
    [
        b"",
        b"vault:v1:",
        b"vault:v0:" + PAYLOAD,
        b"vault:v01:" + PAYLOAD,
        b"vault:v-1:" + PAYLOAD,
        b"vault:v+1:" + PAYLOAD,
        b"vault:v1_0:" + PAYLOAD,
        b"vault:v1234567890:" + PAYLOAD,
        b"vault:v\xd9\xa1:" + PAYLOAD,  # ARABIC-INDIC DIGIT ONE
        b"vault:1:" + PAYLOAD,
        b"Vault:v1:" + PAYLOAD,
        b" " + GOOD,
        GOOD + b"\n",
        GOOD + b"=",
        GOOD[:-1],
        GOOD[:-1] + b"=",
        GOOD[:-1] + b"-",
        GOOD[:40] + b"\n" + GOOD[40:],
        GOOD + GOOD,
        b"vault:v1:" + base64.b64encode(bytes(59)),
        b"vault:v1:" + base64.b64encode(bytes(61)),
        b"vault:v1:" + base64.b64encode(bytes(44)),
    ],
)
def test_malformed(wrapped: bytes) -> None:
    with pytest.raises(KeyWrapRefused) as refused:
        version_of(wrapped)
    assert refused.value.stage is Stage.UNWRAP


@pytest.mark.parametrize("thing", [None, GOOD.decode(), bytearray(GOOD), memoryview(GOOD), 5, [GOOD]])
def test_only_bytes(thing: object) -> None:
    assert parse(thing) is None


@given(st.integers(0, 10**9), st.binary(min_size=60, max_size=60))
def test_what_is_taken_is_canonical(version: int, payload: bytes) -> None:
    wrapped = b"vault:v%d:%b" % (version, base64.b64encode(payload))
    assert parse(wrapped) == (version if 1 <= version < 10**9 else None)


@given(st.text(string.printable, max_size=120))
def test_what_is_taken_spells_itself_again(text: str) -> None:
    wrapped = text.encode()
    version = parse(wrapped)
    if version is not None:
        payload = base64.b64decode(wrapped.rpartition(b":")[2], validate=True)
        assert wrapped == b"vault:v%d:%b" % (version, base64.b64encode(payload))


def test_every_refusal_is_a_new_object() -> None:
    """A shared exception would collect tracebacks, and with them other callers' locals."""
    assert malformed() is not malformed()
