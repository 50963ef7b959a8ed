"""The output under way: gone whatever interrupts it, and on the disk before it has its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldvault.files.writing import partial
from fieldvault.files.writing.partial import PartialFile


def test_a_signal_at_the_moment_of_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def interrupted(*given: object) -> int:
        os.close(real(*given))  # type: ignore[arg-type]
        raise SystemExit(143)  # what the handler of SIGTERM raises, just after the file was made

    out = PartialFile(tmp_path / "out.csv")
    monkeypatch.setattr(partial.os, "open", interrupted)
    with pytest.raises(SystemExit):
        out.create()
    out.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("replace", [False, True])
def test_the_bytes_are_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    done: list[str] = []
    for name in ("fsync", "link", "rename", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *given, _name=name, _real=real, **more: (done.append(_name), _real(*given, **more))
        )
    out = PartialFile(tmp_path / "out.csv")
    out.create()
    out.write(b"whole")
    out.commit(replace=replace)
    assert (tmp_path / "out.csv").read_bytes() == b"whole"
    assert done[0] == "fsync", "the content"
    assert done[1] in ("link", "rename", "replace"), "then the name"
    assert done[-1] == "fsync", "then the folder"
