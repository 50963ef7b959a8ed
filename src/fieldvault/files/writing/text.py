"""What the two text formats share: cells as text, and lines as UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from fieldvault.codec import Codec
from fieldvault.codec.base import attempt
from fieldvault.codec.scalars import StrCodec
from fieldvault.errors import ValueRefused
from fieldvault.files.writing.base import Sink, require_form

Cells = Sequence[Any]
Writer = Callable[[Cells], Cells]


class TextSink(Sink):
    """A sink that writes each batch at once: nothing is left to do at the end."""

    def finish(self) -> None:
        return

    def abandon(self) -> None:
        return


def sealed_text(name: str) -> Writer:
    """Envelopes and index values, which have to be text already."""

    def checked(cells: Cells) -> Cells:
        require_form(cells, str, name)
        return cells

    return checked


def value_text(codec: Codec[Any]) -> Writer:
    """Values by the codec's `to_text`, None as None."""
    if type(codec.bare) is StrCodec:
        return lambda cells: cells
    to_text = codec.to_text
    return lambda cells: [None if cell is None else to_text(cell) for cell in cells]


def encoded_lines(path: Path, lines: Iterable[str]) -> bytes:
    """UTF-8, a line feed after each. Raises `ValueRefused` for a lone surrogate, which UTF-8 cannot encode."""
    text = "\n".join((*lines, ""))
    encoded = attempt(text.encode, UnicodeEncodeError)
    del text
    if encoded is None:
        raise ValueRefused(f"{path.name}: a plain value has a lone surrogate, which UTF-8 cannot encode")
    return encoded
