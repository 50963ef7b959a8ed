"""date, datetime and time, as ISO 8601 text with always six digits of a second.

Rules of this file:

1. Naive and aware are two types. `DatetimeCodec` takes both and gives back what went in; a field that must be
   one of them declares `NaiveDatetime` or `AwareDatetime`.
2. An aware value comes back with its offset, not with its zone's name: the same wall clock, the same instant.
   An offset of zero comes back as `datetime.UTC`.
3. `fold` is not kept. For an aware value the offset already says what it said.
4. A tzinfo that gives no offset is refused: it would be lost, and the value is naive by Python's rules anyway.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import TypeVar

from fieldvault.codec import plaintext
from fieldvault.codec.base import ScalarCodec, attempt, require_tag, wrong_type
from fieldvault.errors import DecodeError, ValueRefused

# What fromisoformat reads differs from one Python to the next, and it cuts off a seventh digit without a word.
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?)?"
_TIME_TEXT = re.compile(_TIME, re.ASCII)
_DATETIME_TEXT = re.compile(rf"\d{{4}}-\d\d-\d\d[T ]{_TIME}", re.ASCII)
_TINY_OFFSET = re.compile(r"(?P<sign>[+-])00:00:00\.(?P<micros>[0-9]{6})\Z")

M = TypeVar("M", datetime, time)


class NaiveDatetime:
    """Declares a datetime field whose values have no offset."""


class AwareDatetime:
    """Declares a datetime field whose values have an offset."""


class DateCodec(ScalarCodec[date]):
    """`YYYY-MM-DD`. A datetime is not a date."""

    tag = plaintext.DATE
    name = "date"
    python_type = date
    refuses = (datetime,)

    def encode(self, value: object) -> bytes:
        if not self.accepts(value):
            raise wrong_type("date", value)
        return b"\x07" + date.isoformat(value).encode()  # type: ignore[arg-type]

    def decode_body(self, body: bytes) -> date:
        value = attempt(lambda: date.fromisoformat(body.decode("ascii")), ValueError)
        if value is None or value.isoformat().encode() != body:
            raise DecodeError("a date's bytes are not YYYY-MM-DD")
        return value

    def parse_many(self, typed: Sequence[bytes]) -> list[date]:
        return [date.fromisoformat(one[1:].decode()) for one in typed]

    def to_text(self, value: date) -> str:
        return date.isoformat(value)

    def from_text(self, text: str) -> date:
        value = attempt(lambda: date.fromisoformat(text), ValueError)
        if value is None or value.isoformat() != text:
            raise ValueRefused("the text is not a date", hint="write YYYY-MM-DD")
        return value


class _AnyDatetimeCodec(ScalarCodec[datetime]):
    """What the three datetime codecs share; they differ in the tags they take."""

    python_type = datetime
    tags: tuple[int, ...]

    def encode(self, value: object) -> bytes:
        if not isinstance(value, datetime):
            raise wrong_type(self.name, value)
        tag = _tag_of(value)
        if tag not in self.tags:
            found = "an aware" if tag == plaintext.AWARE_DATETIME else "a naive"
            raise ValueRefused(
                f"expected a {self.name}, got {found} one", hint="the field's declaration says which"
            )
        if type(value) is datetime:
            text: str | None = value.isoformat(timespec="microseconds")
        else:
            text = _isoformat_of_subclass(value)
        if text is None:
            raise ValueRefused(f"a {type(value).__name__} that a datetime cannot hold exactly")
        return bytes((tag,)) + text.encode()

    def decode(self, typed: bytes) -> datetime:
        typed = plaintext.unpad(typed)
        require_tag(typed, self.tags, self.name)
        value = self.decode_body(typed[1:])
        if _tag_of(value) != typed[0]:
            raise DecodeError("a datetime's type byte and its offset contradict each other")
        return value

    def decode_body(self, body: bytes) -> datetime:
        value = attempt(lambda: _parse(datetime, body.decode("ascii")), ValueError)
        if value is None or value.isoformat(timespec="microseconds").encode() != body:
            raise DecodeError("a datetime's bytes are not YYYY-MM-DDTHH:MM:SS.ffffff with or without an offset")
        return value

    def parse_many(self, typed: Sequence[bytes]) -> list[datetime]:
        return [datetime.fromisoformat(one[1:].decode()) for one in typed]

    def to_text(self, value: datetime) -> str:
        return datetime.isoformat(value)

    def from_text(self, text: str) -> datetime:
        value = attempt(lambda: _parse(datetime, text), ValueError) if _DATETIME_TEXT.fullmatch(text) else None
        if value is None or _tag_of(value) not in self.tags:
            raise ValueRefused(
                f"the text is not a {self.name}", hint="write YYYY-MM-DDTHH:MM:SS[.ffffff][+HH:MM]; Z is +00:00"
            )
        return value


class NaiveDatetimeCodec(_AnyDatetimeCodec):
    """A datetime without an offset."""

    tag = plaintext.NAIVE_DATETIME
    tags = (plaintext.NAIVE_DATETIME,)
    name = "naive datetime"


class AwareDatetimeCodec(_AnyDatetimeCodec):
    """A datetime with an offset."""

    tag = plaintext.AWARE_DATETIME
    tags = (plaintext.AWARE_DATETIME,)
    name = "aware datetime"


class DatetimeCodec(_AnyDatetimeCodec):
    """A datetime of either kind; the type byte says which. `tag` is the naive one's."""

    tag = plaintext.NAIVE_DATETIME
    tags = (plaintext.NAIVE_DATETIME, plaintext.AWARE_DATETIME)
    name = "datetime"


