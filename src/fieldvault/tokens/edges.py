"""The indexes of beginnings and endings: find rows by first or last characters (spec index-kinds-v1 §3.1, §3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from fieldvault.core.derive import IndexPlace
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise import Normaliser
from fieldvault.tokens.base import BlindIndex, Slot

MAX_LENGTH = 64


class _Pick(Protocol):
    def __call__(self, normalised: bytes, *, length: int) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class _EdgeIndex(BlindIndex):
    normaliser: Normaliser[Any]
    lengths: tuple[int, ...]
    bits: int = 128
    name: str = ""
    column: str | None = None

    def __post_init__(self) -> None:
        self._check()
        self._check_partial(self.normaliser)
        lengths = tuple(sorted(self.lengths))
        if not lengths or len(set(lengths)) < len(lengths) or not 1 <= lengths[0] <= lengths[-1] <= MAX_LENGTH:
            raise SchemaError(f"the lengths of the index {self.name} are distinct, from 1 to {MAX_LENGTH}")
        object.__setattr__(self, "lengths", lengths)

    def normalise_many(self, values: Sequence[Any]) -> Sequence[bytes]:
        normalised = self.normaliser.normalise_many(values)
        if not all(map(_is_text, normalised)):
            raise SchemaError(f"{self.normaliser.name} does not give text, which has a beginning and an end")
        return normalised

    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        part = self.normaliser.normalise_part(value)
        for slot in reversed(slots):  # the longest first
            picked = None if slot.pick is None else slot.pick(part)
            if picked is not None:
                return slot, [picked]
        raise NotIndexable(
            f"what is looked for is shorter than {self.lengths[0]} characters",
            hint="declare a shorter length, or ask for more characters",
        )

    def _slots(self, schema: str, field: str, kind: str, pick: _Pick) -> tuple[Slot, ...]:
        return tuple(
            Slot(
                f"{self._stem(field)}_{length}",
                IndexPlace(schema, field, self.name, self.normaliser.name, self.bits, kind=f"{kind}-{length}"),
                pick=partial(pick, length=length),
            )
            for length in self.lengths
        )

    def _normal_forms(self, wanted: Any, opened: Any) -> tuple[str, str] | None:
        try:
            part, whole = self.normaliser.normalise_part(wanted), self.normaliser.normalise(opened)
        except NotIndexable:
            return None
        return part.decode(), whole.decode()


@dataclass(frozen=True, slots=True)
class PrefixIndex(_EdgeIndex):
    """Finds the rows whose value begins with what is looked for.

    `lengths` says for how many first characters (of the normalised value) there is a column: `<field>_<name>_<n>`
    each. A look-up takes the longest that is not longer than what is looked for. A value that is shorter than a
    length has no value in its column.

    It leaks more than an exact index: which rows begin alike. The first two letters of names are few, and how often
    each occurs is well known, so short lengths tell many of them to whoever sees the column.
    """

    name: str = "prefix"

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        return self._slots(schema, field, "prefix", _first)

    def same(self, wanted: Any, opened: Any) -> bool:
        forms = self._normal_forms(wanted, opened)
        return forms is not None and bool(forms[0]) and forms[1].startswith(forms[0])


@dataclass(frozen=True, slots=True)
class SuffixIndex(_EdgeIndex):
    """Finds the rows whose value ends with what is looked for: the last four digits, the domain's end.

    As `PrefixIndex`, from the other end, and it leaks as much: of four digits there are ten thousand.
    """

    name: str = "suffix"

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        return self._slots(schema, field, "suffix", _last)

    def same(self, wanted: Any, opened: Any) -> bool:
        forms = self._normal_forms(wanted, opened)
        return forms is not None and bool(forms[0]) and forms[1].endswith(forms[0])


def _first(normalised: bytes, *, length: int) -> bytes | None:
    text = normalised[: 4 * length].decode(errors="ignore")[:length]  # four bytes a character at most
    return text.encode() if len(text) == length else None


def _last(normalised: bytes, *, length: int) -> bytes | None:
    text = normalised[-4 * length :].decode(errors="ignore")[-length:]
    return text.encode() if len(text) == length else None


def _is_text(normalised: bytes) -> bool:
    try:
        normalised.decode()
    except UnicodeDecodeError:
        return False
    return True
