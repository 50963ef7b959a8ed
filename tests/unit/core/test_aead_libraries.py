"""Intel's library in the place of aws-lc-rs, where it was asked for: the same bytes, the same refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from plugins.arrow_kit import needs_native
from plugins.cores import core_named
from plugins.nist_gcm import fitting

from fieldvault.core.context import FieldContext

SAYS = "from fieldvault.core.native import DESCRIPTION; print(DESCRIPTION)"
CONTEXT = FieldContext("acme", "customers", "email")


@pytest.fixture
def of_intel(native: Any) -> Iterator[Callable[[bytes], Any]]:
    """Makes keys of Intel's library. Skips where it cannot be used."""
    try:
        native.use_aead("ipsec-mb")
    except native.AeadUnavailable as error:
        pytest.skip(f"FIELDVAULT_AEAD=ipsec-mb: {error} (apt install libipsec-mb1)")
    yield native.AesGcmKey
    native.use_aead("aws-lc")


@pytest.fixture
def of_aws(native: Any) -> Callable[[bytes], Any]:
    def key(raw: bytes) -> Any:
        before = native.aead_library()
        native.use_aead("aws-lc")
        made = native.AesGcmKey(raw)
        if before == "ipsec-mb":
            native.use_aead(before)
        return made

    return key


def said(**settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIELDVAULT_")}
    return subprocess.run(
        [sys.executable, "-c", SAYS], env=environment | settings, capture_output=True, text=True, check=False
    )


def test_the_same_bytes_at_every_length(of_intel: Any, of_aws: Any) -> None:
    raw, text, aad = os.urandom(32), os.urandom(1101), os.urandom(101)
    intel, aws = of_intel(raw), of_aws(raw)
    for length in range(1101):
        nonce, plaintext, bound = os.urandom(12), text[:length], aad[: length % 101]
        sealed = intel.encrypt(nonce, plaintext, bound)
        assert sealed == aws.encrypt(nonce, plaintext, bound), length
        assert intel.decrypt(nonce, sealed, bound) == plaintext
    for length in range(101):
        for size in (0, 1, 24, 64):
            sealed = intel.encrypt(nonce, text[:size], aad[:length])
            assert sealed == aws.encrypt(nonce, text[:size], aad[:length]), (size, length)


def test_long_ones_too(of_intel: Any, of_aws: Any) -> None:
    raw, nonce, plaintext = os.urandom(32), os.urandom(12), os.urandom((1 << 20) + 5)
    sealed = of_intel(raw).encrypt(nonce, plaintext, b"")
    assert sealed == of_aws(raw).encrypt(nonce, plaintext, b"")
    assert of_intel(raw).decrypt(nonce, sealed, b"") == plaintext


def test_nist_vectors(of_intel: Any) -> None:
    opened = refused = 0
    for name in ("gcmDecrypt256.rsp", "gcmEncryptExtIV256.rsp"):
        for case in fitting(name):
            key, nonce, aad, text, tag = (bytes.fromhex(case[part]) for part in ("Key", "IV", "AAD", "CT", "Tag"))
            if "FAIL" in case:
                with pytest.raises(InvalidTag):
                    of_intel(key).decrypt(nonce, text + tag, aad)
                refused += 1
            else:
                plaintext = bytes.fromhex(case["PT"])
                assert of_intel(key).decrypt(nonce, text + tag, aad) == plaintext
                assert of_intel(key).encrypt(nonce, plaintext, aad) == text + tag
                opened += 1
    assert (opened > 500, refused > 100) == (True, True)


def test_every_bit_of_a_tag_text_and_aad_counts(of_intel: Any) -> None:
    key, nonce, aad = of_intel(bytes(32)), bytes(12), b"context"
    sealed = key.encrypt(nonce, b"\x02a value", aad)
    for bit in range(8 * len(sealed)):
        wrong = bytearray(sealed)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidTag):
            key.decrypt(nonce, bytes(wrong), aad)
    for other in (b"", b"Context", b"context "):
        with pytest.raises(InvalidTag):
            key.decrypt(nonce, sealed, other)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 300])
def test_a_batch_opens_what_is_good_and_leaves_zeros_for_what_is_not(of_intel: Any, length: int) -> None:
    core, native = core_named("native"), core_named("native").functions["extension"]
    key = core.key(bytes(32), b"k" * 16)
    sealed = core.seal_many(key, CONTEXT, [b"\x02" * length] * 50, None)
    sealed[7] = sealed[7][:-1] + bytes([sealed[7][-1] ^ 1])
    prefix = CONTEXT.prefix(key.header, row_bound=False)
    packed, refused = native.open_many({key.header: key.cipher}, prefix, sealed, None)
    assert refused == [7]
    assert packed.tolist() == [b"\0" * length if at == 7 else b"\x02" * length for at in range(50)]


def test_a_key_keeps_to_the_library_that_it_was_made_with(native: Any, of_intel: Any) -> None:
    key = of_intel(bytes(32))
    assert native.aead_library() == "ipsec-mb"
    native.use_aead("aws-lc")
    assert native.aead_library() == "aws-lc-rs"
    assert native.AesGcmKey(bytes(32)).encrypt(bytes(12), b"x", b"") == key.encrypt(bytes(12), b"x", b"")


@needs_native
@pytest.mark.parametrize("asked", ["", "aws-lc"])
def test_the_default_is_aws_lc(asked: str) -> None:
    done = said(FIELDVAULT_AEAD=asked, FIELDVAULT_CORE="native")
    assert done.stdout.strip().endswith("on aws-lc-rs"), done.stderr


def test_where_it_was_asked_for_it_runs_and_says_so(of_intel: Any) -> None:
    done = said(FIELDVAULT_AEAD="ipsec-mb")
    assert done.stdout.strip().endswith("on ipsec-mb"), done.stderr


@needs_native
def test_where_it_is_missing_it_is_refused_with_a_hint(tmp_path: Path) -> None:
    # The loader looks here first, and takes what it finds for the library.
    (tmp_path / "libIPSec_MB.so.1").write_bytes(b"no library")
    done = said(FIELDVAULT_AEAD="ipsec-mb", LD_LIBRARY_PATH=str(tmp_path), FIELDVAULT_CORE="native")
    assert done.returncode == 1
    assert "ConfigurationError: FIELDVAULT_AEAD=ipsec-mb, but " in done.stderr
    assert "apt install libipsec-mb1" in done.stderr


@needs_native
def test_another_library_of_that_name_is_refused(tmp_path: Path) -> None:
    other = next(Path("/usr/lib").glob("*-linux-gnu/libz.so.1"), None)
    if other is None:
        pytest.skip("no library at hand to stand in its place")
    (tmp_path / "libIPSec_MB.so.1").write_bytes(other.read_bytes())
    done = said(FIELDVAULT_AEAD="ipsec-mb", LD_LIBRARY_PATH=str(tmp_path), FIELDVAULT_CORE="native")
    assert "libIPSec_MB.so.1 is not Intel's library" in done.stderr


def test_another_name_is_refused() -> None:
    assert "ConfigurationError: FIELDVAULT_AEAD must be" in said(FIELDVAULT_AEAD="openssl").stderr


@pytest.mark.parametrize("asked", ["aws-lc", "ipsec-mb"])
def test_the_pure_core_refuses_to_be_asked_for_a_library(asked: str) -> None:
    done = said(FIELDVAULT_AEAD=asked, FIELDVAULT_CORE="python")
    assert f"ConfigurationError: FIELDVAULT_AEAD={asked}, but the pure-Python core runs" in done.stderr
