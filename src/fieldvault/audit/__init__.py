"""Where audit events go: a chain in which every edit shows, plain lines, or memory."""

from fieldvault.audit.chained import ChainedAudit
from fieldvault.audit.checkpoint import Checkpoint, Signer, check_signature, checkpoint, read_checkpoint
from fieldvault.audit.json_lines import JsonLinesAudit, event_line
from fieldvault.audit.memory import MemoryAudit
from fieldvault.audit.verification import Finding, Problem, Verification, verify

__all__ = [
    "ChainedAudit",
    "Checkpoint",
    "Finding",
    "JsonLinesAudit",
    "MemoryAudit",
    "Problem",
    "Signer",
    "Verification",
    "check_signature",
    "checkpoint",
    "event_line",
    "read_checkpoint",
    "verify",
]
