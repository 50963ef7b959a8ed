"""The chain of an audit log: canonical lines and their MACs (spec audit-v1). Bytes in, bytes out.

Rules of this file:

1. A line is canonical: what says the same is the same bytes, so a MAC over bytes is a MAC over the meaning.
2. A line that is not the canonical form of what it says is malformed, whatever its MAC.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

START = "0" * 64
"""`prev` of the first entry."""

_MEMBERS = {"event", "key", "log", "mac", "prev", "seq"}
_SHAPES = {
    "key": re.compile(r"[0-9a-f]{32}"),
    "mac": re.compile(r"[0-9a-f]{64}"),
    "prev": re.compile(r"[0-9a-f]{64}"),
}


class AuditKey:
    """The MAC key of one log under one audit data key (spec audit-v1 §3)."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes, key_id: str) -> None:
        self._key = key
        self.key_id = key_id

    def mac(self, message: bytes) -> str:
        """64 hex digits."""
        return hmac.digest(self._key, message, "sha256").hex()

    def __repr__(self) -> str:
        return f"<AuditKey {self.key_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `event` is its object, as in the line."""

    log: str
    seq: int
    prev: str
    key: str
    mac: str
    event: Mapping[str, Any]

    def message(self) -> bytes:
        """What the MAC is over."""
        return canonical_json(
            {"event": self.event, "key": self.key, "log": self.log, "prev": self.prev, "seq": self.seq}
        )

    def is_authentic(self, key: AuditKey) -> bool:
        """Whether the MAC is right. In constant time."""
        return hmac.compare_digest(key.mac(self.message()), self.mac)


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Canonical JSON (spec audit-v1 §2) of texts, integers and objects of these."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def entry_line(key: AuditKey, *, log: str, seq: int, prev: str, event: Mapping[str, Any]) -> tuple[bytes, Entry]:
    """The line, its LF included, of one more entry, and the entry."""
    unsigned = Entry(log, seq, prev, key.key_id, "", event)
    entry = Entry(log, seq, prev, key.key_id, key.mac(unsigned.message()), event)
    members = {"event": event, "key": entry.key, "log": log, "mac": entry.mac, "prev": prev, "seq": seq}
    return canonical_json(members) + b"\n", entry


def parse_line(line: bytes) -> Entry | None:
    """The entry of a line without its LF; None unless it is the canonical form of an entry."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.keys() != _MEMBERS or not isinstance(content["event"], dict):
        return None
    if type(content["seq"]) is not int or content["seq"] < 1 or not isinstance(content["log"], str):
        return None
    if not _is_plain(content["event"]):
        return None
    for member, shape in _SHAPES.items():
        if not isinstance(content[member], str) or not shape.fullmatch(content[member]):
            return None
    try:
        if canonical_json(content) != line:
            return None
    except (ValueError, RecursionError):  # NaN, or nested too deeply
        return None
    return Entry(content["log"], content["seq"], content["prev"], content["key"], content["mac"], content["event"])


def _is_plain(value: object) -> bool:
    """Whether it is a text, an integer, or an object of these."""
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return type(value) in (str, int)
