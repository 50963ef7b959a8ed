"""Checkpoints: what of a log must stay true, kept where its host cannot write (spec audit-v1 §6)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from fieldvault.core.audit import canonical_json
from fieldvault.errors import AuditError
from fieldvault.ports import AuditHead

_MEMBERS = {"at", "log", "mac", "seq"}
_SIGNED = {"signature", "signer"}
_MAC = re.compile(r"[0-9a-f]{64}")


class Signer(Protocol):
    """Signs with a key that cannot be exported, e.g. `fieldvault.kek.vault_transit.TransitSigner`."""

    @property
    def name(self) -> str:
        """Which key it is."""

    def sign(self, message: bytes) -> str:
        """The signature, as text. Raises `KekError`."""

    def verify(self, message: bytes, signature: str) -> bool:
        """Whether this key signed the message. Raises `KekError`."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That entry `seq` of `log` had this MAC at a moment. `signature` and `signer` are None where unsigned."""

    log: str
    seq: int
    mac: str
    at: str
    signer: str | None = None
    signature: str | None = None

    def message(self) -> bytes:
        """What is signed."""
        members: dict[str, str | int] = {"at": self.at, "log": self.log, "mac": self.mac, "seq": self.seq}
        return canonical_json(members if self.signer is None else members | {"signer": self.signer})

    def text(self) -> str:
        """One line of canonical JSON."""
        members: dict[str, str | int] = json.loads(self.message())
        if self.signature is not None:
            members["signature"] = self.signature
        return canonical_json(members).decode()


def checkpoint(head: AuditHead, *, at: datetime, signer: Signer | None = None) -> Checkpoint:
    """A checkpoint of a log's head. Raises `KekError` where it cannot be signed."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    unsigned = Checkpoint(head.log, head.seq, head.mac, moment, None if signer is None else signer.name)
    return unsigned if signer is None else replace(unsigned, signature=signer.sign(unsigned.message()))


def read_checkpoint(text: str) -> Checkpoint:
    """Raises `AuditError` for what is no checkpoint."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict) or members.keys() not in (_MEMBERS, _MEMBERS | _SIGNED):
        raise AuditError("this is no checkpoint of an audit log", hint="`fieldvault audit checkpoint` writes one")
    number, texts = members["seq"], [value for name, value in members.items() if name != "seq"]
    if type(number) is not int or number < 1 or not all(isinstance(one, str) for one in texts):
        raise AuditError("the checkpoint is malformed")
    if not _MAC.fullmatch(members["mac"]):
        raise AuditError("the checkpoint is malformed")
    return Checkpoint(**members)


def check_signature(found: Checkpoint, signer: Signer | None) -> None:
    """Raises `AuditError` unless `signer` signed it, `KekError` where that cannot be found out."""
    if signer is None or found.signer != signer.name:
        raise AuditError(
            f"the checkpoint of entry {found.seq} is signed by {found.signer}, which cannot be asked",
            hint="[audit] sign_key names the key; it must be of the KEK's server",
        )
    if found.signature is None or not signer.verify(found.message(), found.signature):
        raise AuditError(f"the signature of the checkpoint of entry {found.seq} is wrong")
