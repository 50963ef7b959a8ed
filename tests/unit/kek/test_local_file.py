"""A local KEK file that is altered in any way is refused, and what a bad one would cost is never paid."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.errors import KekMisconfigured
from fieldvault.kek.local import CHEAPEST, Argon2Parameters, LocalKek, Passphrase, ProtectionKey, protection
from fieldvault.kek.local.kek_file import MAX_FILE_BYTES, SEALED_BYTES, Argon2idProtect, KekFile

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

PROTECTION_KEY = secrets.token_bytes(32)
BY_KEY = ProtectionKey(base64.urlsafe_b64encode(PROTECTION_KEY).decode().rstrip("="))
BY_PASSPHRASE = Passphrase("correct horse", argon2=CHEAPEST)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.kek"


@pytest.fixture
def no_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate(**parameters: object) -> bytes:
        raise AssertionError(f"memory would have been allocated for {parameters}")

    monkeypatch.setattr(protection, "hash_secret_raw", allocate)


def test_every_bit_of_the_file_counts(path: Path) -> None:
    LocalKek.create(path, BY_KEY)
    content = path.read_bytes()
    number = int.from_bytes(content, "big")
    for bit in range(len(content) * 8):
        path.write_bytes((number ^ 1 << bit).to_bytes(len(content), "big"))
        with pytest.raises(KekMisconfigured):
            LocalKek.open(path, BY_KEY)
    path.write_bytes(content)
    LocalKek.open(path, BY_KEY)


def test_every_bit_of_the_argon2id_line_counts(path: Path) -> None:
    LocalKek.create(path, BY_PASSPHRASE)
    content = path.read_bytes()
    start, end = content.index(b"protect:"), content.index(b"sealed:")
    for at in range(start, end):
        for bit in range(8):
            path.write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
            with pytest.raises(KekMisconfigured):
                LocalKek.open(path, BY_PASSPHRASE)
    path.write_bytes(content)
    LocalKek.open(path, BY_PASSPHRASE)


@pytest.mark.parametrize("protect", [BY_KEY, BY_PASSPHRASE], ids=["key", "passphrase"])
def test_every_truncation_and_extension_of_the_file_is_refused(
    path: Path, protect: ProtectionKey | Passphrase
) -> None:
    LocalKek.create(path, protect)
    content = path.read_bytes()
    others = [content[:n] for n in range(len(content))] + [content[n:] for n in range(1, len(content))]
    others += [content + extra for extra in (b"\n", b" ", b"\0", b"x: y\n", content, b" " * MAX_FILE_BYTES)]
    for other in others:
        path.write_bytes(other)
        with pytest.raises(KekMisconfigured, match="byte for byte"):
            LocalKek.open(path, protect)


def test_parts_of_two_files_do_not_make_a_third(path: Path, tmp_path: Path) -> None:
    names = [LocalKek.create(tmp_path / name, BY_KEY).name for name in ("a", "b")]
    a, b = ((tmp_path / name).read_text().splitlines(keepends=True) for name in ("a", "b"))
    assert names[0] != names[1]
    path.touch(0o600)
    for mixed in ([a[0], b[1], *a[2:]], [*a[:3], b[3]]):
        path.write_text("".join(mixed))
        with pytest.raises(KekMisconfigured, match="does not open"):
            LocalKek.open(path, BY_KEY)


def test_an_id_that_the_kek_does_not_derive_is_refused(path: Path) -> None:
    """Made by somebody who has the protection key, so that only the commitment is wrong."""
    head = b"fieldvault-local-kek/v1\nid: " + b"0" * 32 + b"\nprotect: key\n"
    nonce = bytes(12)
    sealed = nonce + AESGCM(PROTECTION_KEY).encrypt(nonce, b"k" * 32, head)
    path.touch(0o600)
    path.write_bytes(head + b"sealed: " + base64.urlsafe_b64encode(sealed) + b"\n")
    with pytest.raises(KekMisconfigured, match="does not open"):
        LocalKek.open(path, BY_KEY)


SPELLINGS = {
    "CRLF": (b"\n", b"\r\n"),
    "upper-case id": (b"id: a", b"id: A"),
    "other version": (b"/v1\n", b"/v2\n"),
    "leading zero": (b"m=8192", b"m=08192"),
    "plus sign": (b"t=1", b"t=+1"),
    "hexadecimal": (b"t=1", b"t=0x1"),
    "underscore": (b"m=8192", b"m=8_192"),
    "foreign digit": (b"t=1", b"t=\xd9\xa1"),
    "two spaces": (b" t=", b"  t="),
    "space at the end": (b"\nsealed", b" \nsealed"),
    "tab": (b"id: ", b"id:\t"),
    "argon2i": (b"argon2id", b"argon2i"),
    "order": (b"t=1 p=1", b"p=1 t=1"),
    "comment": (b"sealed:", b"# mine\nsealed:"),
    "empty line": (b"sealed:", b"\nsealed:"),
    "byte order mark": (b"fieldvault-", b"\xef\xbb\xbffieldvault-"),
}


@pytest.mark.parametrize(("old", "new"), SPELLINGS.values(), ids=SPELLINGS)
def test_there_is_one_spelling(path: Path, no_argon2: None, old: bytes, new: bytes) -> None:
    file = KekFile(b"\xaa" * 16, Argon2idProtect(CHEAPEST, bytes(16)), bytes(SEALED_BYTES)).text().reveal()
    assert old in file
    path.touch(0o600)
    path.write_bytes(file.replace(old, new))
    with pytest.raises(KekMisconfigured, match="byte for byte"):
        LocalKek.open(path, BY_PASSPHRASE)


def test_trailing_bits_of_the_salt_are_refused(path: Path, no_argon2: None) -> None:
    file = KekFile(bytes(16), Argon2idProtect(CHEAPEST, bytes(16)), bytes(SEALED_BYTES)).text().reveal()
    path.touch(0o600)
    for last in b"BCDEFGHIJKLMNOP":
        path.write_bytes(file.replace(b"salt=" + b"A" * 22, b"salt=" + b"A" * 21 + bytes([last])))
        with pytest.raises(KekMisconfigured, match="byte for byte"):
            LocalKek.open(path, BY_PASSPHRASE)


ABSURD = [
    (2**31, 1, 1), (4_194_305, 1, 1), (8191, 1, 1), (0, 1, 1), (9_999_999_999, 1, 1),
    (8192, 0, 1), (8192, 65, 1), (8192, 2**32 - 1, 1), (8192, 1, 0), (8192, 1, 17), (8192, 1, 2**24),
]  # fmt: skip


@pytest.mark.parametrize(("m", "t", "p"), ABSURD)
def test_absurd_parameters_in_a_file_are_refused_before_memory_is_allocated(
    path: Path, no_argon2: None, m: int, t: int, p: int
) -> None:
    file = KekFile(bytes(16), Argon2idProtect(CHEAPEST, bytes(16)), bytes(SEALED_BYTES)).text().reveal()
    path.touch(0o600)
    path.write_bytes(file.replace(b"m=8192 t=1 p=1", f"m={m} t={t} p={p}".encode()))
    with pytest.raises(KekMisconfigured, match=r"whole number from|byte for byte"):
        LocalKek.open(path, BY_PASSPHRASE)


@pytest.mark.parametrize(("m", "t", "p"), ABSURD)
def test_absurd_parameters_of_a_caller_are_refused(m: int, t: int, p: int) -> None:
    with pytest.raises(KekMisconfigured, match="whole number from"):
        Argon2Parameters(m, t, p)


@pytest.mark.parametrize("odd", [8192.0, True, "8192", None])
def test_parameters_are_integers(odd: object) -> None:
    with pytest.raises(KekMisconfigured, match="whole number from"):
        Argon2Parameters(odd, 1, 1)  # type: ignore[arg-type]


def test_the_bounds_themselves_are_allowed() -> None:
    Argon2Parameters(8192, 1, 1)
    Argon2Parameters(4_194_304, 64, 16)


def test_the_argon2_guard_of_these_tests_works(path: Path, no_argon2: None) -> None:
    with pytest.raises(AssertionError, match="would have been allocated"):
        LocalKek.create(path, BY_PASSPHRASE)
