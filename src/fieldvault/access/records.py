"""A `RecordCipher` whose opened records are protected, or accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldvault.access.gate import AccessGate
from fieldvault.access.place import Place
from fieldvault.access.protected import Protected
from fieldvault.attempts import attempt
from fieldvault.columns.form import envelope_bytes
from fieldvault.columns.result import BatchResult
from fieldvault.record import RecordCipher

Record = Mapping[str, Any]
_KEY_ID = slice(1, 17)
"""Where an envelope names its key (spec envelope-v1 §2)."""


class ProtectedRecords:
    """Opens records whose sealed fields come as `Protected`: masked until revealed with a reason. Thread-safe.

    None stays None, since everybody sees that it is; but a sealed None (`seal_null`) is protected. Plain fields
    stay as they are.
    """

    def __init__(self, cipher: RecordCipher, gate: AccessGate) -> None:
        self.cipher = cipher
        self._gate = gate
        self._places = {name: Place.of(cipher.schema, name, cipher.tenant) for name in cipher.schema.sealed}

    def open(self, record: Record) -> dict[str, Any]:
        """One record. Raises as `RecordCipher.open`, or `AuditError`."""
        self._gate.opening(self.cipher.tenant, self.cipher.schema.name, count=1)
        return self._protected(record, self.cipher.open(record))

    def open_many(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """All records, or none. Raises as `RecordCipher.open_many`, or `AuditError`."""
        self._gate.opening(self.cipher.tenant, self.cipher.schema.name, count=len(records))
        return [self._protected(*pair) for pair in zip(records, self.cipher.open_many(records), strict=True)]

    def open_many_partially(self, records: Sequence[Record]) -> BatchResult[dict[str, Any]]:
        """The records that can be opened, and why the others cannot. Raises `AuditError`."""
        self._gate.opening(self.cipher.tenant, self.cipher.schema.name, count=len(records))
        result = self.cipher.open_many_partially(records)
        opened = [
            None if one is None else self._protected(record, one)
            for record, one in zip(records, result.values, strict=True)
        ]
        return BatchResult(opened, result.failures)

    def seal(self, record: Record) -> dict[str, Any]:
        """One record; fields that are still `Protected` are sealed again unseen. Raises as `RecordCipher.seal`."""
        bare = attempt(self._bare, record)
        del record
        return self.cipher.seal(bare.or_raise())

    def seal_many(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """All records, or none. Raises as `RecordCipher.seal_many`, or `ProtectedMisused`."""
        bare = attempt(self._all_bare, records)
        del records
        return self.cipher.seal_many(bare.or_raise())

    def _protected(self, sealed: Record, opened: dict[str, Any]) -> dict[str, Any]:
        gate = self._gate
        for name, place in self._places.items():
            cell = sealed.get(name)
            if cell is not None:
                key_id = cell[_KEY_ID] if type(cell) is bytes else envelope_bytes(cell)[_KEY_ID]
                opened[name] = Protected(opened[name], place, gate, key_id=key_id)
        return opened

    def _all_bare(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        return [self._bare(record) for record in records]

    def _bare(self, record: Record) -> dict[str, Any]:
        schema, tenant = self.cipher.schema.name, self.cipher.tenant
        return {
            name: value.value_to_seal(self._places.get(name) or Place(tenant, schema, name))
            if isinstance(value, Protected)
            else value
            for name, value in record.items()
        }

    def __repr__(self) -> str:
        return f"<ProtectedRecords of {self.cipher!r}>"


class AuditedRecords:
    """Opens records to plain values, for a reason, and accounts for it: exports, jobs. Thread-safe."""

    def __init__(self, cipher: RecordCipher, gate: AccessGate) -> None:
        self.cipher = cipher
        self._gate = gate

    def open_many(self, records: Sequence[Record], *, reason: str) -> list[dict[str, Any]]:
        """All records, or none. Raises as `RecordCipher.open_many`, and before that as `Protected.reveal`."""
        self._admit(records, reason)
        return self.cipher.open_many(records)

    def open_many_partially(self, records: Sequence[Record], *, reason: str) -> BatchResult[dict[str, Any]]:
        """The records that can be opened, and why the others cannot. Raises as `Protected.reveal`."""
        self._admit(records, reason)
        return self.cipher.open_many_partially(records)

    def _admit(self, records: Sequence[Record], reason: str) -> None:
        for name in self.cipher.schema.sealed:
            count = sum(record.get(name) is not None for record in records)
            if count:
                self._gate.admit(self.cipher.tenant, self.cipher.schema.name, name, reason=reason, count=count)

    def __repr__(self) -> str:
        return f"<AuditedRecords of {self.cipher!r}>"
