"""One nonce, ciphertext and tag that AES-256-GCM opens under two keys: why the key id has to commit to the key.

GHASH is linear in each block of the ciphertext. One block is left free and solved for, so that both keys give the
same tag; the others are chosen at will. Arithmetic is that of NIST SP 800-38D §6.3: bit 0 is the most
significant one.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_R = 0xE1 << 120
_ONE = 1 << 127


def multiply(x: int, y: int) -> int:
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = (y >> 1) ^ (_R if y & 1 else 0)
    return product


def power(x: int, exponent: int) -> int:
    result = _ONE
    while exponent:
        if exponent & 1:
            result = multiply(result, x)
        x = multiply(x, x)
        exponent >>= 1
    return result


def inverse(x: int) -> int:
    return power(x, 2**128 - 2)


def _blocks(data: bytes) -> list[int]:
    padded = data + bytes(-len(data) % 16)
    return [int.from_bytes(padded[i : i + 16], "big") for i in range(0, len(padded), 16)]


def _hash_key(key: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return int.from_bytes(encryptor.update(bytes(16)) + encryptor.finalize(), "big")


def ghash(h: int, aad: bytes, ciphertext: bytes) -> int:
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    state = 0
    for block in [*_blocks(aad), *_blocks(ciphertext), *_blocks(lengths)]:
        state = multiply(state ^ block, h)
    return state


def keystream(key: bytes, nonce: bytes, length: int) -> bytes:
    return AESGCM(key).encrypt(nonce, bytes(length), None)[:length]


def seal_for_two_keys(
    first: bytes, second: bytes, nonce: bytes, aad: bytes, ciphertext: bytes, free_block: int
) -> bytes:
    """Ciphertext, with the block number `free_block` (0-based, whole) replaced, and the tag both keys accept."""
    start = 16 * free_block
    chosen = ciphertext[:start] + bytes(16) + ciphertext[start + 16 :]
    blocks_after = (len(ciphertext) + 15) // 16 - free_block - 1
    exponent = blocks_after + 2  # its own multiplication, one for each later block, one for the lengths
    h1, h2 = _hash_key(first), _hash_key(second)
    masks = [int.from_bytes(AESGCM(key).encrypt(nonce, b"", None), "big") for key in (first, second)]
    difference = ghash(h1, aad, chosen) ^ masks[0] ^ ghash(h2, aad, chosen) ^ masks[1]
    solved = multiply(difference, inverse(power(h1, exponent) ^ power(h2, exponent)))
    chosen = chosen[:start] + solved.to_bytes(16, "big") + chosen[start + 16 :]
    tag = (ghash(h1, aad, chosen) ^ masks[0]).to_bytes(16, "big")
    return chosen + tag
