"""`postcode@1` and `identifier@1`: codes that people write with and without spaces and separators.

Neither checks that the code exists, nor its check digit: a code stored with a slip is found by the same slip.
"""

from __future__ import annotations

import re
from unicodedata import decimal, normalize

from fieldvault.errors import NotIndexable
from fieldvault.normalise.base import Normaliser, text_of
from fieldvault.normalise.text import WHITE_SPACE

_DASHES = "\\-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_POSTCODE_SEPARATORS = re.compile(f"[{WHITE_SPACE}{_DASHES}]+")
_IDENTIFIER_SEPARATORS = re.compile(f"[{WHITE_SPACE}{_DASHES}./:_\u00b7]+")
_CODE = re.compile(r"[A-Z0-9]+")
_POSTCODE_LENGTHS = range(2, 13)
_IDENTIFIER_LENGTHS = range(1, 65)


class PostcodeNormaliser(Normaliser[str]):
    """`postcode@1`: NFKC, decimal digits of any script as ASCII, upper case, without White_Space and dashes.

    What is left must be 2 to 12 of A-Z and 0-9, or it is refused. The country is no part of it: index it with the
    postcode (a compound index) where 1010 in Vienna and 1010 in Lausanne must differ.
    """

    name = "postcode@1"

    def normalise(self, value: str) -> bytes:
        return _code(text_of(value, self.name), _POSTCODE_SEPARATORS, _POSTCODE_LENGTHS, "a postcode")


class IdentifierNormaliser(Normaliser[str]):
    """`identifier@1`: as `postcode@1`, also without `.`, `/`, `:`, `_` and `·`; 1 to 64 of A-Z and 0-9.

    For national identifiers, tax and account numbers, IBANs, card and passport numbers.
    """

    name = "identifier@1"

    def normalise(self, value: str) -> bytes:
        return _code(text_of(value, self.name), _IDENTIFIER_SEPARATORS, _IDENTIFIER_LENGTHS, "an identifier")


def _code(text: str, separators: re.Pattern[str], lengths: range, what: str) -> bytes:
    joined = separators.sub("", normalize("NFKC", separators.sub("", text)))
    code = joined if joined.isascii() else "".join(map(_ascii_digit, joined))
    # ASCII before upper(): the sharp s has the upper case SS, and must be refused, not read as two letters.
    code = code.upper() if code.isascii() else code
    if not _CODE.fullmatch(code):
        raise NotIndexable(f"the text is not {what}", hint="letters A to Z, digits, spaces and separators")
    if len(code) not in lengths:
        raise NotIndexable(f"{what} has {lengths[0]} to {lengths[-1]} letters and digits")
    return code.encode()


def _ascii_digit(character: str) -> str:
    digit = decimal(character, None)
    return character if digit is None else str(digit)


POSTCODE = PostcodeNormaliser()
IDENTIFIER = IdentifierNormaliser()
