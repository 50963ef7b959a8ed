"""The gate that every revealed value passes. The admin checks permissions; the gate wants a name."""

from __future__ import annotations

import os

from django.conf import settings

from fieldvault.access import AccessGate
from fieldvault.audit import JsonLinesAudit

GATE = AccessGate(JsonLinesAudit(os.environ.get("AUDIT_LOG", settings.DATA / "audit.jsonl")))