class TimeCodec(ScalarCodec[time]):
    """`HH:MM:SS.ffffff`, with the offset where the time has one."""

    tag = plaintext.TIME
    name = "time"
    python_type = time

    def encode(self, value: object) -> bytes:
        if not isinstance(value, time):
            raise wrong_type("time", value)
        if value.tzinfo is not None and value.utcoffset() is None:
            raise ValueRefused(
                "a time whose zone gives it no offset",
                hint="only a date fixes it: use a fixed offset or a datetime",
            )
        return b"\x0a" + time.isoformat(value, timespec="microseconds").encode()

    def decode_body(self, body: bytes) -> time:
        value = attempt(lambda: _parse(time, body.decode("ascii")), ValueError)
        if value is None or value.isoformat(timespec="microseconds").encode() != body:
            raise DecodeError("a time's bytes are not HH:MM:SS.ffffff with or without an offset")
        return value

    def parse_many(self, typed: Sequence[bytes]) -> list[time]:
        return [time.fromisoformat(one[1:].decode()) for one in typed]

    def to_text(self, value: time) -> str:
        return time.isoformat(value)

    def from_text(self, text: str) -> time:
        value = attempt(lambda: _parse(time, text), ValueError) if _TIME_TEXT.fullmatch(text) else None
        if value is None:
            raise ValueRefused("the text is not a time", hint="write HH:MM:SS[.ffffff][+HH:MM]; Z is +00:00")
        return value


def _parse(kind: type[M], text: str) -> M:
    """`kind.fromisoformat(text)`, also where the offset is less than a second, which CPython reads as UTC.

    Raises `ValueError`.
    """
    tiny = _TINY_OFFSET.search(text)
    if tiny is None:
        return kind.fromisoformat(text)
    offset = timedelta(microseconds=int(tiny["sign"] + tiny["micros"]))
    return kind.fromisoformat(text[: tiny.start()]).replace(tzinfo=timezone(offset))


def _tag_of(value: datetime) -> int:
    if value.tzinfo is None:
        return plaintext.NAIVE_DATETIME
    if value.utcoffset() is None:
        raise ValueRefused("a datetime whose zone gives it no offset", hint="leave tzinfo out, or use a real zone")
    return plaintext.AWARE_DATETIME


def _isoformat_of_subclass(value: datetime) -> str | None:
    """None where a plain datetime differs: pandas.Timestamp counts nanoseconds, and NaT is a datetime, too."""
    # datetime.isoformat, not value.isoformat: pandas writes nine digits.
    text = attempt(lambda: datetime.isoformat(value, timespec="microseconds"), ValueError, TypeError)
    plain = attempt(lambda: _parse(datetime, text or "").replace(tzinfo=None), ValueError)
    return text if plain is not None and plain == value.replace(tzinfo=None) else None
