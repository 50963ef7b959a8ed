"""SealedValue: what a sealed column gives, and what an encrypted attribute keeps in its object.

Rules of this file:

1. It shows nothing: no repr, text or format has any part of the value or of the envelope.
2. A pickle or a copy of it holds the envelope alone; who loads it opens it anew.
3. Once it is open it knows whose and which row's it is, so it is neither read for another tenant nor written to
   another row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final


class _Unopened:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<unopened>"


UNOPENED: Final = _Unopened()
Bound = tuple[str | None, Any, Any]
"""What a row's values are bound to: its tenant, its row id (a tuple where composite), and its subject."""


@final
class SealedValue:
    """An envelope as the column holds it. Encrypted attributes open it when they are read.

    `select(Customer.email)` gives these: one value alone does not say whose row it is bound to. Select the object,
    `select(Customer)`, and read its attribute; `load_only(Customer.email)` keeps the query as narrow.
    """

    __slots__ = ("bound", "envelope", "opened")

    def __init__(self, envelope: Any, opened: Any = UNOPENED, bound: Bound | None = None) -> None:
        self.envelope = envelope
        self.opened = opened
        self.bound = bound

    def __repr__(self) -> str:
        return "<SealedValue: select the object and read its attribute to open it>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Callable[..., SealedValue], tuple[bytes]]:
        return SealedValue, (bytes(self.envelope),)


@final
class SealedBytes(bytes):
    """An envelope on its way to the driver, as a statement's parameter.

    Of a batch there are as many as values: bytes cost Python's garbage collector nothing, objects half of the time.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<SealedBytes>"

    __str__ = __repr__
