"""str, bytes, bool and UUID: the types whose encoding is their own bytes.

`StrCodec` and `BytesCodec` are the hot path of the whole library, so their bulk methods are the core's: it packs
a whole column, or none of it; then a rare odd item sends the list through the item-by-item path.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

from fieldvault.codec import plaintext
from fieldvault.codec.base import ScalarCodec, attempt, wrong_type
from fieldvault.core import batch
from fieldvault.core.batch import Packed
from fieldvault.errors import DecodeError, ValueRefused


class StrCodec(ScalarCodec[str]):
    """Text as UTF-8, exactly as given: not normalised, the empty string included."""

    tag = plaintext.STR
    name = "str"
    python_type = str

    def encode(self, value: object) -> bytes:
        if type(value) is str:
            try:
                return b"\x02" + value.encode()
            except UnicodeEncodeError:
                pass  # refused below, without this error in the context
        if not self.accepts(value):
            raise wrong_type("str", value)
        # str.encode, not value.encode: a subclass may override it.
        encoded = attempt(lambda: str.encode(value), UnicodeEncodeError)  # type: ignore[arg-type]
        if encoded is None:
            raise ValueRefused("the text has a lone surrogate, which UTF-8 cannot encode")
        return b"\x02" + encoded

    def decode_body(self, body: bytes) -> str:
        text = attempt(body.decode, UnicodeDecodeError)
        if text is None:
            raise DecodeError("a str's bytes are not UTF-8")
        return text

    def pack_many(self, values: Sequence[str]) -> Packed:
        packed = batch.pack_texts(0x02, values)
        return [self.encode(value) for value in values] if packed is None else packed

    def unpack_many(self, typed: Packed) -> list[str]:
        texts = batch.unpack_texts(0x02, typed)
        return [self.decode(one) for one in typed] if texts is None else texts

    def encode_many(self, values: Sequence[str]) -> list[bytes]:
        return batch.as_list(StrCodec.pack_many(self, values))

    def decode_many(self, typed: Sequence[bytes]) -> list[str]:
        return StrCodec.unpack_many(self, typed)

    def to_text(self, value: str) -> str:
        return value

    def from_text(self, text: str) -> str:
        return text


class BytesCodec(ScalarCodec[bytes]):
    """Bytes as they are. A bytearray or memoryview is taken too and comes back as bytes. Text: base64."""

    tag = plaintext.BYTES
    name = "bytes"
    python_type = bytes

    def encode(self, value: object) -> bytes:
        if isinstance(value, bytearray | memoryview):
            copied = attempt(lambda: bytes(value), ValueError)
            if copied is None:
                raise ValueRefused("the memoryview was released")
            return b"\x01" + copied
        if not self.accepts(value):
            raise wrong_type("bytes", value)
        # bytes.join, not +: a subclass may override __radd__.
        return b"".join((b"\x01", value))  # type: ignore[arg-type]

    def decode_body(self, body: bytes) -> bytes:
        return body

    def pack_many(self, values: Sequence[bytes]) -> Packed:
        packed = batch.pack_bytes(0x01, values)
        return [self.encode(value) for value in values] if packed is None else packed

    def unpack_many(self, typed: Packed) -> list[bytes]:
        bodies = batch.unpack_bytes(0x01, typed)
        return [self.decode(one) for one in typed] if bodies is None else bodies

    def encode_many(self, values: Sequence[bytes]) -> list[bytes]:
        return batch.as_list(BytesCodec.pack_many(self, values))

    def decode_many(self, typed: Sequence[bytes]) -> list[bytes]:
        return BytesCodec.unpack_many(self, typed)

    def to_text(self, value: bytes) -> str:
        return base64.b64encode(value).decode()

    def from_text(self, text: str) -> bytes:
        value = attempt(lambda: base64.b64decode(text, validate=True), binascii.Error, ValueError)
        # b64decode ignores the unused bits of the last character, so two texts would give one value.
        if value is None or self.to_text(value) != text:
            raise ValueRefused("the text is not bytes in base64", hint="RFC 4648 §4, with padding, on one line")
        return value


class BoolCodec(ScalarCodec[bool]):
    """True or False, and nothing that merely acts like them. Text: `true`, `false`."""

    tag = plaintext.BOOL
    name = "bool"
    python_type = bool

    def encode(self, value: object) -> bytes:
        if value is True:
            return b"\x04\x01"
        if value is False:
            return b"\x04\x00"
        raise wrong_type("bool", value)

    def decode_body(self, body: bytes) -> bool:
        if body == b"\x01":
            return True
        if body == b"\x00":
            return False
        raise DecodeError("a bool's bytes are neither 00 nor 01")

    def to_text(self, value: bool) -> str:
        return "true" if value else "false"

    def from_text(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueRefused("the text is not a bool", hint="write true or false")
        return text == "true"


class UuidCodec(ScalarCodec[UUID]):
    """A UUID's 16 bytes, big-endian (RFC 9562 §4). Text: 8-4-4-4-12 hexadecimal digits."""

    tag = plaintext.UUID
    name = "uuid"
    python_type = UUID

    def encode(self, value: object) -> bytes:
        if not isinstance(value, UUID):
            raise wrong_type("UUID", value)
        return b"\x0b" + value.bytes

    def decode_body(self, body: bytes) -> UUID:
        if len(body) != 16:
            raise DecodeError("a UUID's bytes are not 16")
        return UUID(bytes=body)

    def to_text(self, value: UUID) -> str:
        return str(value)

    def from_text(self, text: str) -> UUID:
        value = attempt(lambda: UUID(text), ValueError)
        if value is None or str(value) != text.lower():
            raise ValueRefused("the text is not a UUID", hint="write 8-4-4-4-12 hexadecimal digits")
        return value
