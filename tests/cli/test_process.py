"""The command as a process: signals, terminals, pipes, missing packages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

ROWS = 60_000


@pytest.fixture
def big(project):
    """A file that takes seconds to seal."""
    row = {"country": "GB", "name": "canary", "date_of_birth": "2000-01-01"}
    with (project / "big.jsonl").open("w") as file:
        for number in range(ROWS):
            file.write(json.dumps({"customer_id": number, **row, "email": f"canary{number}@example.com"}) + "\n")
    return project


def _until(condition) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_killed_in_the_middle_leaves_no_output(big, spawn, number, code) -> None:
    before = {path.name for path in big.iterdir()}
    process = spawn("seal", "big.jsonl", "-o", "sealed.jsonl", "--tenant", "acme", cwd=big)
    _until(lambda: {path.name for path in big.iterdir()} - before - {"fieldvault-keys.db-journal"})
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert not (big / "sealed.jsonl").exists()
    assert "canary" not in err
    assert "Traceback" not in err
    if number != signal.SIGKILL:  # which nobody can tidy up after
        assert {path.name for path in big.iterdir()} == before


def test_pipe_has_no_progress_bar(project, spawn) -> None:
    process = spawn("seal", "customers.jsonl", "-o", "s.csv", "--tenant", "acme", cwd=project)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert "\r" not in err + out
    assert "\x1b" not in err + out


def _on_a_terminal(arguments: list[str], answers: list[tuple[str, str]], cwd) -> tuple[int, str]:
    """Run the command on a pseudo-terminal; when a text shows up, type the answer."""
    import pty

    main, worker = pty.openpty()
    # The child makes the terminal its own, as a login shell does: hidden questions are asked at /dev/tty.
    code = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "fieldvault", *arguments]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=worker,
        stdout=worker,
        stderr=worker,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(worker)
    seen, waiting = b"", list(answers)
    while True:
        try:
            more = os.read(main, 4096)
        except OSError:  # the other side is closed
            break
        if not more:
            break
        seen += more
        if waiting and waiting[0][0].encode() in seen.rpartition(b"\0")[2]:
            os.write(main, waiting.pop(0)[1].encode() + b"\n")
            seen += b"\0"
    os.close(main)
    return process.wait(timeout=60), seen.replace(b"\0", b"").decode()


def test_terminal_has_a_progress_bar(big) -> None:
    code, screen = _on_a_terminal(["seal", "big.jsonl", "-o", "s.jsonl", "--tenant", "acme"], [], big)
    assert code == 0
    assert "sealing" in screen
    assert f"{ROWS:,} rows" in screen


def test_passphrase_is_asked_for_and_not_echoed(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    answers = [("Passphrase of", "canary words"), ("The same again", "canary words")]
    code, screen = _on_a_terminal(["init"], answers, tmp_path)
    assert code == 0, screen
    assert "canary" not in screen
    code, screen = _on_a_terminal(["doctor"], answers[:1], tmp_path)
    assert code == 0, screen
    assert screen.count("Passphrase of") == 1
    assert "canary" not in screen
    code, screen = _on_a_terminal(["doctor"], [("Passphrase of", "others")], tmp_path)
    assert code == 1


def test_reader_that_goes_away_is_no_error(sealed, spawn) -> None:
    process = spawn("find", "email=asha.canary@example.com", *["sealed.jsonl"] * 200, "--tenant", "acme")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err


def _without(packages: str, *arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys\n"
        f"for name in {packages.split()!r}: sys.modules[name] = None\n"
        "from fieldvault.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, text=True, capture_output=True, cwd=cwd, timeout=60, check=False)


@pytest.mark.parametrize("packages", ["click", "rich"])
def test_without_the_cli_extra(packages) -> None:
    done = _without(packages, "--help")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "error: the command line needs packages that are not installed",
        "hint: pip install 'fieldvault[cli]'",
    ]


def test_help_needs_no_more_than_click_and_rich(tmp_path) -> None:
    done = _without("sqlalchemy hvac pyarrow faker email_validator phonenumbers", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    code = "import sys, fieldvault.cli.app; print({'sqlalchemy', 'hvac', 'pyarrow', 'argon2'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, timeout=60, check=True)
    assert loaded.stdout == "set()\n"


@pytest.mark.parametrize(
    ("packages", "extra", "arguments"),
    [
        ("faker", "demo", ["demo"]),
        ("sqlalchemy", "sql", ["keys", "list"]),
        ("pyarrow pyarrow.parquet", "arrow", ["inspect", "--file", "x.parquet", "--column", "c"]),
    ],
)
def test_missing_extra_is_named(project, packages, extra, arguments) -> None:
    (project / "x.parquet").write_bytes(b"")
    done = _without(packages, *arguments, cwd=project)
    assert done.returncode == 3
    assert f"pip install 'fieldvault[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
