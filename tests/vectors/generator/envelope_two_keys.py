"""The vector of envelope-v1 §6: one envelope that AES-GCM alone would open under two keys."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from generator.places import Scope, field_aad
from generator.primitives import derive
from generator.sealing import Sealed, Vector, negative
from generator.two_keys import keystream, seal_for_two_keys

_FREE_BLOCK = 2


def two_keys() -> tuple[Vector, Vector]:
    """Positive under the first key; negative where the key store offers the second in the first one's row."""
    name = "two-keys-one-ciphertext"
    scope = Scope("acme")
    first = derive("two keys/first")
    nonce = derive(f"nonce/{name}", 12)
    second = _second_key(first, nonce)
    header = b"\x01" + scope.key_id(first)
    aad = field_aad(header, "acme", "people", "blob", None)

    says_first = keystream(first, nonce, 64)
    says_second = keystream(second, nonce, 64)
    ciphertext = (
        _xor(says_first[:16], b"\x01pay ten to Ada.")
        + _xor(says_second[16:32], b" or all to Eve. ")
        + bytes(16)
        + _xor(says_first[48:], b" signed: Charles")
    )
    sealed = seal_for_two_keys(first, second, nonce, aad, ciphertext, _FREE_BLOCK)
    opened = [AESGCM(key).decrypt(nonce, sealed, aad) for key in (first, second)]
    if opened[0] == opened[1] or not all(plaintext.startswith(b"\x01") for plaintext in opened):
        raise AssertionError("not two bytes values")

    value = {"type": "bytes", "hex": opened[0][1:].hex()}
    base = Sealed(name, value, scope, field="blob", key=first)
    if base.nonce != nonce or base.aad != aad or base.envelope != header + nonce + sealed:
        raise AssertionError("the solved ciphertext is not the sealing of its plaintext")
    bad = negative(
        base,
        "two-keys-second-key-offered",
        "commitment",
        "The row of the first key's id holds the second key, under which the same envelope and AAD verify too.",
        key_store=[base.store_row(key=second.hex())],
    )
    bad["opens_under_second_key_as"] = opened[1].hex()
    return base.positive() | {"second_key": second.hex()}, bad


def _second_key(first: bytes, nonce: bytes) -> bytes:
    """The first candidate that makes byte 0 of both plaintexts the tag of bytes."""
    counter = 0
    while True:
        candidate = derive(f"two keys/second/{counter}")
        if keystream(candidate, nonce, 1) == keystream(first, nonce, 1):
            return candidate
        counter += 1


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
