"""FF1 (NIST SP 800-38G, algorithms 7 and 8), written from the standard over AES of `cryptography`."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def _aes(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # one block: CIPH_K of the standard
    return encryptor.update(block) + encryptor.finalize()


def _prf(key: bytes, message: bytes) -> bytes:
    """Algorithm 6."""
    state = bytes(16)
    for at in range(0, len(message), 16):
        state = _aes(key, bytes(a ^ b for a, b in zip(state, message[at : at + 16], strict=True)))
    return state


def _num(numerals: list[int], radix: int) -> int:
    value = 0
    for numeral in numerals:
        value = value * radix + numeral
    return value


def _str(value: int, radix: int, length: int) -> list[int]:
    numerals = []
    for _ in range(length):
        value, numeral = divmod(value, radix)
        numerals.append(numeral)
    return numerals[::-1]


def _round(key: bytes, radix: int, n: int, tweak: bytes, number: int, right: list[int]) -> int:
    u = n // 2
    v = n - u
    width = 0
    while 256**width < radix**v:  # ceil(ceil(v * log2(radix)) / 8), without logarithms
        width += 1
    d = 4 * -(-width // 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256]) + n.to_bytes(4, "big")
    p += len(tweak).to_bytes(4, "big")
    q = tweak + bytes((-len(tweak) - width - 1) % 16) + bytes([number]) + _num(right, radix).to_bytes(width, "big")
    r = _prf(key, p + q)
    s, counter = r, 1
    while len(s) < d:
        s += _aes(key, (int.from_bytes(r, "big") ^ counter).to_bytes(16, "big"))
        counter += 1
    return int.from_bytes(s[:d], "big")


def encrypt(key: bytes, radix: int, tweak: bytes, numerals: list[int]) -> list[int]:
    n = len(numerals)
    u = n // 2
    a, b = numerals[:u], numerals[u:]
    for number in range(10):
        m = u if number % 2 == 0 else n - u
        c = (_num(a, radix) + _round(key, radix, n, tweak, number, b)) % radix**m
        a, b = b, _str(c, radix, m)
    return a + b


def decrypt(key: bytes, radix: int, tweak: bytes, numerals: list[int]) -> list[int]:
    n = len(numerals)
    u = n // 2
    a, b = numerals[:u], numerals[u:]
    for number in reversed(range(10)):
        m = u if number % 2 == 0 else n - u
        c = (_num(b, radix) - _round(key, radix, n, tweak, number, a)) % radix**m
        b, a = a, _str(c, radix, m)
    return a + b
