"""Pages of the documentation as programs.

A page's blocks run in their order, in one empty folder:

    ```python           in one namespace for the whole page
    ```sh               by bash, with the virtual environment's programs
    ```toml NAME        (or csv, json, …) is written to the file NAME

A block without a language, or of `text`, is only read.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w+)(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    file: str | None
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(match[1], match[2], match[3], text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
        if match[1] != "text"
    ]


def run(page: Path, folder: Path, environment: dict[str, str]) -> int:
    """Run the page's blocks; how many there were. A block that fails raises with the page's line."""
    namespace: dict[str, object] = {"__name__": "__page__"}
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.file is not None:
            (folder / block.file).write_text(block.text)
        elif block.language == "python":
            padding = "\n" * block.line  # so that a traceback names the page's own line
            exec(compile(padding + block.text, str(page), "exec", dont_inherit=True), namespace)
        elif block.language == "sh":
            bin_folder = str(Path(sys.executable).parent)
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.text],
                cwd=folder,
                env=os.environ | environment | {"PATH": f"{bin_folder}:{os.environ['PATH']}"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{where}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        else:
            raise AssertionError(f"{where}: no way to run a block of {block.language}")
    return len(blocks(page))
