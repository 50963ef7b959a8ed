"""`name@1` and `text@1`: normal forms that Unicode itself defines.

Both are the same in every language with Unicode data of version 14 or newer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from fieldvault.core.batch import Packed, plain_names, plain_texts
from fieldvault.errors import NotIndexable
from fieldvault.normalise.base import Normaliser, text_of
from fieldvault.normalise.marks import DEFAULT_IGNORABLE

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000"
)
"""The code points of Unicode's property White_Space. (str.split and str.strip take four control codes more.)"""

_WHITE_SPACE_RUN = re.compile(f"[{WHITE_SPACE}]+")
_IGNORED = re.compile(f"[{DEFAULT_IGNORABLE}]+")


class TextNormaliser(Normaliser[str]):
    """`text@1`: NFC, in UTF-8, and nothing else; the empty text included.

    Exact but for canonical equivalence: "é" typed as one code point or as two is the same.
    """

    name = "text@1"

    def normalise(self, value: str) -> bytes:
        return normalize("NFC", text_of(value, self.name)).encode()

    def pack_many(self, values: Sequence[str]) -> Packed:
        return self._completed(values, plain_texts(values))


class NameNormaliser(Normaliser[str]):
    """`name@1`: what people take for the same name, whatever its case, width, spacing and invisible characters.

    In this order: remove every Default_Ignorable_Code_Point; NFD, full case folding, NFKC, full case folding,
    NFKC (the compatibility caseless match of Unicode §3.13 D146); make each run of White_Space one space; trim.
    Accents stay, and so do the forms of Arabic alef: José is not Jose. A text of white space only is refused.
    """

    name = "name@1"

    def normalise(self, value: str) -> bytes:
        text = text_of(value, self.name)
        folded = text.lower() if text.isascii() else fold_compatible(text)
        spaced = _WHITE_SPACE_RUN.sub(" ", folded).strip(" ")
        if not spaced:
            raise NotIndexable("the name is empty, or white space only", hint="leave it null instead")
        return spaced.encode()

    def pack_many(self, values: Sequence[str]) -> Packed:
        return self._completed(values, plain_names(values))


def fold_compatible(text: str) -> str:
    """Unicode's toNFKC_Casefold to its fixed point: without default ignorables, case and compatibility forms."""
    once = normalize("NFKC", normalize("NFD", _IGNORED.sub("", text)).casefold())
    return normalize("NFKC", once.casefold())


def fold_canonical(text: str) -> str:
    """NFC of the full case folding of NFD (the canonical caseless match of Unicode §3.13 D145)."""
    return normalize("NFC", normalize("NFD", text).casefold())


TEXT = TextNormaliser()
NAME = NameNormaliser()
