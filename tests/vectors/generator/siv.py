"""AES-SIV (RFC 5297), from AES-CMAC and AES-CTR."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from generator.primitives import Refused


def _cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def _double(block: bytes) -> bytes:
    """RFC 5297 §2.3: multiplication by x in GF(2^128)."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number = (number & ((1 << 128) - 1)) ^ 0x87
    return number.to_bytes(16, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def s2v(key: bytes, components: list[bytes], plaintext: bytes) -> bytes:
    """RFC 5297 §2.4. `components` may be empty, and so may each of them."""
    state = _cmac(key, bytes(16))
    for component in components:
        state = _xor(_double(state), _cmac(key, component))
    if len(plaintext) >= 16:
        last = plaintext[:-16] + _xor(plaintext[-16:], state)
    else:
        last = _xor(_double(state), (plaintext + b"\x80").ljust(16, b"\x00"))
    return _cmac(key, last)


def _ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    counter = bytearray(iv)
    counter[8] &= 0x7F
    counter[12] &= 0x7F
    encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(counter))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def siv_seal(key: bytes, components: list[bytes], plaintext: bytes) -> bytes:
    """RFC 5297 §2.6: the synthetic IV and the ciphertext."""
    half = len(key) // 2
    iv = s2v(key[:half], components, plaintext)
    return iv + _ctr(key[half:], iv, plaintext)


def siv_open(key: bytes, components: list[bytes], sealed: bytes) -> bytes:
    """RFC 5297 §2.7."""
    half = len(key) // 2
    plaintext = _ctr(key[half:], sealed[:16], sealed[16:])
    if s2v(key[:half], components, plaintext) != sealed[:16]:
        raise Refused("authenticate", "the synthetic IV is another")
    return plaintext
