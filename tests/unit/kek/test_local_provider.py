"""The local KEK wraps and unwraps as keyring-v1 §7 says, byte for byte, and refuses everything else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import warnings
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.errors import ConfigurationError, KekMisconfigured, KeyWrapRefused
from fieldvault.kek.local import CHEAPEST, LocalKek, LocalKekWarning, Passphrase, ProtectionKey
from fieldvault.ports import KekProvider

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

PROTECTION = b"\xa5" * 32
KEYS = [bytes([n]) * 32 for n in range(5)]


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def protection() -> ProtectionKey:
    return ProtectionKey(text_of(PROTECTION))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.kek"


@pytest.fixture
def kek(path: Path) -> LocalKek:
    return LocalKek.create(path, protection())


def hkdf(key: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block, from the standard library: nothing of the code under test."""
    extracted = hmac.digest(b"\0" * 32, key, "sha256")
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def unseal(path: Path, protection_key: bytes) -> tuple[bytes, bytes]:
    """The KEK and its id, read from the file by the words of keyring-v1 §7 alone."""
    content = path.read_bytes()
    head, _, sealed_line = content.partition(b"sealed: ")
    sealed = base64.urlsafe_b64decode(sealed_line.strip())
    kek = AESGCM(protection_key).decrypt(sealed[:12], sealed[12:], head)
    kek_id = hkdf(kek, b"fieldvault/v1/local-kek-id")[:16]
    assert head.split(b"\n")[1] == b"id: " + kek_id.hex().encode()
    return kek, kek_id


def test_is_a_kek_provider(kek: LocalKek) -> None:
    provider: KekProvider = kek
    assert provider.unwrap(provider.wrap(KEYS)) == KEYS
    assert provider.wrap([]) == provider.unwrap([]) == []


def test_what_one_process_wrapped_another_opens(kek: LocalKek, path: Path) -> None:
    again = LocalKek.open(path, protection())
    assert again.name == kek.name
    assert again.unwrap(kek.wrap(KEYS)) == KEYS


def test_file_and_wrapped_key_are_as_the_spec_says(kek: LocalKek, path: Path) -> None:
    assert path.read_bytes().startswith(b"fieldvault-local-kek/v1\nid: ")
    assert path.read_bytes().split(b"\n")[2] == b"protect: key"
    key, kek_id = unseal(path, PROTECTION)
    assert kek.name == f"local:{kek_id.hex()}"
    [wrapped] = kek.wrap([KEYS[1]])
    header, nonce, sealed = wrapped[:17], wrapped[17:29], wrapped[29:]
    assert len(wrapped) == 77
    assert header == b"\x01" + kek_id
    label = b"fieldvault/v1/local-kek-wrap"
    aad = bytes([0, 0, 0, 2, 0, 0, 0, len(label)]) + label + bytes([0, 0, 0, 17]) + header
    assert AESGCM(key).decrypt(nonce, sealed, aad) == KEYS[1]


def test_the_protection_key_is_argon2id_of_the_passphrase(path: Path) -> None:
    LocalKek.create(path, Passphrase("gr\u00fcn", argon2=CHEAPEST))
    line = path.read_text().splitlines()[2]
    assert line.startswith("protect: argon2id m=8192 t=1 p=1 salt=")
    salt = base64.urlsafe_b64decode(line[-22:] + "==")
    derived = hash_secret_raw(b"gr\xc3\xbcn", salt, 1, 8192, 1, 32, Type.ID, 0x13)
    _, kek_id = unseal(path, derived)
    assert LocalKek.open(path, Passphrase("gr\u00fcn")).name == f"local:{kek_id.hex()}"


def test_the_default_is_what_rfc_9106_recommends(path: Path) -> None:
    LocalKek.create(path, Passphrase("x"))
    assert path.read_text().splitlines()[2].startswith("protect: argon2id m=65536 t=3 p=4 salt=")


def test_every_file_has_its_own_nonce_and_salt(tmp_path: Path) -> None:
    """With one nonce under one protection key, two files would give each other away."""
    for number in range(20):
        LocalKek.create(tmp_path / f"key-{number}", protection())
        LocalKek.create(tmp_path / f"passphrase-{number}", Passphrase("x", argon2=CHEAPEST))
    files = [path.read_text().splitlines() for path in tmp_path.iterdir()]
    assert len({lines[3][:24] for lines in files}) == 40
    assert len({lines[2] for lines in files}) == 21


def test_every_wrap_has_its_own_nonce(kek: LocalKek) -> None:
    assert len({wrapped[17:29] for wrapped in kek.wrap([KEYS[0]] * 1000)}) == 1000


