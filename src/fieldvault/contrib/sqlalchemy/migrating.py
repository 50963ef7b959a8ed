"""From a plaintext column to an encrypted one, while the application runs: dual write, backfill, cut over, drop.

    state         the application reads and searches   it writes   `encrypted(migrating=…)`
    plain         the plaintext column                 plaintext   (no attribute yet)
    dual write    the plaintext column                 both        DualWrite(plain="email")
    cut over      the encrypted attribute              both        CutOver(plain="email_plain")
    done          the encrypted attribute              sealed      (nothing)

Rules of this file:

1. Processes of two neighbouring states may run at once. The backfill runs once no process of the state `plain` is
   left.
2. The backfill seals what is missing and what differs: a process of the state `plain` may have written after a
   dual writer.
3. It writes only over the plaintext that it has read, so a user's concurrent write is never lost.
4. Whatever writes one of the two columns by the ORM or by parameters writes both; what cannot is refused.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DualWrite:
    """What is written to the plaintext column `plain` is sealed here too. Reading and searching stay with
    `plain`."""

    plain: str


@dataclass(frozen=True, slots=True)
class CutOver:
    """What is written here is copied to the plaintext column `plain`, for processes that still dual-write."""

    plain: str


Migrating = DualWrite | CutOver
