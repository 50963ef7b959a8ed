"""The two kinds of field: what is sealed, and what stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.codec import Codec, NoPadding, Padded, Padding, codec_for
from fieldvault.core.context import encode_name
from fieldvault.errors import SchemaError
from fieldvault.masking import Mask
from fieldvault.schema.few_values import refuse_few_values
from fieldvault.tokens import BlindIndex


@dataclass(frozen=True, slots=True)
class PlainField:
    """A column that is not sealed: the row id, a subject's number, a country code that must stay readable.

    `type` is a Python type or a codec; it matters for row ids and subjects, and for reading CSV files.
    """

    name: str
    type: type[Any] | Codec[Any] = str
    codec: Codec[Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encode_name(self.name, "field name")
        # Without padding: a row id's encoding is part of what values are bound to (spec aad-v1 §4).
        object.__setattr__(self, "codec", codec_for(self.type).bare)


@dataclass(frozen=True, slots=True)
class SealedField:
    """A column whose values are sealed, one envelope each.

    `name` and `row_bound` are part of what a ciphertext is bound to: changing either later makes what is sealed
    unreadable. `type` is a Python type or a codec; the type comes back. `row_bound` fields open only in the row
    they were sealed in, which needs a row id in the schema. `index` makes the field searchable by equality.
    `padding` hides lengths. `seal_null` seals None too; otherwise None stays NULL, and everybody sees that it is.
    `mask` is what protected access shows of an opened value (`fieldvault.access`); without one, nothing of it.
    """

    name: str
    type: type[Any] | Codec[Any] = str
    row_bound: bool = True
    index: BlindIndex | Sequence[BlindIndex] = ()
    padding: Padding = field(default_factory=NoPadding)
    seal_null: bool = False
    mask: Mask | None = None
    codec: Codec[Any] = field(init=False, repr=False, compare=False)
    indexes: tuple[BlindIndex, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encode_name(self.name, "field name")
        codec = codec_for(self.type)
        indexes = (self.index,) if isinstance(self.index, BlindIndex) else tuple(self.index)
        if len({index.name for index in indexes}) < len(indexes):
            raise SchemaError(f"{self.name}: two indexes have the same name")
        if self.seal_null and indexes:
            raise SchemaError(
                f"{self.name}: a sealed null has no index value, so the index would show which rows are null",
                hint="drop seal_null or the index",
            )
        for index in indexes:
            refuse_few_values(self.name, [codec], index)
        object.__setattr__(self, "codec", codec if type(self.padding) is NoPadding else Padded(codec, self.padding))
        object.__setattr__(self, "indexes", indexes)

    def index_column(self, index: BlindIndex) -> str:
        """The column that look-ups by `index` ask: its own choice, or `<field>_<index>`; the first of several."""
        return index.slots("", self.name)[0].column

    def find_index(self, name: str | None) -> BlindIndex:
        """The index of that name, or the only one. Raises `SchemaError` with what there is."""
        named = [index for index in self.indexes if name in (None, index.name)]
        if len(named) == 1:
            return named[0]
        if not self.indexes:
            raise SchemaError(f"{self.name} has no blind index", hint="declare SealedField(…, index=ExactIndex(…))")
        names = ", ".join(index.name for index in self.indexes)
        raise SchemaError(f"{self.name}: say which index", hint=f"one of: {names}")
