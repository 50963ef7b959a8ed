"""An event as an object of texts and integers."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from fieldvault.ports import AuditEvent


def event_object(event: AuditEvent) -> dict[str, Any]:
    """What is written of an event (spec audit-v1 §3); what is None is left out."""
    content = {
        "action": event.action,
        "actor": event.actor,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "details": dict(event.details),
        "reason": event.reason,
        "tenant": event.tenant,
    }
    return {name: value for name, value in content.items() if value is not None}
