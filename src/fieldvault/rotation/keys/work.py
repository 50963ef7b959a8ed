"""What every operation on keys needs: the ports, who acts and why, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fieldvault.keyring import Keyrings
from fieldvault.ports import AuditEvent, AuditSink, Clock, DataKeyRecord, KekDirectory, KekProvider, KeyStore
from fieldvault.rotation.metrics import KEK_CALLS, RotationMetrics

CHUNK = 160
"""Keys in one request to the KEK (OpenBao refuses JSON of more than 1,000 strings)."""

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class KeyProgress:
    """`done` of `total` so far, of what `doing` says."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWork:
    """Made by `KeyOperations`."""

    keyrings: Keyrings
    audit: AuditSink | None
    actor: str | None
    metrics: RotationMetrics
    on_progress: Callable[[KeyProgress], None]
    slowest_write: float

    @property
    def store(self) -> KeyStore:
        return self.keyrings.store

    @property
    def clock(self) -> Clock:
        return self.keyrings.clock

    @property
    def settle_seconds(self) -> float:
        """After which no process seals under what was the primary before, and what was sealed so is committed."""
        return self.keyrings.policy.cache_seconds + self.slowest_write

    @property
    def wrapping_kek(self) -> KekProvider:
        """The KEK that wraps new keys."""
        return self.kek_named(self.keyrings.kek.name) or self.keyrings.kek

    def kek_named(self, name: str) -> KekProvider | None:
        """The KEK of this name, if this process can use it."""
        kek = self.keyrings.kek
        if isinstance(kek, KekDirectory):
            return kek.named(name)
        return kek if kek.name == name else None

    def data_keys(self) -> Iterator[DataKeyRecord]:
        """Every data key, page by page, by key id."""
        after: bytes | None = None
        while page := self.store.data_keys_after(after, _PAGE):
            yield from page
            after = page[-1].key_id

    def account(
        self, action: str, details: Mapping[str, str | int], *, tenant: str | None = None, reason: str | None = None
    ) -> None:
        """Record what is about to happen, where there is an audit log. Raises `AuditError`; then it must not."""
        if self.audit is not None:
            self.audit.record(AuditEvent(action, self.clock.now(), tenant, self.actor, reason, details))

    def count(self, name: str, amount: int = 1, **attributes: str) -> None:
        """Tell the metrics."""
        if amount:
            self.metrics.add(name, amount, attributes)

    def count_kek_calls(self, operation: str, keys: int) -> None:
        """Tell the metrics of the requests that so many keys take."""
        self.count(KEK_CALLS, -(-keys // CHUNK), operation=operation)

    def progress(self, doing: str, done: int, total: int) -> None:
        self.on_progress(KeyProgress(doing, done, max(done, total)))
