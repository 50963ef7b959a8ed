"""Enum members, by name: a member's value may change from one release to the next, its name is what was meant.

To rename a member, keep the old name as an alias: what was sealed under it opens as the renamed member. That is
the one place where two encodings decode to the same value.
"""

from __future__ import annotations

from enum import Enum, Flag
from typing import Any, TypeVar

from fieldvault.codec import plaintext
from fieldvault.codec.base import Codec, attempt, wrong_type
from fieldvault.errors import DecodeError, SchemaError, ValueRefused

E = TypeVar("E", bound=Enum)


class EnumCodec(Codec[E]):
    """The UTF-8 of the member's name; also its text.

    Raises `SchemaError` for a Flag, whose combined members have no name of their own, for an enum without
    members, and for a name that UTF-8 cannot encode.
    """

    tag = plaintext.ENUM
    name = "enum"

    def __init__(self, python_type: type[E]) -> None:
        if issubclass(python_type, Flag):
            raise SchemaError(
                f"{python_type.__name__} is a Flag, whose combinations have no name", hint="declare the field int"
            )
        if not len(python_type.__members__):
            raise SchemaError(f"{python_type.__name__} has no members")
        encoded = attempt(lambda: [name.encode() for name in python_type.__members__], UnicodeEncodeError)
        if encoded is None:
            raise SchemaError(f"{python_type.__name__} has a member whose name has a lone surrogate")
        self.python_type: type[Any] = python_type
        self._members: dict[bytes, E] = dict(zip(encoded, python_type.__members__.values(), strict=True))

    def encode(self, value: object) -> bytes:
        if type(value) is not self.python_type:
            raise wrong_type(f"a member of {self.python_type.__name__}", value)
        return b"\x0d" + value._name_.encode()  # type: ignore[attr-defined, no-any-return]

    def decode_body(self, body: bytes) -> E:
        member = self._members.get(body)
        if member is None:
            raise DecodeError(
                f"{self.python_type.__name__} has no member of the sealed name",
                hint="a renamed member must stay as an alias as long as values are sealed under its old name",
            )
        return member

    def to_text(self, value: E) -> str:
        return value.name

    def from_text(self, text: str) -> E:
        member: E | None = self.python_type.__members__.get(text)
        if member is None:
            raise ValueRefused(
                f"the text is not a member of {self.python_type.__name__}", hint="write the member's name"
            )
        return member

    def __repr__(self) -> str:
        return f"<codec enum {self.python_type.__name__}>"
