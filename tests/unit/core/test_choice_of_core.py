"""The core that was asked for runs, or nothing does (`core/native.py`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugins.cores import NATIVE_IS_BUILT, NOT_BUILT

from fieldvault.core import native
from fieldvault.errors import ConfigurationError

if_built = pytest.mark.skipif(not NATIVE_IS_BUILT, reason=NOT_BUILT)
SAYS = "from fieldvault.core import batch; import sys; print(batch.CORE, 'fieldvault_native' in sys.modules)"


def chosen(core: str | None, *, path: Path | None = None, **others: str) -> subprocess.CompletedProcess[str]:
    """What a new process chooses; `path` goes before all other places for modules."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIELDVAULT_")} | others
    if core is not None:
        environment["FIELDVAULT_CORE"] = core
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join([str(path), environment.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", SAYS], env=environment, capture_output=True, text=True, check=False
    )


@if_built
@pytest.mark.parametrize("asked", [None, "", "native"])
def test_the_native_core_runs_where_it_is_installed(asked: str | None) -> None:
    done = chosen(asked)
    assert (done.returncode, done.stdout.split()) == (0, ["native", "True"]), done.stderr


def test_the_pure_core_runs_where_it_is_asked_for() -> None:
    done = chosen("python")
    assert (done.returncode, done.stdout.split()) == (0, ["python", "False"]), done.stderr


@pytest.mark.parametrize("asked", ["rust", "Python", " ", "native "])
def test_another_name_is_refused(asked: str) -> None:
    assert "ConfigurationError: FIELDVAULT_CORE must be" in chosen(asked).stderr


@pytest.mark.parametrize("asked", ["native", ""])
def test_a_native_core_that_is_missing_is_no_fall_back_where_it_was_asked_for(asked: str, tmp_path: Path) -> None:
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys; sys.modules['fieldvault_native'] = None\n")
    done = chosen(asked, path=tmp_path)
    if asked:
        assert "ConfigurationError: FIELDVAULT_CORE=native, but the native core is not installed" in done.stderr
    else:
        assert done.stdout.split()[:1] == ["python"]


@pytest.mark.parametrize("asked", [None, "native"])
def test_a_native_core_of_another_interface_is_refused(asked: str | None, tmp_path: Path) -> None:
    (tmp_path / "fieldvault_native.py").write_text("INTERFACE = 999\n")
    done = chosen(asked, path=tmp_path)
    assert done.returncode == 1
    assert "the installed fieldvault-native has interface 999, this release needs" in done.stderr
    assert "FIELDVAULT_CORE=python" in done.stderr, "the hint says what helps at once"


def test_a_native_core_that_cannot_be_loaded_is_not_taken_for_missing(tmp_path: Path) -> None:
    (tmp_path / "fieldvault_native.py").write_text("import a_library_that_is_not_there\n")
    done = chosen(None, path=tmp_path)
    assert done.returncode == 1
    assert "a_library_that_is_not_there" in done.stderr


@pytest.mark.parametrize("asked", ["0", "257", "-1", "two", "", "1.5", "٢"])
def test_threads_that_make_no_sense_are_refused(asked: str) -> None:
    assert "ConfigurationError" in chosen("python", FIELDVAULT_THREADS=asked).stderr


@pytest.mark.parametrize("count", [0, 257, -1, True, 1.0, "2", None])
def test_threads_by_call_are_refused_likewise(count: object) -> None:
    with pytest.raises(ConfigurationError, match="1 to 256"):
        native.use_threads(count)  # type: ignore[arg-type]


@if_built
def test_threads_are_what_was_set() -> None:
    code = (
        "import fieldvault as f, fieldvault_native as n; print(n.threads()); f.use_threads(5); print(n.threads())"
    )
    environment = {**os.environ, "FIELDVAULT_CORE": "native", "FIELDVAULT_THREADS": "3"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "5"]
