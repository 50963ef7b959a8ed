"""The keys of the test project: in memory, and replaced for each test."""

from __future__ import annotations

from plugins.spied_store import SpiedStore

from fieldvault import Keyrings
from fieldvault.access import AccessGate
from fieldvault.audit import MemoryAudit
from fieldvault.testing import FakeKek


class Keys:
    """What `FIELDVAULT['keyrings']` gives."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.kek, self.store = FakeKek(), SpiedStore()
        self.keyrings = Keyrings(self.kek, self.store)


KEYS = Keys()
AUDIT = MemoryAudit()
GATE = AccessGate(AUDIT)


def build() -> Keyrings:
    return KEYS.keyrings


def renew() -> None:
    """New keys: what was sealed before opens no more."""
    from django.apps import apps

    KEYS.renew()
    apps.get_app_config("fieldvault").__dict__.pop("_runtime", None)
