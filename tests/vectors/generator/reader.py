"""A strict reader of envelope-v1 §6: every negative vector is run through it, so each is refused where it says."""

from __future__ import annotations

import hmac
from typing import Any

from generator import typed
from generator.places import Scope, field_aad
from generator.primitives import Refused, b64url_strict, gcm_open

StoreRow = dict[str, Any]


def open_envelope(
    envelope: bytes, key_store: list[StoreRow], place: dict[str, Any], declared: typed.Value
) -> typed.Value:
    if len(envelope) < 46:
        raise Refused("parse", "fewer than 46 bytes")
    if envelope[0] != 0x01:
        raise Refused("parse", "a version that is not accepted")
    header = envelope[:17]
    key = _key(header[1:], key_store, place)
    aad = field_aad(header, place["tenant"], place["schema"], place["field"], place["row"])
    plaintext = gcm_open(key, envelope[17:29], envelope[29:], aad, stage="authenticate")
    return typed.decode(plaintext, declared)


def parse_text_form(text: str) -> bytes:
    if not text.startswith("fv1."):
        raise Refused("parse", "not the prefix of the text form")
    return b64url_strict(text[4:])


def _key(key_id: bytes, key_store: list[StoreRow], place: dict[str, Any]) -> bytes:
    here = (place["tenant"], place["purpose"])
    rows = [row for row in key_store if row["key_id"] == key_id.hex() and (row["tenant"], row["purpose"]) == here]
    if not rows:
        raise Refused("key", "no key of the scope has this id")
    row = rows[0]
    if row["state"] == "destroyed":
        raise Refused("key", "destroyed")
    if place["subject"] is not None and row["subject"] != place["subject"]:
        raise Refused("key", "another subject's")
    key = bytes.fromhex(row["key"])
    scope = Scope(row["tenant"], row["purpose"], row["subject"])
    if not hmac.compare_digest(scope.key_id(key), key_id):
        raise Refused("commitment", "the key does not derive its id")
    return key
