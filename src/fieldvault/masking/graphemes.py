"""What a reader takes for one character: near enough to Unicode's UAX #29 that no mask cuts one in two.

Cuts too few rather than too many: two characters taken for one hide more.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_CONJOINING = range(0x1100, 0x1200)
_LONGEST = 16
"""In code points. A longer one is no character but a text dressed up as one; see `graphemes`."""


def graphemes(text: str) -> list[str] | None:
    """The characters of `text` as readers see them; None where one is a text in disguise."""
    found: list[str] = []
    for one in text:
        if found and _continues(found[-1], one):
            found[-1] += one
            if len(found[-1]) > _LONGEST:
                return None
        else:
            found.append(one)
    return found


def _continues(before: str, one: str) -> bool:
    last, point = before[-1], ord(one)
    if one == _JOINER or last == _JOINER or unicodedata.category(one).startswith("M"):
        return True
    if point in _FLAG_LETTERS:
        return len(before) == 1 and ord(last) in _FLAG_LETTERS
    if point in _CONJOINING:  # the parts of a Hangul syllable: leading ones begin it, vowels and finals go on
        return point >= 0x1160 and (ord(last) in _CONJOINING or 0xAC00 <= ord(last) <= 0xD7A3)
    return point in _SKIN_TONES
