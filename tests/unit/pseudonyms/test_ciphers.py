"""The ciphers below the tokens, against others' numbers: RFC 5297, OpenSSL's, NIST's FF1 samples."""

from __future__ import annotations

import random

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from vectors.generator_path import siv_and_ff1

from fieldvault.errors import FormatTooSmall, TokenRefused, ValueRefused
from fieldvault.pseudonyms.ff1 import library, require_size
from fieldvault.pseudonyms.siv import SivKey

siv, ff1 = siv_and_ff1()
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY_128 = "2B7E151628AED2A6ABF7158809CF4F3C"
KEY_192 = KEY_128 + "EF4359D8D580AA4F"
KEY_256 = KEY_192 + "7F036D6F04FC6A94"
LONG = "0123456789abcdefghi"

# NIST, "FF1 samples" (csrc.nist.gov, Cryptographic Standards and Guidelines, examples with intermediate values,
# FF1samples.pdf): all nine. Key, tweak, radix, plaintext, ciphertext.
NIST_FF1 = [
    (KEY_128, "", 10, "0123456789", "2433477484"),
    (KEY_128, "39383736353433323130", 10, "0123456789", "6124200773"),
    (KEY_128, "3737373770717273373737", 36, LONG, "a9tv40mll9kdu509eum"),
    (KEY_192, "", 10, "0123456789", "2830668132"),
    (KEY_192, "39383736353433323130", 10, "0123456789", "2496655549"),
    (KEY_192, "3737373770717273373737", 36, LONG, "xbj3kv35jrawxv32ysr"),
    (KEY_256, "", 10, "0123456789", "6657667009"),
    (KEY_256, "39383736353433323130", 10, "0123456789", "1001623463"),
    (KEY_256, "3737373770717273373737", 36, LONG, "xs8a0azh2avyalyzuwd"),
]

SIV_3 = "7bdb6e3b432667eb06f4d14bff2fbd0f"
# RFC 5297, appendix A: key, associated data, plaintext, output.
RFC_5297 = [
    (
        "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        ["101112131415161718191a1b1c1d1e1f2021222324252627"],
        "112233445566778899aabbccddee",
        "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c",
    ),
    (
        "7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
        [
            "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
            "102030405060708090a0",
            "09f911029d74e35bd84156c5635688c0",
        ],
        "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
        SIV_3 + "cb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
    ),
]


@pytest.mark.parametrize(("key", "tweak", "radix", "plaintext", "ciphertext"), NIST_FF1)
def test_nists_ff1_samples(key: str, tweak: str, radix: int, plaintext: str, ciphertext: str) -> None:
    cipher = library().FF1(bytes.fromhex(key), radix=radix)
    assert cipher.encrypt(plaintext, tweak=bytes.fromhex(tweak)) == ciphertext
    assert cipher.decrypt(ciphertext, tweak=bytes.fromhex(tweak)) == plaintext
    numerals = [BASE36.index(one) for one in plaintext]
    ours = ff1.encrypt(bytes.fromhex(key), radix, bytes.fromhex(tweak), numerals)
    assert "".join(BASE36[one] for one in ours) == ciphertext, "the vectors' own implementation"


def test_libffx_agrees_with_the_vectors_own_implementation() -> None:
    chance = random.Random(38)
    for _ in range(60):
        radix = chance.choice([2, 3, 10, 26, 62, 1000, 65536])
        least = next(length for length in range(2, 40) if radix**length >= 10**6)
        length = chance.randint(least, least + 30)
        key, tweak = chance.randbytes(32), chance.randbytes(chance.randint(0, 40))
        alphabet = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x20000)][:radix]))
        numerals = [chance.randrange(radix) for _ in range(length)]
        theirs = library().FF1(key, alphabet=alphabet)
        text = "".join(alphabet[one] for one in numerals)
        made = theirs.encrypt(text, tweak=tweak)
        place = {character: at for at, character in enumerate(alphabet)}
        assert [place[one] for one in made] == ff1.encrypt(key, radix, tweak, numerals)
        assert theirs.decrypt(made, tweak=tweak) == text


def test_a_domain_under_a_million_is_refused() -> None:
    for radix, numerals in ((10, 5), (10, 0), (2, 19), (36, 3), (65536, 1)):
        with pytest.raises(FormatTooSmall):
            require_size(radix, numerals)
    for radix, numerals in ((10, 6), (2, 20), (36, 4), (65536, 2), (10, 256)):
        require_size(radix, numerals)
    with pytest.raises(ValueRefused):
        require_size(10, 257)


@pytest.mark.parametrize(("key", "associated", "plaintext", "output"), RFC_5297)
def test_rfc_5297(key: str, associated: list[str], plaintext: str, output: str) -> None:
    components = [bytes.fromhex(one) for one in associated]
    assert AESSIV(bytes.fromhex(key)).encrypt(bytes.fromhex(plaintext), components).hex() == output
    assert siv.siv_seal(bytes.fromhex(key), components, bytes.fromhex(plaintext)).hex() == output
    if len(components) == 1:
        ours = SivKey(bytes.fromhex(key), components[0])
        assert ours.encrypt_deterministically([bytes.fromhex(plaintext)]) == [bytes.fromhex(output)]
        assert ours.decrypt(bytes.fromhex(output)).hex() == plaintext


def test_openssls_vectors() -> None:
    seen = 0
    with cryptography_vectors.open_vector_file("ciphers/AES/SIV/openssl.txt", "r") as file:
        for block in file.read().split("\n\n"):
            fields = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
            components = [bytes.fromhex(fields[name]) for name in ("AAD", "AAD2", "AAD3") if name in fields]
            plaintext, expected = bytes.fromhex(fields["Plaintext"]), fields["Tag"] + fields["Ciphertext"]
            assert AESSIV(bytes.fromhex(fields["Key"])).encrypt(plaintext, components).hex() == expected
            assert siv.siv_seal(bytes.fromhex(fields["Key"]), components, plaintext).hex() == expected
            seen += 1
    assert seen == 4


@pytest.mark.parametrize("plaintext", [b"\x02", b"\x02text", b"\x02" + b"x" * 40])
def test_empty_associated_data_is_authenticated(plaintext: bytes) -> None:
    """Project Wycheproof's AES-SIV cases, and CVE-2023-2975: nothing, one empty, two empty are three things."""
    key = bytes(range(64))
    cases: list[list[bytes]] = [[], [b""], [b"", b""], [b"\x00"], [b"", b"\x00"], [b"\x00", b""]]
    made = [AESSIV(key).encrypt(plaintext, components) for components in cases]
    assert len(set(made)) == len(cases)
    assert made == [siv.siv_seal(key, components, plaintext) for components in cases]
    assert [SivKey(key, b"").encrypt_deterministically([plaintext])[0]] == [made[1]]
    with pytest.raises(TokenRefused):
        SivKey(key, b"").decrypt(made[0])


def test_keys_are_not_shown_or_pickled() -> None:
    import copy

    key = SivKey(bytes(64), b"place")
    assert repr(key) == "<SivKey>"
    with pytest.raises(TypeError):
        copy.copy(key)
