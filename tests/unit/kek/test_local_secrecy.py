"""Passphrases, KEKs, data keys and wrapped keys show in nothing that people or error reporters see.

Looked at: repr, str, pickle, logs, warnings, and of each exception its text, attributes, causes, contexts (even
suppressed) and the local variables of every frame of the package that its traceback holds.
"""

from __future__ import annotations

import base64
import functools
import logging
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import pytest
from argon2.exceptions import HashingError

import fieldvault
from fieldvault.errors import FieldvaultError
from fieldvault.kek.local import (
    CHEAPEST,
    Environment,
    LocalKek,
    LocalKekWarning,
    Passphrase,
    Protection,
    ProtectionKey,
    SecretSource,
)
from fieldvault.kek.local import protection as protection_module

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

PACKAGE = str(Path(fieldvault.__file__).parent)
PASSPHRASE = "canary-Zx9-passphrase"
RAW_KEK = b"canary-raw-kek-" + b"K" * 17
DATA_KEY = b"canary-data-key" + b"D" * 17
PROTECTION_KEY = b"canary-protection-key" + b"P" * 11
BINARY = bytes(range(256))
KEY_TEXT = base64.urlsafe_b64encode(PROTECTION_KEY).decode().rstrip("=")


def spellings(secret: bytes) -> list[str]:
    """How a secret might be printed; eight bytes of it are enough to be found."""
    part = secret[:15]
    return [repr(part)[2:-1], part.hex(), base64.b64encode(part).decode(), str(list(part))[1:-1]]


CANARIES = [s for secret in (PASSPHRASE.encode(), RAW_KEK, DATA_KEY, PROTECTION_KEY) for s in spellings(secret)]


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that hang on it, whether a traceback would show them or not."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    yield from seen


def shown(error: BaseException) -> str:
    parts = []
    for one in chain(error):
        parts += [str(one), repr(one), repr(one.args), repr(vars(one))]
        trace = traceback.TracebackException.from_exception(one, capture_locals=True)
        frames = [frame for frame in trace.stack if frame.filename.startswith(PACKAGE)]
        parts += [value for frame in frames for value in (frame.locals or {}).values()]
    return "\n".join(parts)


def assert_hides(text: str, *more: bytes) -> None:
    for canary in [*CANARIES, *(s for secret in more for s in spellings(secret))]:
        assert canary not in text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.kek"


