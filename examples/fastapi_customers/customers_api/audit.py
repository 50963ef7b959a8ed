"""The gate that every revealed value passes. Its policy is the application's: here, whoever is known by name."""

from __future__ import annotations

import os

from customers_api.settings import DATA
from fieldvault.access import AccessGate
from fieldvault.audit import JsonLinesAudit

AUDIT = JsonLinesAudit(os.environ.get("AUDIT_LOG", DATA / "audit.jsonl"))
GATE = AccessGate(AUDIT)
