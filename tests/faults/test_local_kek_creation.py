"""Whatever happens while a local KEK is created, its file is there whole or not at all, and one of several wins."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fieldvault.errors import FieldvaultError, KekMisconfigured
from fieldvault.kek.local import LocalKek, ProtectionKey

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

KEY = secrets.token_urlsafe(32)
CALLS = ("open", "fchmod", "fsync", "link", "unlink", "close")

CREATE_AND_DIE = f"""
import os, signal, sys, warnings
from pathlib import Path
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey

path, step = Path(sys.argv[1]), int(sys.argv[2])

def deadly(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        global step
        if step == 0:
            print(name, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        step -= 1
        return real(*args, **kwargs)
    setattr(os, name, call)

warnings.simplefilter("ignore")
for name in {CALLS!r}:
    deadly(name)
LocalKek.create(path, ProtectionKey(Environment("A_SECRET")))
print("survived")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dev.kek"


def create_and_die(path: Path, step: int) -> str:
    """Which system call `kill -9` came before: the `step`-th of those that `create` makes."""
    command = [sys.executable, "-c", CREATE_AND_DIE, str(path), str(step)]
    environment = {**os.environ, "A_SECRET": KEY}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == (0 if run.stdout == "survived\n" else -signal.SIGKILL), run.stderr
    return run.stdout.strip()


def test_killed_at_any_step_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    died_before = []
    for step in range(20):
        folder = tmp_path / str(step)
        folder.mkdir()
        path = folder / "dev.kek"
        died_before.append(create_and_die(path, step))
        linked = "link" in died_before[:-1]
        assert path.exists() == linked
        if linked:
            LocalKek.open(path, ProtectionKey(KEY))
        else:
            LocalKek.create(path, ProtectionKey(KEY))
        if died_before[-1] == "survived":
            break
    # The bytes are synced before they get their name, and the name is synced before `create` returns.
    assert died_before == ["open", "fchmod", "fsync", "link", "unlink", "open", "fsync", "close", "survived"]


@pytest.mark.parametrize(("call", "number"), [("open", 1), ("fchmod", 1), ("fsync", 1), ("link", 1)])
def test_a_failing_disk_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    fail_at(monkeypatch, call, number)
    with pytest.raises(KekMisconfigured, match=os.strerror(errno.ENOSPC)):
        LocalKek.create(path, ProtectionKey(KEY))
    monkeypatch.undo()
    assert not list(path.parent.iterdir())
    LocalKek.create(path, ProtectionKey(KEY))


def test_if_only_the_directory_cannot_be_synced_the_file_is_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, "fsync", 2)
    with pytest.raises(KekMisconfigured, match=os.strerror(errno.ENOSPC)):
        LocalKek.create(path, ProtectionKey(KEY))
    monkeypatch.undo()
    LocalKek.open(path, ProtectionKey(KEY))


def fail_at(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    """Make the `number`-th call of `os.<call>` fail as if the disk were full."""
    real: Callable[..., object] = getattr(os, call)
    left = [number]

    def failing(*args: object, **kwargs: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, call, failing)


def test_of_several_who_create_at_once_one_wins(path: Path) -> None:
    threads = 16
    start = threading.Barrier(threads)

    def key_when_all_have_seen_that_there_is_no_file() -> str:
        start.wait(60)
        return KEY

    def create(_: int) -> LocalKek | FieldvaultError:
        try:
            return LocalKek.create(path, ProtectionKey(key_when_all_have_seen_that_there_is_no_file))
        except FieldvaultError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(create, range(threads)))
    winners = [outcome for outcome in outcomes if isinstance(outcome, LocalKek)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, KekMisconfigured)]
    assert (len(winners), len(losers)) == (1, threads - 1)
    assert all("exists already" in loser.message for loser in losers)
    assert LocalKek.open(path, ProtectionKey(KEY)).name == winners[0].name
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_never_sees_a_part(path: Path) -> None:
    """Whoever opens while another creates finds no file, or the whole one."""
    done = threading.Event()

    def read() -> set[str]:
        problems = set()
        while not done.is_set():
            try:
                LocalKek.open(path, ProtectionKey(KEY))
            except KekMisconfigured as error:
                problems.add(error.message)
        return problems

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            for _ in range(100):
                path.unlink(missing_ok=True)
                LocalKek.create(path, ProtectionKey(KEY))
        finally:
            done.set()
        assert reader.result() <= {f"there is no local KEK {path}"}
