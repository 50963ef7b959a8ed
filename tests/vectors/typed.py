"""From the typed values that the vector files describe to Python's, and to the library's declarations."""

from __future__ import annotations

import json
import math
import struct
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from fieldvault.codec import AwareDatetime, Codec, Json, NaiveDatetime, codec_for

_TYPES: dict[str, Any] = {
    "text": str,
    "bytes": bytes,
    "int": int,
    "bool": bool,
    "float": float,
    "decimal": Decimal,
    "date": date,
    "datetime": NaiveDatetime,
    "datetime-offset": AwareDatetime,
    "time": time,
    "uuid": UUID,
    "json": Json,
    "null": type(None),
}


def vectors(document: str) -> dict[str, Any]:
    """The vector file of a document, e.g. `envelope-v1`."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / f"{document}.json").read_text())
    return loaded


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


def codec_of(declared: dict[str, Any]) -> Codec[Any]:
    if declared["type"] == "enum":
        return codec_for(Enum("Declared", declared["members"]))
    return codec_for(_TYPES[declared["type"]])


def value_of(described: dict[str, Any], codec: Codec[Any]) -> Any:
    kind = described["type"]
    if kind == "null":
        return None
    if kind == "bytes":
        return bytes.fromhex(described["hex"])
    text = described["text"]
    if kind == "float":
        return struct.unpack(">d", bytes.fromhex(described["bits"]))[0] if "bits" in described else float(text)
    if kind == "enum":
        return codec.python_type[text]
    if kind == "bool":
        return text == "true"
    parse = {"text": str, "int": int, "decimal": Decimal, "date": date.fromisoformat, "uuid": UUID}
    parse |= {"datetime": datetime.fromisoformat, "datetime-offset": datetime.fromisoformat}
    parse |= {"time": time.fromisoformat, "json": json.loads}
    return parse[kind](text)


def same(one: Any, other: Any) -> bool:
    """Equal, of one type, NaN by its bits, and a decimal or time by all that it shows."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and math.isnan(one):
        return struct.pack(">d", one) == struct.pack(">d", other)
    if isinstance(one, datetime | time):
        return one.isoformat() == other.isoformat()
    return repr(one) == repr(other)


def row_parts(row: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The type and value of each part of a row id."""
    if row["type"] == "composite":
        return [part for one in row["values"] for part in row_parts(one)]
    kind = _TYPES[row["type"]]
    return [(kind, value_of(row, codec_for(kind)))]
