"""`…-or-text@…`: what to do with a value that the normaliser cannot read, as a declaration.

Without it such a value is an error, so that nobody stores what no search would find.
"""

from __future__ import annotations

from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.text import TEXT


class OrAsText(Normaliser[str]):
    """Normalises with `first`; what that refuses is indexed as plain text, by `text@1`.

    Named after `first`: `phone-or-text@1`. An unreadable value never meets a readable one, since a normal form is
    itself readable and stays what it is. But a value that a later release of a library can read (a number of a new
    country code) is then sought in its normal form: index the column anew after such an update.

    Text that even `text@1` refuses (lone surrogates, code points unknown to this Python) raises `NotIndexable`.
    Raises `SchemaError` for a normaliser whose result is no text (`exact@1`).
    """

    def __init__(self, first: Normaliser[str]) -> None:
        base, _, version = first.name.partition("@")
        if base in ("exact", "text") or base.endswith("-or-text"):
            raise SchemaError(f"{first.name} refuses nothing that could be indexed as text instead")
        self._first = first
        self.name = f"{base}-or-text@{version}"

    def normalise(self, value: str) -> bytes:
        try:
            return self._first.normalise(value)
        except NotIndexable:
            pass
        return TEXT.normalise(value)

    def normalise_part(self, value: str) -> bytes:
        try:
            return self._first.normalise_part(value)
        except NotIndexable:
            pass
        return TEXT.normalise(value)

    def __repr__(self) -> str:
        return f"OrAsText({self._first!r})"
