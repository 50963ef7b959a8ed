"""Events in memory, for tests."""

from __future__ import annotations

from fieldvault.ports import AuditEvent


class MemoryAudit:
    """Keeps events in `events`, in order. Any thread may record."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)  # one bytecode under the interpreter's lock, and atomic without it
