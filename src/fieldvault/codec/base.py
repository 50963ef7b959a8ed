"""What a codec is: one declared type, to its typed plaintext and back.

Rules that every codec keeps, and that the property tests check:

1. What was encoded comes back equal and of the declared type, or encoding refuses it with `ValueRefused`.
   Nothing is coerced on the way in: a bool is no int, a datetime no date, an Enum member no str.
2. One value has one encoding. A decoder refuses every other one with `DecodeError`.
3. Errors name types, never values. They are raised outside `except` blocks, because `raise … from None` still
   leaves a `UnicodeError`, which holds the text, in `__context__`.
4. The bulk methods raise the first bad item's error. They do not say where: the caller goes item by item then.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from fieldvault.codec import plaintext
from fieldvault.core.batch import Packed, as_list
from fieldvault.errors import DecodeError, FieldvaultError, ValueRefused

T = TypeVar("T")
R = TypeVar("R")

UNPARSED = (FieldvaultError, ValueError, ArithmeticError, IndexError, struct.error)


class Codec(ABC, Generic[T]):
    """Encodes values of one type as typed plaintexts (spec envelope-v1 §5). Stateless: any thread may use it."""

    tag: int
    """The low seven bits of the type byte."""
    name: str
    """What configuration files and error messages call the type."""
    python_type: type[Any]
    """What `decode` returns an instance of."""

    def __init_subclass__(cls) -> None:
        # A subclass that encodes or decodes in its own way must not inherit a short cut around it.
        own = cls.__dict__
        for single, many, packed in (
            ("encode", "encode_many", "pack_many"),
            ("decode", "decode_many", "unpack_many"),
        ):
            if single in own and many not in own and packed not in own:
                setattr(cls, many, getattr(ScalarCodec if issubclass(cls, ScalarCodec) else Codec, many))
            if (single in own or many in own) and packed not in own:
                setattr(cls, packed, getattr(Codec, packed))

    null_plaintext: bytes = plaintext.NULL_PLAINTEXT
    """What a field that seals its nulls seals for None: as long as this codec's other plaintexts are padded."""

    @property
    def bare(self) -> Codec[T]:
        """This codec without padding: what an index of the typed plaintext must be made from."""
        return self

    @abstractmethod
    def encode(self, value: T) -> bytes:
        """The typed plaintext. Raises `ValueRefused` for another type, or a value that would not come back."""

    @abstractmethod
    def decode_body(self, body: bytes) -> T:
        """The value from the bytes after the type byte, without padding. Raises `DecodeError`."""

    @abstractmethod
    def to_text(self, value: T) -> str:
        """The value as text for a CSV cell. Raises `ValueRefused`."""

    @abstractmethod
    def from_text(self, text: str) -> T:
        """The value from a CSV cell. Raises `ValueRefused`, without the text in it."""

    def decode(self, typed: bytes) -> T:
        """The value, from a typed plaintext with or without padding.

        Raises `DecodeError` for another type's plaintext, a null, and every encoding that is not canonical.
        """
        if typed[:1] != bytes((self.tag,)):
            typed = plaintext.unpad(typed)
            require_tag(typed, (self.tag,), self.name)
        return self.decode_body(typed[1:])

    def encode_many(self, values: Sequence[T]) -> list[bytes]:
        """`encode` for each, in order."""
        return [self.encode(value) for value in values]

    def pack_many(self, values: Sequence[T]) -> Packed:
        """`encode_many`, in the form that the core takes fastest."""
        return self.encode_many(values)

    def unpack_many(self, typed: Packed) -> list[T]:
        """`decode_many`, from the form that the core gives fastest."""
        return self.decode_many(as_list(typed))

    def decode_many(self, typed: Sequence[bytes]) -> list[T]:
        """`decode` for each, in order."""
        return [self.decode(one) for one in typed]

    def __repr__(self) -> str:
        return f"<codec {self.name}>"


class ScalarCodec(Codec[T]):
    """A codec whose `python_type`'s plain subclasses (numpy.str_, SafeString) are taken as the base type."""

    refuses: ClassVar[tuple[type[Any], ...]] = (Enum,)
    """Subclasses of `python_type` that mean something else, so that their meaning would be lost."""

    def accepts(self, value: object) -> bool:
        """Whether `value` is of the declared type, subclasses included where they lose nothing."""
        return isinstance(value, self.python_type) and not isinstance(value, self.refuses)

    def parse_many(self, typed: Sequence[bytes]) -> list[T]:
        """`decode` for each in a hurry: type byte, padding and form unchecked. May raise anything in `UNPARSED`."""
        return [self.decode(one) for one in typed]

    def decode_many(self, typed: Sequence[bytes]) -> list[T]:
        try:
            values = self.parse_many(typed)
            # Rule 2, for all at once: what was parsed in a hurry is right if and only if it encodes to the same.
            if self.encode_many(values) == list(typed):
                return values
        except UNPARSED:
            pass
        return [self.decode(one) for one in typed]


def require_tag(typed: bytes, tags: tuple[int, ...], name: str) -> None:
    """Raise `DecodeError` unless `typed`, without padding, has one of `tags`."""
    if typed[0] in tags:
        return
    if typed == plaintext.NULL_PLAINTEXT:
        raise DecodeError(
            f"a sealed null where a {name} was expected", hint="the field is not declared to seal its nulls"
        )
    raise DecodeError(
        f"type byte 0x{typed[0]:02x} where a {name} was expected",
        hint="was the field declared with another type when the value was sealed?",
    )


def wrong_type(expected: str, value: object) -> ValueRefused:
    """The error for a value of another type than the field declares, with a hint where the mix-up is usual."""
    hint: str | None = None
    if isinstance(value, Enum):
        hint = "declare the field with the enum itself"
    elif value is None:
        hint = "None is the field's null, which is not encoded as a value"
    elif isinstance(value, bool):
        hint = "a bool is not a number here: declare the field bool, or convert it"
    elif isinstance(value, int) and expected == "float":
        hint = "declare the field int, or pass float(value)"
    elif isinstance(value, str):
        hint = "text is not parsed here: use the codec's from_text, or declare the field str"
    return ValueRefused(f"expected {expected}, got {type(value).__name__}", hint=hint)


def attempt(function: Callable[[], R], *errors: type[Exception]) -> R | None:
    """What `function` returns, or None where it raises one of `errors` (rule 3: the error is gone afterwards)."""
    try:
        return function()
    except errors:
        return None
