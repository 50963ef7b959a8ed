"""The statements on the heads of audit logs. Each function is one work, run within one transaction."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from fieldvault.errors import KeyStoreConflict
from fieldvault.keystore.tables import audit_heads
from fieldvault.ports import AuditHead


def of_log(connection: Connection, log: str) -> AuditHead | None:
    """The head of a log, if it has one."""
    found = connection.execute(select(audit_heads).where(audit_heads.c.log == log)).mappings().one_or_none()
    return None if found is None else AuditHead(found["log"], found["seq"], found["mac"])


def put(connection: Connection, head: AuditHead, replaces: int | None) -> None:
    """Of two that replace the same head one updates a row; of two first heads the primary key lets one through."""
    values = {"log": head.log, "seq": head.seq, "mac": head.mac}
    if replaces is None:
        connection.execute(insert(audit_heads), values)
        return
    replaced = connection.execute(
        update(audit_heads).where(audit_heads.c.log == head.log, audit_heads.c.seq == replaces).values(values)
    )
    if replaced.rowcount != 1:
        raise KeyStoreConflict(f"the head of the audit log {head.log} is another one by now", hint="read it again")
