"""The file of a local KEK: who may read it, what may lie in its place, and that it is never overwritten."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldvault.errors import KekMisconfigured
from fieldvault.kek.local import LocalKek, ProtectionKey

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

PROTECTION = ProtectionKey(secrets.token_urlsafe(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.kek"


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_mode_is_0600_whatever_the_umask(path: Path, umask: None) -> None:
    LocalKek.create(path, PROTECTION)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_nlink == 1


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666, 0o777])
def test_a_file_open_to_others_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "with space.kek"
    LocalKek.create(path, PROTECTION)
    path.chmod(mode)
    with pytest.raises(KekMisconfigured, match=f"mode {mode:04o}") as caught:
        LocalKek.open(path, PROTECTION)
    assert caught.value.hint == f"chmod 600 '{path}'"
    path.chmod(0o600)
    LocalKek.open(path, PROTECTION)


def test_stricter_modes_are_fine(path: Path) -> None:
    LocalKek.create(path, PROTECTION)
    path.chmod(0o400)
    LocalKek.open(path, PROTECTION)


def test_nothing_is_overwritten(path: Path) -> None:
    LocalKek.create(path, PROTECTION)
    before = path.read_bytes()
    with pytest.raises(KekMisconfigured, match="exists already"):
        LocalKek.create(path, PROTECTION)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["empty file", "directory", "dangling link", "link"])
def test_whatever_has_the_name_stays(path: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    match kind:
        case "empty file":
            path.touch()
        case "directory":
            path.mkdir()
        case "dangling link":
            path.symlink_to(target)
        case "link":
            target.write_bytes(b"precious")
            path.symlink_to(target)
    before = os.lstat(path)
    asked_for_nothing = ProtectionKey(lambda: pytest.fail("it was clear that nothing could be created"))
    with pytest.raises(KekMisconfigured, match="exists already"):
        LocalKek.create(path, asked_for_nothing)
    assert os.lstat(path) == before
    assert kind == "link" or not target.exists()
    assert kind != "link" or target.read_bytes() == b"precious"


def test_nothing_is_written_through_a_link_planted_for_the_draft(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    (tmp_path / ".dev.kek.guessed.new").symlink_to(tmp_path / "target")
    with pytest.raises(KekMisconfigured):
        LocalKek.create(path, PROTECTION)
    assert not (tmp_path / "target").exists()
    assert not path.exists()


def test_a_link_is_followed_and_its_target_checked(path: Path, tmp_path: Path) -> None:
    """Orchestrators mount secrets as links; a link's own mode says nothing."""
    LocalKek.create(tmp_path / "real.kek", PROTECTION)
    path.symlink_to("real.kek")
    LocalKek.open(path, PROTECTION)
    (tmp_path / "real.kek").chmod(0o644)
    with pytest.raises(KekMisconfigured, match="mode 0644"):
        LocalKek.open(path, PROTECTION)


def test_a_missing_file_is_told_from_a_bad_one(path: Path) -> None:
    with pytest.raises(KekMisconfigured, match="there is no local KEK"):
        LocalKek.open(path, PROTECTION)


def test_a_directory_or_fifo_is_refused_without_waiting(path: Path, tmp_path: Path) -> None:
    path.mkdir(0o700)
    os.mkfifo(tmp_path / "fifo", 0o600)
    for odd in (path, tmp_path / "fifo", Path("/dev/null")):
        with pytest.raises(KekMisconfigured, match="not a regular file"):
            LocalKek.open(odd, PROTECTION)


def test_a_path_that_cannot_be_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for odd in (tmp_path / "missing" / "kek", tmp_path / "file" / "kek", tmp_path / ("x" * 300)):
        with pytest.raises(KekMisconfigured):
            LocalKek.open(odd, PROTECTION)
        with pytest.raises(KekMisconfigured, match="cannot be created"):
            LocalKek.create(odd, PROTECTION)


def test_paths_may_be_text(path: Path) -> None:
    name = LocalKek.create(str(path), PROTECTION).name
    assert LocalKek.open(str(path), PROTECTION).name == name
