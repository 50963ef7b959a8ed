"""Runs every vector of envelope-v1 through the strict reader, so that each opens or is refused where it says."""

from __future__ import annotations

from generator.primitives import Refused
from generator.reader import open_envelope, parse_text_form
from generator.sealing import Vector
from generator.typed import Value


def check(positives: list[Vector], negatives: list[Vector]) -> None:
    by_name = {vector["name"]: vector for vector in positives}
    for vector in positives:
        _check_positive(vector)
    for vector in negatives:
        if "of" in vector and vector["of"] not in by_name:
            raise AssertionError(f"{vector['name']} names no positive")
        try:
            _open(vector, vector["key_store"], vector["read_as"])
        except Refused as refused:
            if refused.stage != vector["stage"]:
                raise AssertionError(f"{vector['name']}: {refused}") from refused
        else:
            raise AssertionError(f"{vector['name']} is not refused")


def _check_positive(vector: Vector) -> None:
    scope = {part: vector["place"][part] for part in ("tenant", "purpose", "subject")}
    row = scope | {"key_id": vector["key_id"], "key": vector["key"], "state": "active"}
    opened = _open(vector, [row], vector["place"])
    wanted = dict(vector["value"])
    if wanted["type"] == "float":
        del wanted["text"]
    if opened != wanted:
        raise AssertionError(f"{vector['name']} opens as {opened}")
    if parse_text_form(vector["text_form"]).hex() != vector["envelope"]:
        raise AssertionError(f"{vector['name']}: the text form is another envelope's")


def _open(vector: Vector, key_store: list[Vector], place: Vector) -> Value:
    binary = bytes.fromhex(vector["envelope"]) if "envelope" in vector else parse_text_form(vector["text_form"])
    return open_envelope(binary, key_store, place, vector["declared"])
