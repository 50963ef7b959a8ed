"""For any input: a local KEK opens what it wrapped and nothing else, and a KEK file has exactly one text."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from fieldvault.core.aead import AeadKey
from fieldvault.errors import KekMisconfigured, KeyWrapRefused
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.local import Argon2Parameters, LocalKek, protection
from fieldvault.kek.local.kek_file import Argon2idProtect, KekFile, KeyProtect, Protect, parse

KEK = LocalKek(AeadKey(b"\x07" * 32, b"\x08" * 16))
WRAPPED = KEK.wrap([b"\x09" * 32])[0]

data_keys = st.binary(min_size=32, max_size=32)
parameters = st.builds(Argon2Parameters, st.integers(8192, 4_194_304), st.integers(1, 64), st.integers(1, 16))
argon2id = st.builds(Argon2idProtect, parameters, st.binary(min_size=16, max_size=16))
protects: st.SearchStrategy[Protect] = st.builds(KeyProtect) | argon2id
with_the_right_header = st.binary(min_size=60, max_size=60).map(WRAPPED[:17].__add__)
files = st.builds(KekFile, st.binary(min_size=16, max_size=16), protects, st.binary(min_size=60, max_size=60))


@given(st.lists(data_keys))
def test_what_was_wrapped_is_unwrapped_in_order(keys: list[bytes]) -> None:
    wrapped = KEK.wrap(keys)
    assert KEK.unwrap(wrapped) == keys
    assert all(len(item) == 77 and KEK.version_of(item) == 1 for item in wrapped)


@given(st.binary() | st.binary(min_size=77, max_size=77) | with_the_right_header)
def test_what_was_not_wrapped_is_refused(foreign: bytes) -> None:
    [outcome] = KEK.unwrap([foreign])
    assert isinstance(outcome, KeyWrapRefused)


@given(st.integers(0, 77), st.integers(0, 77), st.binary(max_size=20))
def test_no_splice_of_a_wrapped_key_opens(start: int, end: int, middle: bytes) -> None:
    spliced = WRAPPED[:start] + middle + WRAPPED[end:]
    [outcome] = KEK.unwrap([spliced])
    assert isinstance(outcome, KeyWrapRefused) or spliced == WRAPPED


@given(files)
def test_a_file_is_parsed_to_what_it_was_written_from(file: KekFile) -> None:
    text = file.text().reveal()
    assert parse(Hidden(text)) == file
    assert text.isascii()
    assert text.count(b"\n") == 4


@given(files, st.data())
def test_a_text_that_parses_is_the_one_that_is_written(file: KekFile, data: st.DataObject) -> None:
    text = file.text().reveal()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 3, len(text))))
    altered = text[:start] + data.draw(st.binary(max_size=3)) + text[end:]
    try:
        parsed = parse(Hidden(altered))
    except KekMisconfigured:
        return
    assert parsed.text().reveal() == altered
    assert (parsed == file) == (altered == text)


@given(st.binary(max_size=300))
@example(b"")
def test_any_other_bytes_are_refused_with_a_typed_error(content: bytes) -> None:
    try:
        parse(Hidden(content))
    except KekMisconfigured:
        return
    raise AssertionError("random bytes are no KEK file")


@given(st.text())
def test_all_spellings_of_a_passphrase_are_the_same_bytes(text: str) -> None:
    encoded = [
        protection._encode_passphrase(Hidden(unicodedata.normalize(form, text))) for form in ("NFC", "NFD")
    ] + [protection._encode_passphrase(Hidden(text))]
    assert len({None if one is None else one.reveal() for one in encoded}) == 1
