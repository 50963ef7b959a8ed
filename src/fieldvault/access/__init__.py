"""Opened values that stay masked until somebody says why they want to see them."""

from fieldvault.access.gate import AccessGate
from fieldvault.access.place import InputPlace, Place
from fieldvault.access.policies import RevealPolicy, RevealRequest, anyone, named_actors
from fieldvault.access.protected import Protected, masked_json, reveal_many
from fieldvault.access.records import AuditedRecords, ProtectedRecords

__all__ = [
    "AccessGate",
    "AuditedRecords",
    "InputPlace",
    "Place",
    "Protected",
    "ProtectedRecords",
    "RevealPolicy",
    "RevealRequest",
    "anyone",
    "masked_json",
    "named_actors",
    "reveal_many",
]
