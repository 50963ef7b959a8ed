"""Whose data a row is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fieldvault.codec import Codec
from fieldvault.core.context import encode_name
from fieldvault.errors import SchemaError


@dataclass(frozen=True, slots=True)
class Subject:
    """The plain field that says whose data a row is, and which kind of person that is.

    A person is named by kind and id, so that customer 7 and vendor 7 are two, with a key each. Schemas that give
    the same kind share each person's key: shredding it erases that person from all of them. Raises `SchemaError`
    for a kind with a colon, which is what ends it in the name (spec keyring-v1 §2).
    """

    field: str
    kind: str

    def __post_init__(self) -> None:
        encode_name(self.kind, "subject's kind")
        if ":" in self.kind:
            raise SchemaError("a subject's kind must not have a colon", hint="give Subject(…, kind=…) another one")

    def names_of(self, ids: Sequence[Any], codec: Codec[Any]) -> list[str]:
        """The names of persons by their ids, the values of the field. Raises the first refusal."""
        return [self.name_of(one, codec) for one in ids]

    def name_of(self, one: Any, codec: Codec[Any]) -> str:
        """One person's name: kind, colon, id as text. Raises `SchemaError` or `ValueRefused`."""
        if one is None:
            raise SchemaError("the row does not say whose it is")
        codec.encode(one)  # refuses another type: 7.0 or True would each name a person whom the erasure of 7 misses
        text = codec.to_text(one)
        if not text:
            raise SchemaError("the row does not say whose it is: the id is empty")
        name = f"{self.kind}:{text}"
        encode_name(name, "subject")
        return name