def test_every_bit_of_a_wrapped_key_counts(kek: LocalKek) -> None:
    [wrapped] = kek.wrap([KEYS[1]])
    number = int.from_bytes(wrapped, "big")
    flipped = [(number ^ 1 << bit).to_bytes(77, "big") for bit in range(77 * 8)]
    assert all(isinstance(outcome, KeyWrapRefused) for outcome in kek.unwrap(flipped))


def test_every_truncation_and_extension_of_a_wrapped_key_is_refused(kek: LocalKek) -> None:
    [wrapped] = kek.wrap([KEYS[1]])
    others = [wrapped[:n] for n in range(77)] + [wrapped[n:] for n in range(1, 77)]
    others += [wrapped + b"\0", b"\0" + wrapped, wrapped + wrapped]
    assert all(isinstance(outcome, KeyWrapRefused) for outcome in kek.unwrap(others))
    for other in others:
        with pytest.raises(KeyWrapRefused):
            kek.version_of(other)


@pytest.mark.parametrize("odd", [None, "", "x" * 77, bytearray(77), 7, "vault:v1:" + "A" * 80])
def test_what_is_not_bytes_is_refused(kek: LocalKek, odd: object) -> None:
    [outcome] = kek.unwrap([odd])  # type: ignore[list-item]
    assert isinstance(outcome, KeyWrapRefused)
    with pytest.raises(KeyWrapRefused):
        kek.version_of(odd)  # type: ignore[arg-type]


def test_one_bad_item_does_not_spoil_the_others(kek: LocalKek) -> None:
    wrapped = kek.wrap(KEYS)
    wrapped[2] = wrapped[2][:-1] + bytes([wrapped[2][-1] ^ 1])
    outcomes = kek.unwrap(wrapped)
    assert isinstance(outcomes[2], KeyWrapRefused)
    assert [*outcomes[:2], *outcomes[3:]] == [*KEYS[:2], *KEYS[3:]]
    assert outcomes[2].__traceback__ is None
    assert outcomes[2].__context__ is None


def test_another_local_kek_refuses_and_says_so(kek: LocalKek, tmp_path: Path) -> None:
    other = LocalKek.create(tmp_path / "other.kek", protection())
    assert other.name != kek.name
    [outcome] = other.unwrap(kek.wrap([KEYS[0]]))
    assert isinstance(outcome, KeyWrapRefused)
    assert "another local KEK" in outcome.message
    # Even with its own id put in front, the key that it never wrapped stays closed.
    [wrapped] = kek.wrap([KEYS[0]])
    [outcome] = other.unwrap([b"\x01" + bytes.fromhex(other.name[6:]) + wrapped[17:]])
    assert isinstance(outcome, KeyWrapRefused)


def test_there_is_one_version(kek: LocalKek) -> None:
    [wrapped] = kek.wrap([KEYS[0]])
    assert kek.version_of(wrapped) == 1
    for first in {*range(256)} - {1}:
        with pytest.raises(KeyWrapRefused):
            kek.version_of(bytes([first]) + wrapped[1:])


@pytest.mark.parametrize("bad", [b"", b"x" * 31, b"x" * 33, "x" * 32, None, bytearray(32)])
def test_only_keys_of_32_bytes_are_wrapped(kek: LocalKek, bad: object) -> None:
    with pytest.raises(KekMisconfigured, match="item 1 "):
        kek.wrap([KEYS[0], bad])  # type: ignore[list-item]


def test_both_ways_to_a_local_kek_warn_and_point_at_the_caller(path: Path) -> None:
    with pytest.warns(LocalKekWarning, match="for development") as created:
        LocalKek.create(path, protection())
    with pytest.warns(LocalKekWarning, match="for development") as opened:
        LocalKek.open(path, protection())
    assert [w.filename for w in [*created, *opened]] == [__file__, __file__]


def test_where_the_warning_is_an_error_nothing_is_created(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LocalKekWarning):
            LocalKek.create(path, protection())
    assert not list(path.parent.iterdir())


def test_cannot_be_pickled_or_printed(kek: LocalKek) -> None:
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(kek)
    assert repr(kek) == f"<LocalKek {kek.name}>"


def test_a_bare_passphrase_is_no_protection(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Passphrase or a ProtectionKey"):
        LocalKek.create(path, "correct horse")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="Passphrase or a ProtectionKey"):
        LocalKek.open(path, "correct horse")  # type: ignore[arg-type]
    assert not path.exists()
