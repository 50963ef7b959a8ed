"""What becomes of each column of a table that is given away. Nothing passes unseen: every column has a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fieldvault.codec import Codec, codec_for
from fieldvault.pseudonyms.tokeniser import Tokeniser


@dataclass(frozen=True, slots=True)
class Keep:
    """The column stays as it is, readable."""

    type: type[Any] | Codec[Any] = str

    @property
    def codec(self) -> Codec[Any]:
        return codec_for(self.type).bare


@dataclass(frozen=True, slots=True)
class Drop:
    """The column is left out."""

    type: type[Any] | Codec[Any] = str

    @property
    def codec(self) -> Codec[Any]:
        return codec_for(self.type).bare


@dataclass(frozen=True, slots=True)
class Tokenise:
    """The column becomes tokens. `subject` names the column that says whose dates they are, for a date shift."""

    tokeniser: Tokeniser
    subject: str | None = None


Rule = Keep | Drop | Tokenise
