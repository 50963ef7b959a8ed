"""Accounting: what reveals, links or destroys is recorded first, with a reason, or it does not happen."""

from __future__ import annotations

from collections.abc import Mapping

from fieldvault.errors import NotAccountable
from fieldvault.ports import AuditEvent, AuditSink, Clock
from fieldvault.pseudonyms.place import DomainPlace


class Account:
    """The audit log of one domain."""

    def __init__(self, place: DomainPlace, sink: AuditSink | None, clock: Clock) -> None:
        self._place = place
        self._sink = sink
        self.clock = clock

    def require(self, reason: object) -> None:
        """Raises `NotAccountable` where there is no audit log, or no reason."""
        if self._sink is None:
            raise NotAccountable(
                f"{self._place} has no audit log, so nothing of it is revealed, linked or destroyed",
                hint="Domain(…, audit=JsonLinesAudit(path))",
            )
        if not isinstance(reason, str) or not reason.strip():
            raise NotAccountable("a reason is needed", hint="say what for: a ticket, a request, a court order")

    def record(
        self, action: str, details: Mapping[str, str | int], *, reason: str | None, actor: str | None
    ) -> None:
        """One event, where there is an audit log. Raises `AuditError`."""
        if self._sink is not None:
            self._sink.record(
                AuditEvent(
                    action,
                    self.clock.now(),
                    tenant=self._place.tenant,
                    actor=actor,
                    reason=reason,
                    details={"domain": self._place.domain} | dict(details),
                )
            )
