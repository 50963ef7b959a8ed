"""A project made by `fieldvault init`, and the command run in this process or in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

CUSTOMERS = [
    {
        "customer_id": 1,
        "country": "IN",
        "name": "Asha Canary-Rao",
        "date_of_birth": "1980-02-03",
        "email": "asha.canary@example.com",
    },
    {
        "customer_id": 2,
        "country": "GB",
        "name": 'Tom "Canary" O\'Neil, Jr',
        "date_of_birth": None,
        "email": "Tom.Canary@Example.org",
    },
    {
        "customer_id": 3,
        "country": "JO",
        "name": "ليلى Canary",
        "date_of_birth": "1999-12-31",
        "email": "layla.canary@example.com",
    },
]

Run = Callable[..., Result]


@pytest.fixture
def customers() -> list[dict[str, Any]]:
    """Three customers for the schema of `init`'s template; every name and address has `canary` in it."""
    return [dict(row) for row in CUSTOMERS]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("FIELDVAULT_K", "FIELDVAULT_V", "FIELDVAULT_CONFIG", "VAULT_", "FORCE_COLOR", "TTY_")):
            monkeypatch.delenv(name)


@pytest.fixture
def run() -> Run:
    """`run("seal", …, stdin="…")`; its result has `exit_code`, `stdout` and `stderr`. No traceback."""
    from fieldvault.cli.app import app

    def invoke(*arguments: object, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, [str(one) for one in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """The current folder: initialised with a local KEK under a key, with `customers.jsonl` in it."""
    monkeypatch.chdir(tmp_path)
    made = run("init", "--protect", "key", "--key-file", "kek.key")
    assert made.exit_code == 0, made.output
    monkeypatch.setenv("FIELDVAULT_KEK_KEY_FILE", str(tmp_path / "kek.key"))
    lines = [json.dumps(row, ensure_ascii=False) for row in CUSTOMERS]
    (tmp_path / "customers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def sealed(project: Path, run: Run) -> Path:
    """`customers.jsonl` of the project, sealed for the tenant acme as JSON Lines."""
    result = run("seal", "customers.jsonl", "-o", "sealed.jsonl", "--tenant", "acme")
    assert result.exit_code == 0, result.output
    return project / "sealed.jsonl"


@pytest.fixture
def spawn() -> Callable[..., subprocess.Popen[str]]:
    """The command as a process of its own, its output captured."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        command = [sys.executable, "-m", "fieldvault", *map(str, arguments)]
        # Whoever runs the tests in the background has SIGINT ignored, which a child would inherit.
        heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(command, text=True, preexec_fn=heed, **streams)

    return start
