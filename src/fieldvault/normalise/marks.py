"""Runs of combining marks that no writing has, and that cost quadratic time.

Putting marks in canonical order takes time in the square of their run's length: a megabyte of them half an hour.
No language stacks more than a few; Unicode's stream-safe format (UAX #15 §13) stops at 30.
"""

from __future__ import annotations

import re
from unicodedata import combining, normalize

MAX_MARKS = 256

DEFAULT_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The code points of Unicode's property Default_Ignorable_Code_Point, as the inside of a character class."""


def has_too_many_marks(text: str) -> bool:
    """Whether more than 256 code points in a row are marks, decompose to marks, or are Default_Ignorable.

    Those last ones because removing them joins the marks around them.
    """
    if len(text) <= MAX_MARKS:
        return False
    marks = "".join(one for one in set(text) if combining(normalize("NFKD", one)[0]))
    run = rf"[{marks}{DEFAULT_IGNORABLE}]{{{MAX_MARKS + 1}}}"
    return bool(marks) and re.search(run, text) is not None
