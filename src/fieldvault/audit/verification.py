"""Reading an audit log from its start, and saying what is wrong with it (spec audit-v1 §5)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fieldvault.audit.checkpoint import Checkpoint
from fieldvault.core.audit import START, AuditKey, Entry, parse_line
from fieldvault.errors import AuditError
from fieldvault.keyring import DataKey, Keyring
from fieldvault.ports import AuditHead

MAX_FINDINGS = 100
"""One edit in the middle of a log is one finding or two; a log of another origin has as many as it has lines."""


class Problem(StrEnum):
    """What can be wrong with a line, or with the log as a whole."""

    MALFORMED = "malformed"
    TORN = "torn"
    ALTERED = "altered"
    MOVED = "moved"
    FOREIGN = "foreign"
    UNKNOWN_KEY = "unknown-key"
    TRUNCATED = "truncated"
    REPLACED = "replaced"


MEANINGS = {
    Problem.MALFORMED: "no entry, or not in the form that it was written in",
    Problem.TORN: "the last line has no end: a write that was interrupted, and reported as failed",
    Problem.ALTERED: "not what was recorded",
    Problem.MOVED: "does not follow the entry before it: one is missing, repeated or in another place",
    Problem.FOREIGN: "an entry of another log",
    Problem.UNKNOWN_KEY: "its audit key cannot be had",
    Problem.TRUNCATED: "the end of the log is missing",
    Problem.REPLACED: "another entry stood here",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` counts from 1; None for the log as a whole."""

    problem: Problem
    line: int | None


@dataclass(slots=True)
class Verification:
    """`entries` were read; the log is whole where there are no findings (at most 100 are kept)."""

    entries: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def note(self, problem: Problem, line: int | None) -> None:
        """One more finding."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(problem, line))


def verify(
    path: str | os.PathLike[str],
    *,
    name: str,
    keyring: Keyring,
    head: AuditHead | None,
    checkpoints: Sequence[Checkpoint] = (),
    on_entries: Callable[[int], None] = lambda _: None,
) -> Verification:
    """Verify the whole log, a line at a time. `on_entries` hears how many were read since it was called last.

    Raises `AuditError` where the file cannot be read, `KekError` and `KeyStoreError` where keys cannot be had.
    """
    walk = _Walk(name, keyring)
    # What must be found on the way: number to (MAC, what it means where another is found).
    awaited = [(one.seq, one.mac) for one in checkpoints if one.log == name]
    if head is not None:
        awaited.append((head.seq, head.mac))
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path-like is enough
            for line in file:
                walk.line(line, awaited)
                if walk.number % 1_000 == 0:
                    on_entries(1_000)
    except OSError as error:
        raise AuditError(f"the audit log cannot be read: {error.strerror}") from None
    on_entries(walk.number % 1_000)
    for number, _ in awaited:
        if number > walk.last:
            walk.result.note(Problem.TRUNCATED, None)
            break
    if head is not None and walk.last > head.seq + 1:
        walk.result.note(Problem.REPLACED, None)  # the head was put back, or the log went on without it
    if head is None and walk.last > 1:
        walk.result.note(Problem.REPLACED, None)
    return walk.result


class _Walk:
    def __init__(self, name: str, keyring: Keyring) -> None:
        self.result = Verification()
        self.number = 0
        self.last = 0
        self._name = name
        self._keyring = keyring
        self._keys: dict[str, AuditKey | None] = {}
        self._prev = START

    def line(self, line: bytes, awaited: Sequence[tuple[int, str]]) -> None:
        self.number += 1
        note = self.result.note
        if not line.endswith(b"\n"):
            note(Problem.TORN, self.number)
            return
        entry = parse_line(line[:-1])
        if entry is None:
            note(Problem.MALFORMED, self.number)
            return
        if entry.log != self._name:
            note(Problem.FOREIGN, self.number)
            return
        self.result.entries += 1
        key = self._key(entry)
        if key is None:
            note(Problem.UNKNOWN_KEY, self.number)
        elif not entry.is_authentic(key):
            note(Problem.ALTERED, self.number)
        if entry.seq != self.last + 1 or entry.prev != self._prev:
            note(Problem.MOVED, self.number)
        if any(number == entry.seq and mac != entry.mac for number, mac in awaited):
            note(Problem.REPLACED, self.number)
        self.last, self._prev = entry.seq, entry.mac

    def _key(self, entry: Entry) -> AuditKey | None:
        if entry.key not in self._keys:
            key_id = bytes.fromhex(entry.key)
            found = self._keyring.keys([key_id])[key_id]
            self._keys[entry.key] = found.audit_key(self._name) if isinstance(found, DataKey) else None
        return self._keys[entry.key]
