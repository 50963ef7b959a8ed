"""`name-unaccented@1` and `name-latin@1`: names that are typed without their accents, or in Latin letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from unicodedata import normalize

from fieldvault.errors import MissingExtra, NotIndexable
from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.text import NAME

_DIACRITICS = re.compile("[\u0300-\u036f]+")
_LIBRARY_VERSION = "0.3.3"
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


class UnaccentedNameNormaliser(Normaliser[str]):
    """`name-unaccented@1`: `name@1`, then NFD without the combining diacritical marks U+0300 to U+036F, then NFC,
    then `name@1` again.

    José is Jose, Müller is Muller (not Mueller), й is и. Letters of their own stay: ł, ø. So do the vowel signs
    of Indic scripts and the points of Arabic and Hebrew, which are no accents.
    """

    name = "name-unaccented@1"

    def normalise(self, value: str) -> bytes:
        name = NAME.normalise(value)
        # Again, since a free-standing accent (U+00B4) leaves a space behind, or nothing.
        return name if name.isascii() else NAME.normalise(unaccented(name.decode()))


class LatinNameNormaliser(Normaliser[str]):
    """`name-latin@1`: `name@1`, transliterated to ASCII by anyascii 0.3.3, in lower case, each run of what is no
    letter or digit one space, trimmed.

    Coarse: many names of other scripts become one, and vowels that a script does not write are missing. Raises
    `NotIndexable` where nothing is left, `MissingExtra` unless that very release of anyascii is installed: another
    table would index the same name otherwise, and rows would be missed.
    """

    name = "name-latin@1"

    def normalise(self, value: str) -> bytes:
        latin = _NOT_LETTERS.sub(" ", _transliterate()(NAME.normalise(value).decode()).lower()).strip()
        if not latin:
            raise NotIndexable("nothing of the name can be written in Latin letters")
        return latin.encode()


def unaccented(text: str) -> str:
    """`text` without its combining diacritical marks, in NFC."""
    return normalize("NFC", _DIACRITICS.sub("", normalize("NFD", text)))


@cache
def _transliterate() -> Callable[[str], str]:
    try:
        from anyascii import anyascii
    except ImportError:
        raise MissingExtra("name-latin@1", extra="transliteration") from None
    if version("anyascii") != _LIBRARY_VERSION:
        raise MissingExtra(f"name-latin@1 is defined by anyascii {_LIBRARY_VERSION}; it", extra="transliteration")
    transliterate: Callable[[str], str] = anyascii
    return transliterate


NAME_UNACCENTED = UnaccentedNameNormaliser()
NAME_LATIN = LatinNameNormaliser()
