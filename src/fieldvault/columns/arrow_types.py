"""Which fields, row ids and indexes the native core does on Arrow columns by itself; all others go the list path.

Types are matched exactly: a codec, padding or normaliser that somebody derived may do anything.
"""

from __future__ import annotations

from typing import Any

from fieldvault.codec import Codec, Padded
from fieldvault.codec.numbers import FloatCodec, IntCodec
from fieldvault.codec.padding import PadTo, PadToMultiple, PadToPowerOfTwo
from fieldvault.codec.scalars import BoolCodec, BytesCodec, StrCodec
from fieldvault.codec.temporal import DateCodec
from fieldvault.normalise.email import EmailNormaliser
from fieldvault.normalise.exact import Exact
from fieldvault.normalise.text import NameNormaliser, TextNormaliser
from fieldvault.schema import DeclaredIndex
from fieldvault.tokens import ExactIndex

_CODECS = (BytesCodec, StrCodec, IntCodec, BoolCodec, FloatCodec, DateCodec)
_TEXT_NORMALISERS = (EmailNormaliser, NameNormaliser, TextNormaliser)


def tag_of(codec: Codec[Any]) -> int | None:
    """The tag of the codec's type; None for one that is not done natively."""
    return codec.tag if type(codec.bare) in _CODECS and type(codec) in (*_CODECS, Padded) else None


def padding_of(codec: Codec[Any]) -> tuple[str, int] | None:
    """How the codec pads; None for a way that is not known."""
    if type(codec) is not Padded:
        return ("none", 0)
    padding = codec.padding
    if type(padding) is PadToMultiple:
        return ("multiple", padding.of)
    if type(padding) is PadToPowerOfTwo:
        return ("power", padding.minimum)
    if type(padding) is PadTo:
        return ("to", padding.length)
    return None


def normaliser_of(declared: DeclaredIndex, codec: Codec[Any]) -> str | None:
    """The name of the normaliser of an exact index of a field with this codec; None for all that is not native."""
    index = declared.index
    if type(index) is not ExactIndex:
        return None
    normaliser = index.normaliser
    if type(normaliser) in _TEXT_NORMALISERS and type(codec.bare) is StrCodec:
        return normaliser.name
    if type(normaliser) is Exact and type(normaliser.codec) is type(codec.bare):
        return normaliser.name
    return None
