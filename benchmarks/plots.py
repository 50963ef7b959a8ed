"""Plots of the tables, as SVG: bars of the cost of an item, or lines where the rows are sizes or threads."""

from __future__ import annotations

from typing import Any

from peers.base import library
from report import FOLDER, Table

OURS, THEIRS = "#0b6e4f", "#9aa5b1"
LINES = {"growth": "fields", "threads_list": "threads", "threads_tink": "threads", "threads_arrow": "threads"}


def draw(table: Table) -> None:
    """Write `docs/benchmarks/<table>.svg`: the same table gives the same file."""
    matplotlib = library("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = table.name  # else each run names its shapes anew
    matplotlib.rcParams["svg.fonttype"] = "none"
    pyplot = library("matplotlib.pyplot")
    lines = table.name in LINES
    figure, axes = pyplot.subplots(figsize=(8, 3.2 if lines else 0.9 + 0.32 * len(table.rows)))
    _lines(axes, table) if lines else _bars(axes, table)
    axes.set_title(table.title, loc="left", fontsize=11)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / f"{table.name}.svg", metadata={"Date": None})
    pyplot.close(figure)


def _bars(axes: Any, table: Table) -> None:
    rows = sorted(table.rows, key=lambda row: -row.microseconds)
    colours = [OURS if row.name.startswith("fieldvault") else THEIRS for row in rows]
    bars = axes.barh([row.name for row in rows], [row.microseconds for row in rows], color=colours)
    axes.bar_label(bars, [f"{row.microseconds:.3g}" for row in rows], padding=3, fontsize=8)
    if rows[0].microseconds > 20 * rows[-1].microseconds:
        axes.set_xscale("log")
    axes.set_xlabel(f"µs a {table.unit}, median", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.margins(x=0.12)


def _lines(axes: Any, table: Table) -> None:
    series: dict[str, list[tuple[int, float]]] = {}
    for row in table.rows:
        kind, _, size = row.name.rpartition(", ")
        number = int("".join(character for character in size if character.isdigit()))
        series.setdefault(kind, []).append((number, row.microseconds))
    for kind, points in series.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=kind or None)
    axes.set_ylim(bottom=0)
    if table.name == "growth":
        axes.set_xscale("log")
        axes.legend(fontsize=8)
    else:
        axes.set_xticks([number for number, _ in next(iter(series.values()))])
    axes.set_xlabel(LINES[table.name], fontsize=8)
    axes.set_ylabel(f"µs a {table.unit}", fontsize=8)
    axes.tick_params(labelsize=8)
