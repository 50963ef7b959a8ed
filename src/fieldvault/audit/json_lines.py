"""One JSON object a line, appended to a file.

Rules of this file:

1. A line is canonical: sorted keys, no white space, ASCII. What has the same content is the same bytes.
2. `record` returns after fsync. An event is one write, so lines of several processes do not mix.
"""

from __future__ import annotations

import os
from pathlib import Path

from fieldvault.audit.events import event_object
from fieldvault.core.audit import canonical_json
from fieldvault.errors import AuditError
from fieldvault.ports import AuditEvent


def event_line(event: AuditEvent) -> bytes:
    """The event as one canonical line, its newline included; what is None is left out."""
    return canonical_json(event_object(event)) + b"\n"


class JsonLinesAudit:
    """Appends to `path`, which is created with mode 0600. Any thread or process may record."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def record(self, event: AuditEvent) -> None:
        line = event_line(event)
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                written = os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise AuditError(f"the audit log cannot be written: {error.strerror}", hint=str(self.path)) from None
        if written != len(line):
            raise AuditError("the audit log took only a part of an event", hint="is its disk full?")
