"""`phone@1`: one telephone line, however its number is written (E.164, by libphonenumber).

E.164 does not depend on the region that helped to read the number, so the region is no part of the name: an
index filled with British numbers is found from a form that assumes Jordan, if the number has its country code.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType

from fieldvault.errors import MissingExtra, NotIndexable, SchemaError
from fieldvault.normalise.base import Normaliser, text_of
from fieldvault.normalise.text import WHITE_SPACE

_LETTERS = re.compile(r"[^\W\d_]+")


class Phone(Normaliser[str]):
    """`phone@1`: E.164 in ASCII, and `;ext=` with the digits of the extension where there is one (RFC 3966).

    `default_region` is the ISO 3166-1 alpha-2 code of the country whose national numbers are meant where a number
    has no country code; None takes international numbers only. The length must be possible in full, area code
    included; whether the number is in use is not asked. Letters are refused but for a `tel:` in front and one
    word before an extension, because libphonenumber would dial them: `0791234567 mob` ends in 662.

    Raises `SchemaError` for a region that libphonenumber does not know, `MissingExtra` without phonenumbers.
    """

    name = "phone@1"

    def __init__(self, default_region: str | None) -> None:
        if default_region is not None and default_region not in _library().SUPPORTED_REGIONS:
            raise SchemaError(
                "the phone normaliser's region is not a country code", hint="two capital letters: GB, IN, JO, US"
            )
        self.default_region = default_region

    def normalise(self, value: str) -> bytes:
        library = _library()
        text = text_of(value, self.name)
        trimmed = text.strip(WHITE_SPACE)
        if trimmed[:4].lower() == "tel:":
            trimmed = trimmed[4:]
        try:
            number = library.parse(trimmed, self.default_region)
        except library.NumberParseException:
            number = None
        if number is None:
            hint = None if self.default_region else "without a default region only +… numbers can be read"
            raise NotIndexable("the text is not a telephone number", hint=hint)
        words = len(_LETTERS.findall(trimmed))
        if words > (1 if number.extension else 0):
            raise NotIndexable("the telephone number has letters in it", hint="write it in digits")
        if library.is_possible_number_with_reason(number) != library.ValidationResult.IS_POSSIBLE:
            raise NotIndexable(
                "the telephone number is too short, too long, or lacks its area code",
                hint=None if self.default_region else "write it with + and the country code",
            )
        e164: str = library.format_number(number, library.PhoneNumberFormat.E164)
        if number.extension:
            # The number's digits come back in ASCII; the extension's come back as they were typed.
            e164 += f";ext={library.normalize_digits_only(number.extension)}"
        return e164.encode("ascii")

    def normalise_part(self, value: str) -> bytes:
        """Its digits, in ASCII, and a `+` in front if there is one."""
        text = text_of(value, self.name).strip(WHITE_SPACE)
        digits: str = _library().normalize_digits_only(text)
        return (("+" if text.startswith(("+", "\uff0b")) else "") + digits).encode("ascii")

    def __repr__(self) -> str:
        return f"Phone(default_region={self.default_region!r})"


@cache
def _library() -> ModuleType:
    try:
        import phonenumbers
    except ImportError:
        raise MissingExtra("the phone normaliser", extra="search") from None
    return phonenumbers
