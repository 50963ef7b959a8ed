"""What a blind index will show, before it is declared, and what it does show, on live data."""

from fieldvault.planning.bounds import MIN_POPULATION, Plan, plan
from fieldvault.planning.findings import Finding, Severity, findings
from fieldvault.planning.measure import IndexMeasure, measure_index
from fieldvault.planning.spread import Spread

__all__ = [
    "MIN_POPULATION",
    "Finding",
    "IndexMeasure",
    "Plan",
    "Severity",
    "Spread",
    "findings",
    "measure_index",
    "plan",
]
