"""What logs in: where secrets come from, and that they are never seen."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldvault.errors import ConfigurationError, FieldvaultError, KekMisconfigured
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit import AppRoleAuth, JwtAuth, KubernetesAuth, TokenAuth, VaultAuth
from fieldvault.kek.vault_transit.login_secret import MAX_SECRET_FILE_BYTES, Secret

CANARY = "hvs.CANARY-0451"


def no_exchange(send: Callable[[Any], Any]) -> Hidden[str]:
    raise AssertionError("no request is needed")


@pytest.mark.parametrize(
    "auth",
    [
        TokenAuth(CANARY),
        TokenAuth(lambda: CANARY),
        AppRoleAuth(CANARY, CANARY),
        KubernetesAuth("role", CANARY),
        JwtAuth("role", CANARY),
        Secret(CANARY, "token"),
        Hidden(CANARY),
    ],
    ids=lambda auth: type(auth).__name__,
)
def test_it_is_never_seen(auth: object) -> None:
    for text in (repr(auth), str(auth), f"{auth}", repr([auth]), repr({"auth": auth})):
        assert "CANARY" not in text
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError) as refused:
            duplicate(auth)
        assert "CANARY" not in str(refused.value)


def test_a_file_is_read_at_every_login(tmp_path: Path) -> None:
    file = tmp_path / "token"
    auth = TokenAuth(file)
    with pytest.raises(KekMisconfigured, match="cannot be read"):
        auth.log_in(no_exchange)
    for content in ("one", "two\n", "  three \r\n"):
        file.write_text(content)
        assert auth.log_in(no_exchange).reveal() == content.strip()


def test_a_callable_is_asked_at_every_login() -> None:
    tokens = iter(["one", "two"])
    auth = TokenAuth(lambda: next(tokens))
    assert [auth.log_in(no_exchange).reveal() for _ in range(2)] == ["one", "two"]


@pytest.mark.parametrize("bad", ["", " \n", f"{CANARY}\nX: y", f"{CANARY}é", f"{CANARY}\x00", f"{CANARY}\x7f"])
@pytest.mark.parametrize("kind", ["value", "file", "callable"])
def test_what_cannot_be_a_header_is_refused_unseen(tmp_path: Path, bad: str, kind: str) -> None:
    file = tmp_path / "token"
    file.write_text(bad)
    auth = TokenAuth({"value": bad, "file": file, "callable": lambda: bad}[kind])
    with pytest.raises(KekMisconfigured) as refused:
        auth.log_in(no_exchange)
    assert "CANARY" not in everything(refused.value)


def test_a_file_that_is_not_text_or_too_long(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00CANARY", b"CANARY" * MAX_SECRET_FILE_BYTES):
        (tmp_path / "token").write_bytes(content)
        with pytest.raises(KekMisconfigured) as refused:
            TokenAuth(tmp_path / "token").log_in(no_exchange)
        assert "CANARY" not in everything(refused.value)
    with pytest.raises(KekMisconfigured, match="cannot be read"):
        TokenAuth(tmp_path).log_in(no_exchange)


def test_a_callable_that_returns_something_else() -> None:
    with pytest.raises(KekMisconfigured, match="is not a str") as refused:
        TokenAuth(lambda: CANARY.encode()).log_in(no_exchange)  # type: ignore[arg-type, return-value]
    assert "CANARY" not in everything(refused.value)


def test_a_secret_of_the_wrong_type() -> None:
    with pytest.raises(ConfigurationError):
        TokenAuth(None)  # type: ignore[arg-type]
    with pytest.raises(KekMisconfigured, match="is not a str") as refused:
        TokenAuth(CANARY.encode()).log_in(no_exchange)  # type: ignore[arg-type]
    assert "CANARY" not in everything(refused.value)


@pytest.mark.parametrize("mount", ["", "../sys", "a?b"])
def test_mounts_are_checked(mount: str) -> None:
    makers: list[Callable[[], VaultAuth]] = [
        lambda: AppRoleAuth("a", "b", mount=mount),
        lambda: KubernetesAuth("a", "b", mount=mount),
        lambda: JwtAuth("a", "b", mount=mount),
    ]
    for make in makers:
        with pytest.raises(ConfigurationError):
            make()


def everything(error: FieldvaultError) -> str:
    """The error as a reporter sees it that collects local variables, from the library's frames on."""
    trace = error.__traceback__
    while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    assert error.__context__ is None
    return "".join(traceback.TracebackException(type(error), error, trace, capture_locals=True).format())
