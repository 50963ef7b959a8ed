"""Data keys, subject keys and the KEK: rotated, rewrapped, moved, retired, shredded."""

from fieldvault.rotation.keys.counting import CountedTable, RowCounter, rows_by_counter
from fieldvault.rotation.keys.ending import Destroyed
from fieldvault.rotation.keys.epoch import EpochResult
from fieldvault.rotation.keys.operations import KeyOperations, RotateResult
from fieldvault.rotation.keys.rewrapping import RewrapResult
from fieldvault.rotation.keys.rotating import ROTATED_TOGETHER, RotateOutcome, ScopeRotation
from fieldvault.rotation.keys.subject_keys import SubjectsResult
from fieldvault.rotation.keys.work import KeyProgress

__all__ = [
    "ROTATED_TOGETHER",
    "CountedTable",
    "Destroyed",
    "EpochResult",
    "KeyOperations",
    "KeyProgress",
    "RewrapResult",
    "RotateOutcome",
    "RotateResult",
    "RowCounter",
    "ScopeRotation",
    "SubjectsResult",
    "rows_by_counter",
]
