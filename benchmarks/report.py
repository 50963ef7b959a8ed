"""Tables of one workload: printed, written as JSON, drawn as SVG.

A ratio here is "so many times as fast as the base", round by round; a `limit` is what the project holds itself to.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rounds import Ratio, Timing, machine, ratio

from fieldvault.core.batch import CORE

FOLDER = Path(__file__).parent.parent / "docs" / "benchmarks"


@dataclass(frozen=True)
class Row:
    name: str
    microseconds: float
    """Median, for one item."""
    faster: Ratio | None
    """Than the base, round by round."""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """One comparison. `base` is the row that the others are compared with."""

    name: str
    title: str
    unit: str
    base: str
    rows: list[Row]
    extra: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict, repr=False)
    """Round by round, for other comparisons of this run; not written."""

    def __getitem__(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    def speedup(self, name: str, base: str | None = None) -> float:
        """How many times as fast as the base, this table's or another row; the median of the rounds."""
        return round(ratio(self.timings[base or self.base], self.timings[name]).median, 3)

    def cost(self, name: str, base: str | None = None) -> float:
        """How many times as long as the base; the median of the rounds."""
        return round(ratio(self.timings[name], self.timings[base or self.base]).median, 3)

    def show(self) -> None:
        print(f"\n{self.title}  [{CORE} core, {machine()}]")
        width = max(len(row.name) for row in self.rows)
        for row in self.rows:
            faster = f"{row.faster} times as fast" if row.faster else "base" if row.name == self.base else ""
            print(f"  {row.name:{width}}  {row.microseconds:10.3f} µs a {self.unit}   {faster:38} {row.note}")
        for name, value in self.extra.items():
            print(f"  {name}: {value}")

    def as_json(self) -> dict[str, Any]:
        return {"machine": machine(), "core": CORE, **asdict(replace(self, timings={}))}

    def write(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        written = {name: value for name, value in self.as_json().items() if name != "timings"}
        text = json.dumps(written, indent=1, ensure_ascii=False)
        (FOLDER / f"{self.name}.json").write_text(text + "\n")


def table(
    name: str,
    title: str,
    unit: str,
    timings: dict[str, Timing],
    items: float,
    base: str,
    notes: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Table:
    """A table of contenders that did the same number of items."""
    rows = [
        Row(
            contender,
            round(timing.per_item(items), 4),
            None if contender == base else ratio(timings[base], timing),
            (notes or {}).get(contender, ""),
        )
        for contender, timing in timings.items()
    ]
    return Table(name, title, unit, base, rows, extra or {}, timings)
