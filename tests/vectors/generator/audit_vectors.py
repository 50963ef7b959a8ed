"""Vectors of audit-v1: a chain over a rotation of the audit key, and lines that are refused."""

from __future__ import annotations

import hmac
from typing import Any

from generator.places import Scope
from generator.primitives import canonical, derive, hkdf

Vector = dict[str, Any]

SCOPE = Scope(None, "audit")
KEYS = [derive("audit/data key 1"), derive("audit/data key 2")]
LOG = "audit"

EVENTS: dict[str, tuple[int, dict[str, Any]]] = {
    "least": (0, {"action": "shred", "at": "2026-01-02T03:04:05.000000+00:00"}),
    "whole": (
        0,
        {
            "action": "reidentify",
            "at": "2026-01-02T03:04:06.000007+00:00",
            "tenant": "acme",
            "actor": "ann",
            "reason": "ticket 4711",
            "details": {"count": 12, "domain": "research", "schema": "people"},
        },
    ),
    "escapes": (
        0,
        {
            "action": "reveal",
            "at": "2026-01-02T03:04:07.000000+00:00",
            "reason": 'quote " backslash \\ slash / controls \b\t\n\f\r\u0000\u001f\u007f',
        },
    ),
    "outside-ascii": (
        1,
        {
            "action": "reveal",
            "at": "2026-01-02T03:04:08.000000+00:00",
            "tenant": "M\u00fcller",
            "reason": "\u0639\u0645\u0631 \U0001f9d1",
            "details": {"\u00e9": -1, "z": 0, "Z": 10**18},
        },
    ),
}

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def _text(text: str) -> str:
    """audit-v1 \u00a72."""
    written = ""
    for unit in (text.encode("utf-16-be")[at : at + 2] for at in range(0, len(text.encode("utf-16-be")), 2)):
        code = int.from_bytes(unit, "big")
        character = chr(code)
        if character in _SHORT:
            written += _SHORT[character]
        elif 0x20 <= code <= 0x7E:
            written += character
        else:
            written += f"\\u{code:04x}"
    return f'"{written}"'


def write(value: Any) -> str:
    """Canonical JSON of texts, integers and objects (audit-v1 \u00a72)."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(name)}:{write(value[name])}" for name in sorted(value)) + "}"
    return _text(value) if isinstance(value, str) else str(value)


def positive() -> list[Vector]:
    """One chain: each line follows the one before it."""
    vectors: list[Vector] = []
    prev = "0" * 64
    for number, (name, (which, event)) in enumerate(EVENTS.items(), start=1):
        key = KEYS[which]
        mac_key = hkdf(key, b"fieldvault/v1/audit-key" + canonical(LOG.encode()), 32)
        entry: dict[str, Any] = {
            "event": event, "key": SCOPE.key_id(key).hex(), "log": LOG, "prev": prev, "seq": number,
        }  # fmt: skip
        mac = hmac.digest(mac_key, write(entry).encode("ascii"), "sha256").hex()
        line = write(entry | {"mac": mac})
        vectors.append({"name": name, "data_key": key.hex(), "event": event, "line": line})
        prev = mac
    return vectors


def negative() -> list[Vector]:
    """Lines that are the canonical form of no entry."""
    line = positive()[1]["line"]
    broken = {
        "space": (line.replace(":", ": ", 1), "White space."),
        "order": (
            "{" + line[1:-1].rpartition(",")[2] + "," + line[1:-1].rpartition(",")[0] + "}",
            "Members out of order.",
        ),
        "member-more": (line[:-1] + ',"x":1}', "A member that entries do not have."),
        "member-less": (line[: line.rindex(",")] + "}", "No `seq`."),
        "member-twice": (line[:-1] + ',"seq":2}', "A member twice."),
        "escape-upper-case": (line.replace("ticket", "\\u00E9"), "An escape in upper case."),
        "escape-needless": (line.replace("ticket", "\\u0074icket"), "An escape of a printable letter."),
        "not-escaped": (line.replace("ticket", "t\u00e9"), "A letter outside ASCII."),
        "number-float": (line.replace('"seq":2', '"seq":2.0'), "A number that is no integer."),
        "number-zero": (line.replace('"seq":2', '"seq":0'), "The number zero."),
        "hex-upper-case": (
            line.replace('"mac":"', '"mac":"A', 1)[: -len("x")] + "}",
            "Not 64 lower-case hex digits.",
        ),
        "null": (line.replace('"ann"', "null"), "A null."),
        "array": ("[" + line + "]", "An array."),
        "line-feed": (line + "\n", "A second line."),
        "empty": ("", "Nothing."),
    }
    return [{"name": name, "stage": "parse", "line": text, "breaks": why} for name, (text, why) in broken.items()]


def check(opens: list[Vector], refused: list[Vector]) -> None:
    """Lines are ASCII, chained, and every broken one differs from all good ones."""
    lines = [vector["line"] for vector in opens]
    if any(not line.isascii() for line in lines) or set(lines) & {vector["line"] for vector in refused}:
        raise AssertionError("audit-v1: the vectors contradict themselves")
