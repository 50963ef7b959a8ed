"""int, float and Decimal: numbers that come back to the bit.

A number never changes its type on the way: what was an int would come back as a float otherwise, and 2**53 + 1
as 2**53.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum

from fieldvault.codec import plaintext
from fieldvault.codec.base import ScalarCodec, attempt, wrong_type
from fieldvault.core import batch
from fieldvault.core.batch import Packed
from fieldvault.core.context import encode_int
from fieldvault.errors import DecodeError, ValueRefused

_DIGITS = re.compile(r"0|-?[1-9][0-9]*")
_PLAIN_NUMBER = re.compile(r"[0-9A-Za-z.+-]+")
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
_FLOAT = struct.Struct(">Bd")
_DECLARE_STR = "digits that are not a number to calculate with (007, a phone number) belong in a str field"


class IntCodec(ScalarCodec[int]):
    """Integers of any size: minimal two's complement, big-endian. Text: decimal digits without leading zeros.

    Python limits the digits of a decimal text (4300 unless set otherwise): a longer one is refused.
    """

    tag = plaintext.INT
    name = "int"
    python_type = int
    refuses = (Enum, bool)

    def encode(self, value: object) -> bytes:
        if not self.accepts(value):
            raise wrong_type("int", value)
        return b"\x03" + encode_int(int.__index__(value))  # type: ignore[arg-type]

    def decode_body(self, body: bytes) -> int:
        value = int.from_bytes(body, "big", signed=True)
        if encode_int(value) != body:
            raise DecodeError("an int's bytes are not its shortest two's complement")
        return value

    def pack_many(self, values: Sequence[int]) -> Packed:
        packed = batch.pack_ints(0x03, values)
        return [self.encode(value) for value in values] if packed is None else packed

    def encode_many(self, values: Sequence[int]) -> list[bytes]:
        return batch.as_list(IntCodec.pack_many(self, values))

    def parse_many(self, typed: Sequence[bytes]) -> list[int]:
        return [int.from_bytes(one[1:], "big", signed=True) for one in typed]

    def to_text(self, value: int) -> str:
        text = attempt(lambda: str(value), ValueError)
        if text is None:
            raise ValueRefused("the int has more decimal digits than Python converts to text")
        return text

    def from_text(self, text: str) -> int:
        value = attempt(lambda: int(text), ValueError) if _DIGITS.fullmatch(text) else None
        if value is None:
            raise ValueRefused("the text is not an int that would come back as it is", hint=_DECLARE_STR)
        return value


class FloatCodec(ScalarCodec[float]):
    """IEEE 754 binary64, big-endian: -0.0, infinities and a NaN's payload are kept. Text: the shortest repr.

    A NaN's sign and payload are lost in text.
    """

    tag = plaintext.FLOAT
    name = "float"
    python_type = float

    def encode(self, value: object) -> bytes:
        if not self.accepts(value):
            raise wrong_type("float", value)
        return _FLOAT.pack(plaintext.FLOAT, value)

    def decode_body(self, body: bytes) -> float:
        if len(body) != 8:
            raise DecodeError("a float's bytes are not 8")
        value: float = _FLOAT.unpack(b"\x05" + body)[1]
        return value

    def encode_many(self, values: Sequence[float]) -> list[bytes]:
        if set(map(type, values)) == {float}:
            return [_FLOAT.pack(0x05, value) for value in values]
        return [self.encode(value) for value in values]

    def parse_many(self, typed: Sequence[bytes]) -> list[float]:
        return [_FLOAT.unpack(one)[1] for one in typed]

    def to_text(self, value: float) -> str:
        return float.__repr__(value)

    def from_text(self, text: str) -> float:
        value = attempt(lambda: float(text), ValueError) if _PLAIN_NUMBER.fullmatch(text) else None
        # 1e999 is a number and not infinite, but float() says inf.
        if value is None or (math.isinf(value) and "inf" not in text.lower()):
            raise ValueRefused("the text is not a float, or too large for one")
        return value


class DecimalCodec(ScalarCodec[Decimal]):
    """Python's text of the Decimal: sign, trailing zeros, exponent, NaN and Infinity are kept.

    The decimal context's precision plays no part.
    """

    tag = plaintext.DECIMAL
    name = "decimal"
    python_type = Decimal

    def encode(self, value: object) -> bytes:
        if not isinstance(value, Decimal):
            raise wrong_type("Decimal", value)
        return b"\x06" + self.to_text(value).encode()

    def decode_body(self, body: bytes) -> Decimal:
        # A context that does not trap InvalidOperation gives NaN for nonsense: the comparison catches that too.
        value = attempt(lambda: Decimal(body.decode("ascii")), InvalidOperation, UnicodeDecodeError)
        if value is None or self.to_text(value).encode() != body:
            raise DecodeError("a Decimal's bytes are not its canonical text")
        return value

    def parse_many(self, typed: Sequence[bytes]) -> list[Decimal]:
        return [Decimal(one[1:].decode()) for one in typed]

    def to_text(self, value: Decimal) -> str:
        # The exponent's letter is lower case where the context has capitals=0; no other part has an "e".
        return Decimal.__str__(value).replace("e", "E")

    def from_text(self, text: str) -> Decimal:
        value = None
        if _PLAIN_NUMBER.fullmatch(text) and not _LEADING_ZERO.match(text):
            value = attempt(lambda: Decimal(text), InvalidOperation)
        if value is None or (value.is_nan() and "nan" not in text.lower()):
            raise ValueRefused("the text is not a decimal number that would come back as it is", hint=_DECLARE_STR)
        return value
