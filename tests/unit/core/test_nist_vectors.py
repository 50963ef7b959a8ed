"""NIST's GCM vectors and the RFCs' HKDF and HMAC vectors, through our own functions.

From the package `cryptography-vectors`. The subset that an envelope can carry, of the 256-bit GCM files: 96-bit
nonce, 128-bit tag, at least one byte of plaintext (the empty plaintext is below the least envelope, and is asserted
to be refused). HKDF: those with an empty salt, since ours has none. HMAC: all but the truncated case, through the
index core, which takes keys of any length.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files

import pytest
from plugins.cores import Core
from plugins.nist_gcm import fitting

from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext
from fieldvault.core.derive import hkdf_sha256
from fieldvault.core.envelope import NONCE_END, OVERHEAD_BYTES
from fieldvault.core.index import IndexKey
from fieldvault.errors import AuthenticationFailed, EnvelopeMalformed

KEY_ID = bytes(range(16))


def envelope(case: dict[str, str], core: Core) -> tuple[AeadKey, bytes, bytes]:
    key = core.key(bytes.fromhex(case["Key"]), KEY_ID)
    nonce, text, tag = (bytes.fromhex(case[part]) for part in ("IV", "CT", "Tag"))
    return key, key.header + nonce + text + tag, bytes.fromhex(case["AAD"])


@pytest.mark.parametrize("name", ["gcmDecrypt256.rsp", "gcmEncryptExtIV256.rsp"])
def test_gcm_opens_what_nist_opens_and_refuses_what_nist_refuses(name: str, core: Core) -> None:
    opened = failed = empty = 0
    for case in fitting(name):
        key, sealed, aad = envelope(case, core)
        if case["PTlen"] == "0":
            with pytest.raises(EnvelopeMalformed):
                key.open(sealed, aad)
            empty += 1
        elif "FAIL" in case:
            with pytest.raises(AuthenticationFailed):
                key.open(sealed, aad)
            failed += 1
        else:
            assert key.open(sealed, aad) == bytes.fromhex(case["PT"])
            opened += 1
    expected = {"gcmDecrypt256.rsp": (True, 300), "gcmEncryptExtIV256.rsp": (False, 300)}[name]
    assert (failed > 100, opened + failed) == expected, "the subset is not what this test was written for"
    assert empty == 75


def test_gcm_seals_what_nist_seals(monkeypatch: pytest.MonkeyPatch, core: Core) -> None:
    # The nonce comes from os.urandom and nowhere else, so that is the seam for a nonce that NIST has chosen.
    done = 0
    for case in fitting("gcmEncryptExtIV256.rsp"):
        key, sealed, aad = envelope(case, core)
        nonce = bytes.fromhex(case["IV"])
        monkeypatch.setattr(os, "urandom", {12: nonce}.__getitem__)
        assert key.seal(bytes.fromhex(case["PT"]), aad) == sealed
        done += 1
    assert done == 375


def test_gcm_batches_seal_and_open_as_nist_does(monkeypatch: pytest.MonkeyPatch, core: Core) -> None:
    # A batch computes its AAD itself. So NIST's key, nonces and plaintexts, and one AAD of ours: the ciphertext
    # does not depend on the AAD, only the tag does.
    context = FieldContext("acme", "customers", "email")
    cases = [case for case in fitting("gcmEncryptExtIV256.rsp") if case["PTlen"] != "0"]
    for case in cases:
        key, sealed, _ = envelope(case, core)
        nonce = bytes.fromhex(case["IV"])
        monkeypatch.setattr(os, "urandom", {12: nonce}.__getitem__)
        [ours] = core.seal_many(key, context, [bytes.fromhex(case["PT"])], None)
        assert len(ours) == len(sealed)
        assert ours[:-16] == sealed[:-16]
        headers = core.headers_of([ours])
        assert core.open_many({KEY_ID: key}, context, [ours], None, headers) == ([bytes.fromhex(case["PT"])], {})
    assert len(cases) == 300


def test_an_envelope_of_nist_has_our_overhead(core: Core) -> None:
    case = next(case for case in fitting("gcmEncryptExtIV256.rsp") if case["PTlen"] == "128")
    _, sealed, _ = envelope(case, core)
    assert (len(sealed) - 16, NONCE_END) == (OVERHEAD_BYTES, 29)


def text_cases(name: str, last: str) -> Iterator[dict[str, str]]:
    case: dict[str, str] = {}
    for line in (files("cryptography_vectors") / name).read_text().splitlines():
        if " = " in line or line.endswith(" ="):
            key, _, value = line.partition("=")
            case[key.strip()] = value.strip()
            if key.strip() == last:
                yield case
                case = {}


def test_hkdf_rfc_5869() -> None:
    cases = list(text_cases("KDF/rfc-5869-HKDF-SHA256.txt", "OKM"))
    assert len(cases) == 3
    unsalted = [case for case in cases if not case.get("salt")]
    assert len(unsalted) == 1
    for case in unsalted:
        derived = hkdf_sha256(bytes.fromhex(case["IKM"]), bytes.fromhex(case["info"]), int(case["L"]))
        assert derived.hex() == case["OKM"]


def test_hmac_rfc_4231_through_the_index_core(core: Core) -> None:
    cases = list(text_cases("HMAC/rfc-4231-sha256.txt", "MD"))
    assert len(cases) == 6
    for case in cases:
        key = IndexKey(bytes.fromhex(case["Key"]), version=7, bits=256)
        [value] = core.index_many(key, [bytes.fromhex(case["Msg"])])
        assert value.hex() == "07" + case["MD"]
