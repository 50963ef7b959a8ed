"""Passphrases and protection keys: where they may come from, and which of them open a file."""

from __future__ import annotations

import base64
import copy
import pickle
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2.exceptions import HashingError

from fieldvault.errors import ConfigurationError, KekMisconfigured
from fieldvault.kek.local import (
    CHEAPEST,
    Environment,
    LocalKek,
    Passphrase,
    ProtectionKey,
    SecretSource,
    protection,
)

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

KEY = secrets.token_urlsafe(32)
EITHER = r"the passphrase or key does not open the local KEK .* was altered"


def passphrase(source: SecretSource) -> Passphrase:
    return Passphrase(source, argon2=CHEAPEST)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.kek"


@pytest.mark.parametrize("wrong", ["correct hors", "correct horse ", "Correct horse", "correct horse\n", " "])
def test_a_wrong_passphrase_does_not_open(path: Path, wrong: str) -> None:
    LocalKek.create(path, passphrase("correct horse"))
    with pytest.raises(KekMisconfigured, match=EITHER):
        LocalKek.open(path, passphrase(wrong))


def test_a_wrong_key_does_not_open_and_says_the_same(path: Path) -> None:
    LocalKek.create(path, ProtectionKey(KEY))
    with pytest.raises(KekMisconfigured, match=EITHER):
        LocalKek.open(path, ProtectionKey(secrets.token_urlsafe(32)))


def test_two_spellings_of_one_text_are_one_passphrase(path: Path) -> None:
    composed, decomposed = "caf\u00e9 \u1e9b\u0323", "cafe\u0301 \u017f\u0323\u0307"
    assert composed != decomposed
    name = LocalKek.create(path, passphrase(decomposed)).name
    assert LocalKek.open(path, passphrase(composed)).name == name


def test_compatibility_forms_stay_different(path: Path) -> None:
    """NFC, not NFKC: a ligature is not its letters."""
    LocalKek.create(path, passphrase("\ufb01ne"))
    with pytest.raises(KekMisconfigured, match="does not open"):
        LocalKek.open(path, passphrase("fine"))


def test_each_kind_of_protection_says_that_the_other_is_needed(path: Path, tmp_path: Path) -> None:
    LocalKek.create(path, passphrase("x"))
    with pytest.raises(KekMisconfigured, match="is protected by a passphrase"):
        LocalKek.open(path, ProtectionKey(KEY))
    LocalKek.create(tmp_path / "other.kek", ProtectionKey(KEY))
    with pytest.raises(KekMisconfigured, match="is protected by a key"):
        LocalKek.open(tmp_path / "other.kek", passphrase("x"))


@pytest.mark.parametrize("make", [passphrase, ProtectionKey])
def test_every_source_gives_the_same_secret(
    make: Callable[[SecretSource], Passphrase | ProtectionKey],
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = LocalKek.create(path, make(KEY)).name
    monkeypatch.setenv("A_SECRET", KEY)
    sources: list[SecretSource] = [Environment("A_SECRET"), lambda: KEY]
    for number, end in enumerate(("", "\n", "\r\n")):
        file = tmp_path / f"secret-{number}"
        file.write_bytes(KEY.encode() + end.encode())
        sources.append(file)
    for source in sources:
        assert LocalKek.open(path, make(source)).name == name


def test_of_a_file_only_one_line_end_is_dropped(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b" two \n\n")
    name = LocalKek.create(path, passphrase(tmp_path / "secret")).name
    assert LocalKek.open(path, passphrase(" two \n")).name == name


def test_a_secret_is_read_when_it_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_SECRET", raising=False)
    late = ProtectionKey(Environment("A_SECRET"))
    with pytest.raises(KekMisconfigured, match="environment variable A_SECRET is not set"):
        LocalKek.create(path, late)
    monkeypatch.setenv("A_SECRET", KEY)
    LocalKek.create(path, late)


def lone_surrogate() -> str:
    return "x\ud800"


@pytest.mark.parametrize("bad", ["", lone_surrogate(), lambda: "", lambda: b"bytes", lambda: None])
def test_unusable_passphrases_are_refused_and_nothing_is_created(path: Path, bad: SecretSource) -> None:
    with pytest.raises(KekMisconfigured, match="the passphrase is"):
        LocalKek.create(path, passphrase(bad))
    assert not path.exists()


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff", b"x" * 4097])
def test_unusable_secret_files_are_refused(path: Path, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(KekMisconfigured, match="the passphrase is"):
        LocalKek.create(path, passphrase(tmp_path / "secret"))


MALFORMED_KEYS = {
    "padded": KEY + "=",
    "short": KEY[:-1],
    "long": KEY + "A",
    "31 bytes": secrets.token_urlsafe(31),
    "33 bytes": secrets.token_urlsafe(33),
    "standard alphabet": base64.b64encode(b"\xff" * 32).decode().rstrip("="),
    "white space": KEY + "\n",
    "trailing bits": "A" * 42 + "B",
    "foreign letter": "\u00e4" + KEY[1:],
    "hexadecimal": secrets.token_hex(32),
}


@pytest.mark.parametrize("bad", MALFORMED_KEYS.values(), ids=MALFORMED_KEYS)
def test_a_protection_key_has_one_spelling(path: Path, bad: str) -> None:
    with pytest.raises(KekMisconfigured, match="not 32 bytes in base64url"):
        LocalKek.create(path, ProtectionKey(bad))
    assert not path.exists()


@pytest.mark.parametrize("make", [Passphrase, ProtectionKey])
@pytest.mark.parametrize("bad", [None, 7, b"bytes"])
def test_a_source_of_another_type_is_refused(make: Callable[[object], object], bad: object) -> None:
    with pytest.raises(ConfigurationError, match=r"must be a str, a pathlib\.Path or a callable"):
        make(bad)


def test_want_of_memory_is_a_typed_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(**_: object) -> bytes:
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(protection, "hash_secret_raw", exhausted)
    with pytest.raises(KekMisconfigured, match="8192 KiB") as caught:
        LocalKek.create(path, passphrase("x"))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("secret", [passphrase("x"), ProtectionKey(KEY)])
def test_protections_cannot_be_pickled_or_copied(secret: object) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            attempt(secret)
