"""The demo's voice: steps, facts, and claims that are checked before they are made."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fieldvault.cli.console import printable


class Story:
    """Tells on stdout; `broken` counts the claims that did not hold."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self._steps = 0
        self.claims = 0
        self.broken = 0

    def step(self, title: str) -> None:
        self._steps += 1
        self._console.print()
        self._console.print(Text(f"{self._steps}. {title}", style="bold"))

    def tell(self, text: str, *, style: str = "") -> None:
        self._indented(Text(""), Text(printable(text), style=style))

    def claim(self, text: str, holds: bool) -> None:
        """Show a claim, with a tick if it holds; one that does not makes the demo fail."""
        self.claims += 1
        self.broken += not holds
        mark, style = ("✓", "green") if holds else ("✗ NOT TRUE:", "bold red")
        self._indented(Text(f"{mark} ", style=style), Text(printable(text)))

    def _indented(self, mark: Text, text: Text) -> None:
        if not self._console.is_terminal:
            self._console.print(Text("   ") + mark + text)
            return
        grid = Table.grid()
        grid.add_column(width=3 + len(mark))
        grid.add_column(overflow="fold")
        grid.add_row(Text("   ") + mark, text)
        self._console.print(grid)
