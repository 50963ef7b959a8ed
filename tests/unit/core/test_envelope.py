"""Envelope v1: where the bytes are, what is no envelope, and the one text form (spec envelope-v1 §2, §3, §6)."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode

import pytest

from fieldvault.core.envelope import (
    ENVELOPE_PREFIX,
    INDEX_PREFIX,
    MAX_PLAINTEXT_BYTES,
    OVERHEAD_BYTES,
    from_text,
    key_ids_in,
    parse,
    to_text,
)
from fieldvault.errors import EnvelopeMalformed, EnvelopeVersionRefused, Stage

KEY_ID = bytes(range(1, 17))
SEALED = b"\x01" + KEY_ID + os.urandom(12 + 5 + 16)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Sized(bytes):
    """Bytes that claim another length: two real gigabytes would prove no more."""

    claimed: int

    def __len__(self) -> int:
        return self.claimed


def sized(length: int) -> Sized:
    claims = Sized(SEALED)
    claims.claimed = length
    return claims


def test_what_an_envelope_says_to_anybody() -> None:
    envelope = parse(SEALED)
    assert (envelope.version, envelope.key_id, envelope.plaintext_length) == (1, KEY_ID, 5)
    assert OVERHEAD_BYTES == 45


@pytest.mark.parametrize("length", range(46))
def test_less_than_46_bytes_is_no_envelope(length: int) -> None:
    with pytest.raises(EnvelopeMalformed) as raised:
        parse(SEALED[:length])
    assert raised.value.stage is Stage.PARSE


def test_46_bytes_are_the_least() -> None:
    assert parse(SEALED[:46]).plaintext_length == 1


def test_the_most_that_an_envelope_may_have() -> None:
    assert parse(sized(MAX_PLAINTEXT_BYTES + OVERHEAD_BYTES)).plaintext_length == MAX_PLAINTEXT_BYTES
    with pytest.raises(EnvelopeMalformed):
        parse(sized(MAX_PLAINTEXT_BYTES + OVERHEAD_BYTES + 1))


@pytest.mark.parametrize("version", [0, *range(2, 256)])
def test_every_other_version_is_refused(version: int) -> None:
    with pytest.raises(EnvelopeVersionRefused) as raised:
        parse(bytes((version,)) + SEALED[1:])
    assert (raised.value.stage, raised.value.version) == (Stage.PARSE, version)


def test_key_ids_are_those_of_whole_headers_of_this_version() -> None:
    assert key_ids_in([SEALED[:17], b"", SEALED[:16], b"\x02" + KEY_ID, SEALED[:17]]) == {KEY_ID}


@pytest.mark.parametrize("length", [46, 47, 48, 49, 300])
def test_text_form_and_back(length: int) -> None:
    data = b"\x01" + os.urandom(length - 1)
    text = to_text(ENVELOPE_PREFIX, data)
    assert text == "fv1." + urlsafe_b64encode(data).decode().rstrip("=")
    assert from_text(ENVELOPE_PREFIX, text) == data


@pytest.mark.parametrize("length", [46, 47, 48])
def test_each_envelope_has_exactly_one_text_form(length: int) -> None:
    data = b"\x01" + os.urandom(length - 1)
    text = to_text(ENVELOPE_PREFIX, data)
    for at in range(len(text)):
        for other in ALPHABET + "=+/ \n\t.:\x00é\u2028\ud800":
            if other == text[at]:
                continue
            changed = text[:at] + other + text[at + 1 :]
            try:
                read = from_text(ENVELOPE_PREFIX, changed)
            except EnvelopeMalformed:
                continue
            assert at >= len(ENVELOPE_PREFIX)
            assert other in ALPHABET
            assert read != data


@pytest.mark.parametrize("insert", ["=", " ", "\n", "\r\n", "+", "/", ".", "\x00", "é", "A=", "AA"])
def test_no_character_is_skipped(insert: str) -> None:
    text = to_text(ENVELOPE_PREFIX, SEALED)
    for at in range(len(text) + 1):
        changed = text[:at] + insert + text[at:]
        try:
            assert from_text(ENVELOPE_PREFIX, changed) != SEALED
            assert insert == "AA"
        except EnvelopeMalformed:
            pass


@pytest.mark.parametrize(
    "text",
    [
        "", "fv1", "fv1.", "fv1.=", "fv1.A", "fv2.AAAA", "FV1.AAAA", " fv1.AAA", "fx1.AAA", "AAAA", "a@b.example",
        "fv1.AB", "fv1.AAAAA", "fv1.AAA=", "fv1.AA==", "fv1.fv1.AAAA",
    ],
)  # fmt: skip
def test_texts_that_are_no_envelope(text: str) -> None:
    with pytest.raises(EnvelopeMalformed) as raised:
        from_text(ENVELOPE_PREFIX, text)
    assert len(text) < 5 or text not in str(raised.value)
    assert raised.value.__context__ is None


def test_an_index_value_is_no_envelope() -> None:
    with pytest.raises(EnvelopeMalformed):
        from_text(ENVELOPE_PREFIX, to_text(INDEX_PREFIX, SEALED))
