"""Runs of marks that would cost quadratic time are refused; what any writing has is not."""

from __future__ import annotations

import pytest

from fieldvault.errors import NotIndexable
from fieldvault.normalise import EMAIL, IDENTIFIER, NAME, NAME_LATIN, NAME_UNACCENTED, POSTCODE, TEXT, Normaliser
from fieldvault.normalise.marks import MAX_MARKS, has_too_many_marks

RUNS = {
    "marks": "\u0301\u0323",
    "joined when the invisible ones go": "\u0301\u034f\u0323\u200d",
    "that only their compatibility form has": "\uff9e\u0301",
    "that begin as letters": "\u0f73\u0301",
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_is_refused_from_257_on(run: str) -> None:
    marks = (run * MAX_MARKS)[: MAX_MARKS + 1]
    assert has_too_many_marks(f"a{marks}b")
    assert not has_too_many_marks(f"a{marks[:-1]}b{marks[:-1]}")


@pytest.mark.parametrize(
    "normaliser", [TEXT, NAME, NAME_UNACCENTED, NAME_LATIN, EMAIL, POSTCODE, IDENTIFIER], ids=repr
)
def test_every_normaliser_refuses_it_at_once(normaliser: Normaliser[str]) -> None:
    with pytest.raises(NotIndexable, match="combining marks in a row"):
        normaliser.normalise("\u0301\u0323" * 250_000)


@pytest.mark.parametrize("text", ["نِيِّ" * 200, "ก็ู้" * 200, "x" * 2_000, "\u200d" * 200 + "\u0301" * 56])
def test_ordinary_text_is_not(text: str) -> None:
    assert not has_too_many_marks(text)
    TEXT.normalise(text)
