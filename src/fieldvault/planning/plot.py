"""How often the values of each index occur, by rank: the steeper the line, the more an observer learns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fieldvault.errors import ConfigurationError, MissingExtra
from fieldvault.planning.measure import IndexMeasure

FORMATS = (".svg", ".png")


def draw(measures: Sequence[IndexMeasure], file: Path) -> None:
    """One curve for each measure. Raises `ConfigurationError` for another suffix, `MissingExtra`, `OSError`."""
    if file.suffix not in FORMATS:
        raise ConfigurationError(f"a plot is {' or '.join(FORMATS)}, not {file.suffix or 'without suffix'}")
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("a plot", extra="plot") from None
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for measure in measures:
        ranks = list(measure.spread.ranks())
        if ranks:
            axes.plot(*zip(*ranks, strict=True), marker=".", label=f"{measure.column} ({measure.bits} bits)")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="rank of the index value",
        ylabel="rows that have it",
        title="What the frequencies of index values show",
    )
    if axes.lines:
        axes.legend()
    figure.savefig(file)
