"""Where audit events go."""

from fieldvault.audit.json_lines import JsonLinesAudit, event_line
from fieldvault.audit.memory import MemoryAudit

__all__ = ["JsonLinesAudit", "MemoryAudit", "event_line"]
