"""Lists and Arrow columns in, `Column`s through, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.codec import Codec
from fieldvault.columns.arrow import opened_array
from fieldvault.columns.arrow_library import is_arrow, to_list
from fieldvault.columns.column import Column
from fieldvault.columns.result import BatchResult
from fieldvault.errors import SchemaError
from fieldvault.pseudonyms.tokeniser import Tokeniser


def as_list(column: Any) -> Any:
    """An Arrow column as a list of Python values, null as None; anything else as it is."""
    return to_list(column) if is_arrow(column) else column


def to_column(tokeniser: Tokeniser, cells: Any, subjects: Any) -> Column:
    """The cells; where the tokeniser is per subject, (cell, subject) pairs.

    Raises `SchemaError` where either is no sequence, or subjects are missing, too many, or of no use.
    """
    check_sequence("values", cells)
    if not tokeniser.per_subject:
        if subjects is not None:
            raise SchemaError(f"{tokeniser.name}: a {tokeniser.kind} token does not depend on a subject")
        return Column(cells)
    if subjects is None:
        raise SchemaError(f"{tokeniser.name} is shifted per subject", hint="pass subjects=[…], one for each value")
    check_sequence("subjects", subjects)
    if len(subjects) != len(cells):
        raise SchemaError(f"{len(subjects)} subjects for {len(cells)} values")
    return Column([None if cell is None else (cell, who) for cell, who in zip(cells, subjects, strict=True)])


def result_of(tokeniser: Tokeniser, column: Column) -> BatchResult[Any]:
    """What came out, and the failures, which name the tokeniser."""
    failures = {at: error.in_field(tokeniser.name) for at, error in column.failures.items()}
    return BatchResult(column.spread(), failures)


def given_back_like(given: Any, codec: Codec[Any]) -> Callable[[list[Any]], Any]:
    """As a list or, for an Arrow column, as an Array in the Arrow type of `codec`."""
    return partial(_array, codec=codec) if is_arrow(given) else list


def _array(values: list[Any], codec: Codec[Any]) -> Any:
    result = attempt(opened_array, values, codec)
    del values
    return result.or_raise()


def check_sequence(what: str, given: object) -> None:
    """Raises `SchemaError` for what has no items by position."""
    if isinstance(given, str | bytes | Mapping) or not (
        hasattr(given, "__len__") and hasattr(given, "__getitem__")
    ):
        raise SchemaError(f"{what} must be a list, not a {type(given).__name__}", hint="list(…) makes one")
