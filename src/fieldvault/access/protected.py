"""An opened value that shows its mask.

Rules of this file:

1. What prints, formats, logs or serialises a value gets the mask. There is one way to the value: `reveal`.
2. What would answer a question about the value without a reason is refused, not answered wrongly: `==` with a
   value, the truth value, an order. Two `Protected` are equal if they are the same object. Only whether it is the
   empty text may be asked, since every framework asks it (`value in ("", None)`); the answer is true.
3. It is no `str`: whatever needs the value fails, instead of writing the mask where the value belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Never, TypeVar, final

from fieldvault.access.gate import AccessGate
from fieldvault.access.place import Place
from fieldvault.errors import ProtectedMisused, RevealRefused

Value = TypeVar("Value")


@final
class Protected(Generic[Value]):
    """An opened value that shows as its mask. Immutable; a copy is the same object; never pickled.

    `gate` None: never revealed, only sealed. Inputs are like that until they are stored.
    """

    __slots__ = ("_gate", "_key_id", "_value", "place")

    place: Place

    def __init__(self, value: Value, place: Place, gate: AccessGate | None, *, key_id: bytes | None = None) -> None:
        self._value = value
        self.place = place
        self._gate = gate
        self._key_id = key_id

    @property
    def masked(self) -> str:
        """What may be seen without a reason."""
        return self.place.mask.mask(self._value)

    def reveal(self, *, reason: str) -> Value:
        """The value, once who, why and what is recorded.

        Raises `ReasonRefused`, `RevealRefused` by policy or because the scope is another tenant's, or `AuditError`.
        """
        _admit([self], self.place, self._gate, reason)
        return self._value

    def value_to_seal(self, place: Place) -> Value:
        """The value, to be sealed again in its own field: nobody sees it, so nothing is recorded.

        Raises `ProtectedMisused` for any other field or tenant.
        """
        if not self.place.goes_to(place):
            raise ProtectedMisused(
                f"a protected value of {self.place} does not go to {place}", hint="reveal(reason=…) it first"
            )
        return self._value

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"<Protected {self.place}: {self.masked}>"

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    def __eq__(self, other: object) -> bool:
        if type(other) is type(self._value):
            if other in ("", b""):
                return other == self._value
            raise ProtectedMisused(
                f"{self.place} is protected and equals nothing",
                hint="reveal(reason=…) it to compare, or look for it by its index",
            )
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise ProtectedMisused(
            f"{self.place} is protected and neither true nor false",
            hint="ask whether it `is None`, or reveal(reason=…) it",
        )

    def __copy__(self) -> Protected[Value]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Protected[Value]:
        return self

    def __reduce__(self) -> Never:
        raise ProtectedMisused(
            "a protected value is never pickled", hint="pickle what is sealed, or reveal it first"
        )


def reveal_many(values: Sequence[Protected[Value] | None], *, reason: str) -> list[Value | None]:
    """All of a batch, with one event for each hundred of a field instead of one for each value; None stays None.

    Raises as `Protected.reveal` does, and then reveals none of them.
    """
    groups: dict[tuple[Place, int], list[Protected[Value]]] = {}
    for one in values:
        if one is not None:
            groups.setdefault((one.place, id(one._gate)), []).append(one)
    for (place, _), group in groups.items():
        _admit(group, place, group[0]._gate, reason)
    return [None if one is None else one._value for one in values]


def _admit(group: Sequence[Protected[Any]], place: Place, gate: AccessGate | None, reason: str) -> None:
    if gate is None:
        raise RevealRefused(f"{place} has no gate to be revealed by", hint="store it, or declare it with a gate")
    keys = [one._key_id for one in group if one._key_id is not None]
    keys = keys if len(keys) == len(group) else []
    gate.admit(place.owner(), place.schema, place.field, reason=reason, count=len(group), keys=keys)


def masked_json(value: object) -> str:
    """For `json.dumps(…, default=masked_json)`: the mask of a protected value. Raises `TypeError` for others."""
    if isinstance(value, Protected):
        return value.masked
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
