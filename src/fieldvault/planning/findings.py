"""What an observer of an index column learns, in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from fieldvault.planning.bounds import FEW_VALUES, MIN_POPULATION, coincidences
from fieldvault.planning.measure import IndexMeasure

HEAVY_SHARE = 0.05
"""A value that a twentieth of the rows have is known by its frequency alone: the commonest surname."""

FEW_ROWS = 16
"""So few rows say nothing about frequencies."""


class Severity(StrEnum):
    """How much somebody should care."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one index. `code` is stable, for programs."""

    severity: Severity
    code: str
    message: str


def findings(measure: IndexMeasure) -> list[Finding]:
    """What an observer learns, the gravest first; never empty."""
    spread = measure.spread
    if spread.rows < FEW_ROWS:
        return [_info("too-few-rows", f"{spread.rows} rows are too few to say anything about frequencies")]
    found: list[Finding] = []
    if spread.distinct < MIN_POPULATION:
        found.append(
            _warning(
                "few-values",
                f"only {spread.distinct} different values: public statistics tell which is which",
            )
        )
    elif spread.distinct < FEW_VALUES:
        found.append(_warning("few-values", f"{spread.distinct} different values can be told apart by counting"))
    heaviest = spread.share_of_most_frequent(1)
    if heaviest >= HEAVY_SHARE:
        found.append(
            _warning("heavy-value", f"one value has {heaviest:.1%} of the rows: its frequency shows which it is")
        )
    if measure.nulls:
        share = measure.nulls / (measure.nulls + spread.rows)
        found.append(_info("nulls", f"{measure.nulls:,} rows ({share:.1%}) are seen to have no value"))
    if measure.holds_sets:
        found.append(
            _warning(
                "sets-of-parts",
                "each cell shows how many different parts its value has, and which rows share a part: frequent "
                "words are known by their frequency, and short parts often tell the whole text",
            )
        )
    else:
        found.append(_about_collisions(measure))
    if spread.distinct < spread.rows:
        repeated = spread.rows - spread.values_by_count.get(1, 0)
        found.append(_info("equal-rows", f"{repeated:,} rows are seen to share their value with another row"))
    else:
        found.append(_info("all-different", "every row has a value of its own: no frequencies to learn from"))
    return sorted(found, key=lambda one: one.severity is Severity.INFO)


def _about_collisions(measure: IndexMeasure) -> Finding:
    distinct, bits = measure.spread.distinct, measure.bits
    # The column shows index values; behind 2^bits of them there are more values the fuller it is.
    slots = 2.0**bits
    if bits < 64 and distinct >= 0.999 * slots:
        return _info("collisions", f"all {int(slots):,} index values are in use: many values stand behind each")
    behind = -slots * math.log1p(-distinct / slots) if bits < 64 else float(distinct)
    expected = coincidences(round(behind), bits)
    if expected >= 1:
        return _info("collisions", f"about {expected:.1f} values share an index value: equality is blurred")
    return _info("exact-equality", "an index value stands for one value: rows seen as equal are equal")


def _info(code: str, message: str) -> Finding:
    return Finding(Severity.INFO, code, message)


def _warning(code: str, message: str) -> Finding:
    return Finding(Severity.WARNING, code, message)
