"""Keys of several tenants in a key store, data sealed under them, and the operations on them."""

from __future__ import annotations

from typing import Any

from plugins.customers import CUSTOMERS, PEOPLE, customer, person
from plugins.spied_store import SpiedStore
from plugins.versioned_kek import VersionedFakeKek

from fieldvault import Keyrings, RecordCipher, Scope
from fieldvault.audit import MemoryAudit
from fieldvault.keyring import KeyringPolicy
from fieldvault.ports import DataKeyRecord, KekProvider, KeyState
from fieldvault.rotation.keys import KeyOperations
from fieldvault.rotation.metrics import CountingMetrics
from fieldvault.testing import FakeClock

TTL, SLOWEST = 300.0, 60.0
SETTLED = TTL + SLOWEST


class KeysBench:
    """Tenants `t0`, `t1`, …, each with a customer and `persons` persons, sealed before anything else happens."""

    def __init__(self, tenants: int = 2, persons: int = 3, *, kek: Any = None, store: Any = None) -> None:
        self.kek = kek or VersionedFakeKek()
        self.clock = FakeClock()
        self.store = SpiedStore(store)
        self.audit = MemoryAudit()
        self.metrics = CountingMetrics()
        self.progress: list[Any] = []
        self.tenants = [f"t{number}" for number in range(tenants)]
        process = self.keyrings()
        self.sealed = {
            tenant: (
                self.cipher(tenant, process).seal_many([customer()]),
                self.cipher(tenant, process, PEOPLE).seal_many([person(n) for n in range(persons)]),
            )
            for tenant in self.tenants
        }
        self.persons = persons

    def keyrings(self, kek: KekProvider | None = None) -> Keyrings:
        """Those of a process of its own."""
        return Keyrings(
            kek or self.kek, self.store, policy=KeyringPolicy(cache_seconds=TTL, lease=1000), clock=self.clock
        )

    def cipher(self, tenant: str, keyrings: Keyrings | None = None, schema: Any = CUSTOMERS) -> RecordCipher:
        return RecordCipher(schema, keyrings or self.keyrings(), tenant=tenant)

    def operations(self, kek: KekProvider | None = None, **changes: Any) -> KeyOperations:
        given = {"audit": self.audit, "actor": "op", "metrics": self.metrics, "on_progress": self.progress.append}
        return KeyOperations(self.keyrings(kek), **(given | {"slowest_write": SLOWEST} | changes))

    def everything_opens(self, kek: KekProvider | None = None) -> bool:
        """For a process that starts now."""
        process = self.keyrings(kek)
        for tenant, (customers, people) in self.sealed.items():
            opened = self.cipher(tenant, process).open_many(customers)
            persons = self.cipher(tenant, process, PEOPLE).open_many(people)
            if opened != [customer()] or persons != [person(n) for n in range(self.persons)]:
                return False
        return True

    def data_keys(self, tenant: str = "t0", purpose: str = "fields") -> list[DataKeyRecord]:
        return self.store.behind.data_keys(Scope(tenant, purpose))  # type: ignore[no-any-return]

    def all_keys(self) -> list[DataKeyRecord]:
        return self.store.behind.data_keys_after(None, 10_000)  # type: ignore[no-any-return]

    def states(self, tenant: str = "t0", purpose: str = "fields") -> list[KeyState]:
        return [one.state for one in self.data_keys(tenant, purpose)]

    def events(self) -> list[str]:
        return [event.action for event in self.audit.events]
