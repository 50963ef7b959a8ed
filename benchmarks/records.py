"""Records of twelve columns, five of them sealed and bound to their rows, two indexed: `seal_many`, `open_many`.

Beside it what a team writes by hand with Tink: the same five values sealed into a copy of the record, each with its
field and row as associated data, and an HMAC of the two that are looked for. It has no key versions and no types.
"""

from __future__ import annotations

import argparse
import hmac
import os
from typing import Any

from peers.tink_aead import TinkAead
from report import Table, table
from rounds import interleave
from samples import CUSTOMERS, cipher, customers

SEALED = ("name", "email", "phone", "street", "iban")
INDEXED = ("email", "iban")
OURS, BY_HAND = "fieldvault", "Tink and hmac, by hand"


def measure(count: int, rounds: int) -> list[Table]:
    """The cost of a sealed field; the index values are in it."""
    records, ours, by_hand = customers(count), cipher(CUSTOMERS), ByHand()
    sealed, sealed_by_hand = ours.seal_many(records), by_hand.seal(records)
    if by_hand.open(sealed_by_hand) != records or ours.open_many(sealed) != records:
        raise AssertionError("what was sealed does not open to what was given")
    fields = count * len(SEALED)
    seal = interleave({OURS: lambda: ours.seal_many(records), BY_HAND: lambda: by_hand.seal(records)}, rounds)
    open_ = interleave(
        {OURS: lambda: ours.open_many(sealed), BY_HAND: lambda: by_hand.open(sealed_by_hand)}, rounds
    )
    shape = f"{count:,} records of {len(records[0])} columns, {len(SEALED)} sealed, {len(INDEXED)} indexed"
    return [
        table("seal_records", f"Sealing {shape}", "field", seal, fields, BY_HAND),
        table("open_records", f"Opening {shape}", "field", open_, fields, BY_HAND),
    ]


class ByHand:
    """The careful team's own code."""

    def __init__(self) -> None:
        self._aead: Any = TinkAead()._aead
        self._keys = {name: os.urandom(32) for name in INDEXED}

    def seal(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        encrypt, sealed = self._aead.encrypt, []
        for record in records:
            row = dict(record)
            for name in SEALED:
                row[name] = encrypt(record[name].encode(), self._place(name, record["id"]))
            for name, key in self._keys.items():
                spelling = record[name].strip().lower().encode()
                row[f"{name}_index"] = hmac.digest(key, spelling, "sha256")[:16]
            sealed.append(row)
        return sealed

    def open(self, sealed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        decrypt, records = self._aead.decrypt, []
        for row in sealed:
            record = dict(row)
            for name in SEALED:
                record[name] = decrypt(row[name], self._place(name, row["id"])).decode()
            for name in INDEXED:
                del record[f"{name}_index"]
            records.append(record)
        return records

    def _place(self, name: str, row: int) -> bytes:
        return f"acme customer {name} {row}".encode()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=11)
    options = arguments.parse_args()
    for one in measure(options.records, options.rounds):
        one.show()


if __name__ == "__main__":
    main()