@pytest.fixture
def known_kek(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new KEK is the canary."""
    draw = os.urandom
    monkeypatch.setattr(os, "urandom", lambda n: RAW_KEK if n == 32 else draw(n))


def sealed_of(content: bytes) -> list[bytes]:
    """The sealed KEK of a file: as it is there, and decoded."""
    text = content[content.index(b"sealed: ") + 8 :]
    return [text, base64.urlsafe_b64decode(text)]


def passphrase(source: SecretSource = PASSPHRASE) -> Passphrase:
    return Passphrase(source, argon2=CHEAPEST)


def test_the_search_finds_what_is_there() -> None:
    def leaky(secret: object) -> Never:
        raise FieldvaultError("no")

    # Pretend that this very frame is the package's.
    code = compile("def leak(secret, then):\n    then(secret)\n", PACKAGE + "/leaky.py", "exec")
    scope: dict[str, Callable[..., Never]] = {}
    exec(code, scope)
    for secret in (PASSPHRASE, RAW_KEK, DATA_KEY.hex(), [PROTECTION_KEY], KEY_TEXT, BINARY):
        with pytest.raises(FieldvaultError) as caught:
            scope["leak"](secret, leaky)
        with pytest.raises(AssertionError):
            assert_hides(shown(caught.value), BINARY)


def fail(call: Callable[[], object]) -> str:
    with pytest.raises(FieldvaultError) as caught:
        call()
    return shown(caught.value)


def read_fails(secret: str) -> str:
    raise FieldvaultError("the prompt was closed")


FAILING_PASSPHRASES = {
    "lone surrogate": lambda: PASSPHRASE + "\ud800",
    "bytes": lambda: PASSPHRASE.encode(),
    "prompt fails": functools.partial(read_fails, PASSPHRASE),
}


@pytest.mark.parametrize("source", FAILING_PASSPHRASES.values(), ids=FAILING_PASSPHRASES)
def test_unusable_passphrases(path: Path, source: SecretSource) -> None:
    assert_hides(fail(lambda: LocalKek.create(path, passphrase(source))))


@pytest.mark.parametrize("text", [KEY_TEXT + "=", KEY_TEXT[:-1], KEY_TEXT + "\u00e4", KEY_TEXT + KEY_TEXT])
def test_unusable_protection_keys(path: Path, text: str) -> None:
    assert_hides(fail(lambda: LocalKek.create(path, ProtectionKey(text))))


def test_unusable_secret_files(path: Path, tmp_path: Path) -> None:
    for content in (PASSPHRASE.encode() + b"\xff", PASSPHRASE.encode() * 400):
        (tmp_path / "secret").write_bytes(content)
        assert_hides(fail(lambda: LocalKek.create(path, passphrase(tmp_path / "secret"))))


def test_secrets_where_something_else_belongs(path: Path) -> None:
    assert_hides(fail(lambda: LocalKek.create(path, PASSPHRASE)))  # type: ignore[arg-type]
    assert_hides(fail(lambda: LocalKek.open(path, PASSPHRASE)))  # type: ignore[arg-type]
    assert_hides(fail(lambda: Passphrase(PASSPHRASE.encode())))  # type: ignore[arg-type]
    assert_hides(fail(lambda: ProtectionKey([PROTECTION_KEY])))  # type: ignore[arg-type]


def test_argon2_failing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*, secret: bytes, **_: object) -> bytes:
        raise HashingError(f"no memory for {secret!r}")

    monkeypatch.setattr(protection_module, "hash_secret_raw", exhausted)
    assert_hides(fail(lambda: LocalKek.create(path, passphrase())))


def test_the_disk_failing_when_the_kek_is_made(path: Path, known_kek: None) -> None:
    for protection in (passphrase(), ProtectionKey(KEY_TEXT)):
        assert_hides(fail(lambda by=protection: LocalKek.create(path / "missing" / "kek", by)))  # type: ignore[misc]


def test_wrong_secrets_and_altered_files(path: Path, known_kek: None) -> None:
    LocalKek.create(path, ProtectionKey(KEY_TEXT))
    content = path.read_bytes()
    sealed = sealed_of(content)
    other = ProtectionKey(base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="))
    assert_hides(fail(lambda: LocalKek.open(path, other)), *sealed)
    assert_hides(fail(lambda: LocalKek.open(path, passphrase())), *sealed)
    for altered in (content[:-1], content.replace(b"id: ", b"id: 0"), content.replace(b"v1", b"v2"), content * 2):
        path.write_bytes(altered)
        assert_hides(fail(lambda: LocalKek.open(path, ProtectionKey(KEY_TEXT))), *sealed)
    last = content[-2:-1]
    path.write_bytes(content[:-2] + (b"A" if last != b"A" else b"B") + b"\n")
    assert_hides(fail(lambda: LocalKek.open(path, ProtectionKey(KEY_TEXT))), *sealed)


def test_absurd_parameters_do_not_show_the_rest_of_the_file(path: Path) -> None:
    LocalKek.create(path, passphrase())
    content = path.read_bytes().replace(b"m=8192", b"m=8191")
    path.write_bytes(content)
    sealed = sealed_of(content)
    assert_hides(fail(lambda: LocalKek.open(path, passphrase())), *sealed)


def test_refused_keys(path: Path, known_kek: None) -> None:
    kek = LocalKek.create(path, ProtectionKey(KEY_TEXT))
    assert_hides(fail(lambda: kek.wrap([DATA_KEY, DATA_KEY + b"x"])))
    [wrapped] = kek.wrap([DATA_KEY])
    assert_hides(fail(lambda: kek.version_of(wrapped[:-1])), wrapped, wrapped[17:])
    for altered in (wrapped[:-1], wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"\x01" + bytes(16) + wrapped[17:]):
        [outcome] = kek.unwrap([altered])
        assert isinstance(outcome, FieldvaultError)
        assert_hides(shown(outcome), wrapped[17:])


def test_reprs_logs_and_warnings(
    path: Path, known_kek: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("A_SECRET", PASSPHRASE)
    protections: list[Protection] = [passphrase(), passphrase(Environment("A_SECRET")), ProtectionKey(KEY_TEXT)]
    shown = []
    for number, protection in enumerate(protections):
        with pytest.warns(LocalKekWarning) as warned:
            kek = LocalKek.create(path.with_name(str(number)), protection)
        kek.unwrap(kek.wrap([DATA_KEY]))
        for thing in (protection, protection._secret, protection._secret._source, kek, kek._key):
            shown += [repr(thing), str(thing), f"{thing}", repr(getattr(thing, "__dict__", None))]
            with pytest.raises(TypeError) as caught:
                pickle.dumps(thing)
            shown.append(str(caught.value))
        shown += [str(w.message) for w in warned]
    assert caplog.text == ""
    assert_hides("\n".join(shown))


def test_nothing_of_the_file_is_in_the_clear(path: Path, known_kek: None) -> None:
    both: list[Protection] = [passphrase(), ProtectionKey(KEY_TEXT)]
    for number, protection in enumerate(both):
        file = path.with_name(str(number))
        LocalKek.create(file, protection)
        content = file.read_bytes()
        assert_hides(content.decode())
        assert RAW_KEK[:8] not in sealed_of(content)[1]
