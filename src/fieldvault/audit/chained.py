"""The audit log as a chain: an append-only file in which every edit shows (spec audit-v1).

Rules of this file:

1. One writer at a time, over threads, processes and forks: the file is locked for each event.
2. `record` returns when the disk has the entry. The head follows; if the process dies between the two, the next
   writer brings it up to date.
3. What does not fit the head is refused and left as it is: evidence is not to be written over.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldvault.audit.events import event_object
from fieldvault.core.audit import START, AuditKey, Entry, entry_line, parse_line
from fieldvault.core.context import encode_name
from fieldvault.errors import AuditError, KeyStoreConflict
from fieldvault.keyring import DataKey, Keyring
from fieldvault.ports import AuditEvent, AuditHead, AuditHeads

_MOST_BYTES = 1 << 15
"""Of one entry, whose names and reason are a few hundred bytes."""

_TAIL_BYTES = 2 * _MOST_BYTES
"""Has the whole last entry, also behind a torn one."""


class ChainedAudit:
    """Appends to `path`, which is created with mode 0600. Any thread or process may record (port: `AuditSink`).

    `name` is the log's: one for each file that is written on its own. `keyring` is that of the global scope's
    purpose `audit`. `heads` is where the last entry is noted, usually the key store.
    """

    def __init__(self, path: str | os.PathLike[str], *, name: str, keyring: Keyring, heads: AuditHeads) -> None:
        encode_name(name, "audit log's name")
        self.path = Path(path)
        self.name = name
        self._keyring = keyring
        self._heads = heads

    def record(self, event: AuditEvent) -> None:
        """See `AuditSink.record`. Raises `AuditError`, also for a log that does not fit its head; `KekError` and
        `KeyStoreError` where the audit key or the head cannot be had."""
        key = self._keyring.primary(uses=0).audit_key(self.name)
        with self._locked() as file:
            last = self._last(file)
            seq, prev = (0, START) if last is None else (last.seq, last.mac)
            line, entry = entry_line(key, log=self.name, seq=seq + 1, prev=prev, event=event_object(event))
            if parse_line(line[:-1]) is None:
                raise AuditError("an event's details are texts and integers")
            if len(line) > _MOST_BYTES:
                raise AuditError(f"an event of {len(line)} bytes is too long", hint="shorten the reason")
            self._append(file, line)
            self._heads.put_audit_head(self._head(entry), replaces=None if last is None else last.seq)

    def _last(self, file: int) -> Entry | None:
        """The entry to go on from, the head brought up to date."""
        head = self._heads.audit_head(self.name)
        entry = self._last_entry(file)
        if entry is None and head is None:
            return None
        if entry is not None and head is not None and (entry.seq, entry.mac) == (head.seq, head.mac):
            key = self._key(entry)
            if key is None or entry.is_authentic(key):  # its key may be gone; the head vouches for its MAC
                return entry
        after = (0, START) if head is None else (head.seq, head.mac)
        follows = entry is not None and (entry.seq - 1, entry.prev) == after
        if entry is not None and follows and (key := self._key(entry)) is not None and entry.is_authentic(key):
            self._heads.put_audit_head(self._head(entry), replaces=None if head is None else head.seq)
            return entry
        raise AuditError(
            f"the audit log {self.name} is not what its head says: it was cut, edited or replaced",
            hint="keep the file; `fieldvault audit verify` says where",
        )

    def _last_entry(self, file: int) -> Entry | None:
        size = os.fstat(file).st_size
        tail = os.pread(file, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(file, size - len(tail) + whole)  # a write that never ended, and was reported as failed
        if not whole:
            return None
        entry = parse_line(tail[tail.rfind(b"\n", 0, whole - 1) + 1 : whole - 1])
        if entry is None or entry.log != self.name:
            raise AuditError(
                f"the last line of the audit log {self.name} is no entry of it",
                hint="keep the file; `fieldvault audit verify` says more",
            )
        return entry

    def _key(self, entry: Entry) -> AuditKey | None:
        key_id = bytes.fromhex(entry.key)
        key = self._keyring.keys([key_id])[key_id]
        return key.audit_key(self.name) if isinstance(key, DataKey) else None

    def _head(self, entry: Entry) -> AuditHead:
        return AuditHead(self.name, entry.seq, entry.mac)

    def _append(self, file: int, line: bytes) -> None:
        try:
            written = os.write(file, line)
            if written == len(line):
                os.fsync(file)
                return
            problem = "took only a part of an event; is its disk full?"
        except OSError as error:
            problem = f"cannot be written: {error.strerror}"
        raise AuditError(f"the audit log {problem}", hint=str(self.path))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise AuditError(f"the audit log cannot be opened: {error.strerror}", hint=str(self.path)) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        except KeyStoreConflict as error:
            raise AuditError(
                error.message, hint="is the log written by another host under the same name?"
            ) from None
        finally:
            os.close(file)
