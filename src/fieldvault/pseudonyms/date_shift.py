"""Dates shifted by a number of days that is each subject's own, so that intervals hold (spec token-v1 §9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from fieldvault.codec import Codec, codec_for
from fieldvault.columns.column import Column
from fieldvault.errors import FieldvaultError, SchemaError, TokenMalformed, ValueRefused
from fieldvault.pseudonyms.one_way import KEY_BYTES, MacKey
from fieldvault.pseudonyms.tokeniser import Bench, Tokeniser, check_declaration, the_key

MAX_DAYS = 36_500
_SUBJECT_TYPES = (str, int, bytes, UUID)


@dataclass(frozen=True)
class DateShift(Tokeniser):
    """Every date of one subject is moved by the same number of days, from -`days` to `days`.

    `name` is shared by all columns whose intervals shall hold: admitted, discharged. `type` is `date` or
    `datetime`, whose time of day stays. Use `NeverZeroDateShift` where no date may stay as it is. Who knows one
    real date of a subject knows them all.
    """

    name: str
    days: int
    type: type[Any] = date
    version: int = 1
    kind: ClassVar[str] = "date-shift"
    says_version: ClassVar[bool] = False
    per_subject: ClassVar[bool] = True
    rule: ClassVar[str] = "any"

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        if type(self.days) is not int or not 1 <= self.days <= MAX_DAYS:
            raise SchemaError(f"{self.name}: days is 1 to {MAX_DAYS}")
        if self.type not in (date, datetime):
            raise SchemaError(f"{self.name}: the type is date or datetime")

    @property
    def codec(self) -> Codec[Any]:
        return codec_for(self.type)

    @property
    def token_codec(self) -> Codec[Any]:
        return codec_for(self.type)

    def parameters(self) -> Sequence[bytes]:
        return [self.days.to_bytes(2, "big"), self.rule.encode()]

    def check_values(self, column: Column) -> None:
        column.step(self._checked)

    def check_tokens(self, column: Column) -> None:
        column.step(self._checked)

    def tokenise(self, column: Column, bench: Bench) -> None:
        self._shift(column, bench, 1, _too_far)

    def detokenise(self, column: Column, bench: Bench) -> None:
        self._shift(column, bench, -1, _no_token)

    def shift_of(self, mac: MacKey, subject: bytes) -> int:
        """In days."""
        number = int.from_bytes(mac.mac_many([subject], 16)[0], "big")
        return number % (2 * self.days + 1) - self.days

    def _shift(self, column: Column, bench: Bench, sign: int, refused: Callable[[], FieldvaultError]) -> None:
        column.step(self._checked)
        mac = self.made(the_key(bench), bench.place, KEY_BYTES, MacKey)
        subjects = {subject for _, subject in column.values}
        shifts = {subject: timedelta(days=sign * self.shift_of(mac, subject)) for subject in subjects}
        column.step(lambda pairs: [_moved(value, shifts[subject], refused) for value, subject in pairs])

    def _checked(self, pairs: Sequence[tuple[Any, Any]]) -> list[tuple[Any, bytes]]:
        values = [value for value, _ in pairs]
        self.codec.encode_many(values)  # refuses other types
        return [(value, _subject_bytes(subject)) for value, subject in pairs]


@dataclass(frozen=True)
class NeverZeroDateShift(DateShift):
    """A `DateShift` that moves every date."""

    rule: ClassVar[str] = "never-zero"

    def shift_of(self, mac: MacKey, subject: bytes) -> int:
        number = int.from_bytes(mac.mac_many([subject], 16)[0], "big") % (2 * self.days)
        return number - self.days + (number >= self.days)


def _moved(value: Any, shift: timedelta, refused: Callable[[], FieldvaultError]) -> Any:
    try:
        moved = value + shift
    except OverflowError:
        moved = None
    if moved is None:
        raise refused()
    # Adding to a datetime forgets which of two equal wall-clock times is meant.
    return moved.replace(fold=value.fold) if isinstance(value, datetime) else moved


def _too_far() -> FieldvaultError:
    return ValueRefused("the date is too near to the first or last one that there is (years 1 and 9999)")


def _no_token() -> FieldvaultError:
    return TokenMalformed("no date is shifted to this one")


def _subject_bytes(subject: Any) -> bytes:
    kind = next((kind for kind in _SUBJECT_TYPES if isinstance(subject, kind)), None)
    typed = b"" if kind is None else codec_for(kind).encode(subject)
    if len(typed) < 2:
        raise ValueRefused("a date's subject is a str, int, bytes or UUID, and not empty")
    return typed
