"""The events of a run: what was begun, by whom the application says it was, and how it ended."""

from __future__ import annotations

from fieldvault.ports import AuditEvent, AuditSink, Clock
from fieldvault.rotation.reencrypt.results import TableResult
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.scoping import current_actor


class Account:
    """Records nothing where there is no audit log. Raises `AuditError` where an event cannot be kept."""

    def __init__(self, audit: AuditSink | None, clock: Clock) -> None:
        self._audit, self._clock = audit, clock

    def begin(self, action: str, table: SealedTable, tenant: str | None) -> None:
        """Before the first row."""
        self._record(f"{action}-begun", tenant, {"table": table.name, "schema": table.schema.name})

    def end(self, action: str, table: SealedTable, tenant: str | None, result: TableResult) -> None:
        """After the last one, or after a stop."""
        counts: dict[str, str | int] = {
            "table": table.name,
            "schema": table.schema.name,
            "written": result.written,
            "refused": result.refused.total(),
        }
        if result.left is not None:
            counts["left"] = result.left
        self._record(f"{action}-ended", tenant, counts)

    def _record(self, action: str, tenant: str | None, details: dict[str, str | int]) -> None:
        if self._audit is not None:
            self._audit.record(AuditEvent(action, self._clock.now(), tenant, current_actor(), None, details))
