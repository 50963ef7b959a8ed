"""A codec that a user derives from one of ours is never passed by."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fieldvault import PlainField, RecordCipher, Schema, SealedField
from fieldvault.codec.numbers import IntCodec
from fieldvault.codec.scalars import BytesCodec, StrCodec
from fieldvault.testing import memory_keyrings


class Shouted(StrCodec):
    def encode(self, value: object) -> bytes:
        return super().encode(str(value).upper())


class Whispered(StrCodec):
    def decode(self, typed: bytes) -> str:
        return super().decode(typed).lower()


class ShoutedInBulk(StrCodec):
    def encode_many(self, values: Sequence[str]) -> list[bytes]:
        return super().encode_many([value.upper() for value in values])


class Doubled(IntCodec):
    def encode(self, value: object) -> bytes:
        return super().encode(2 * value)  # type: ignore[operator]


class Reversed(BytesCodec):
    def encode(self, value: object) -> bytes:
        return super().encode(bytes(value)[::-1])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("codec", "given", "expected"),
    [
        (Shouted(), "Ann", "ANN"),
        (Whispered(), "Ann", "ann"),
        (ShoutedInBulk(), "Ann", "ANN"),
        (Doubled(), 7, 14),
        (Reversed(), b"abc", b"cba"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_its_own_way_is_gone_in_every_way_through(codec: StrCodec, given: object, expected: object) -> None:
    schema = Schema("t", [PlainField("id", int), SealedField("a", codec, row_bound=False)], row_id="id")
    cipher = RecordCipher(schema, memory_keyrings(), tenant="acme")
    assert cipher.open_column("a", cipher.seal_column("a", [given] * 3)) == [expected] * 3
    assert cipher.open_many(cipher.seal_many([{"id": 1, "a": given}])) == [{"id": 1, "a": expected}]
    if not isinstance(codec, ShoutedInBulk):  # what is done in bulk is for bulk
        assert cipher.open_value("a", cipher.seal_value("a", given)) == expected
