"""Sealing and opening a list of 100k fields, against a bare `cryptography` loop over the same plaintexts.

`seal` and `open` are `seal_column` and `open_column`; `…_records` are `seal_many` and `open_many` of dicts with
that one field. The bare loop does what a careful team writes by hand: AESGCM, a fresh nonce each, nonce and
ciphertext joined, the same associated data throughout. It has no key ids, no types, no key management. Prints a
table; the last line is one JSON object.

    make bench
"""

from __future__ import annotations

import argparse
import json
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rounds import interleave, machine, ratio

from fieldvault import PlainField, RecordCipher, Schema, SealedField
from fieldvault.testing import memory_keyrings

LIMITS = {"seal": 1.1, "seal_row_bound": 1.6, "open": 1.4}
"""What this project holds itself to, as ratios to the bare loop."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fields", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()
    count: int = options.fields

    values = [f"person{number}@example.com" for number in range(count)]
    row_ids = list(range(count))
    plaintexts = [value.encode() for value in values]
    bare, aad = AESGCM(AESGCM.generate_key(bit_length=256)), b"tenant acme, table customer, column note, version 1"

    note, email = SealedField("note", row_bound=False), SealedField("email")
    schema = Schema("customer", [PlainField("id", int), note, email], row_id="id")
    cipher = RecordCipher(schema, memory_keyrings(), tenant="acme")

    records = [{"note": value} for value in values]
    sealed_records = cipher.seal_many(records)

    def bare_seal() -> list[bytes]:
        sealed = []
        for plaintext in plaintexts:
            nonce = os.urandom(12)
            sealed.append(nonce + bare.encrypt(nonce, plaintext, aad))
        return sealed

    bare_sealed = bare_seal()
    sealed = cipher.seal_column("note", values)
    sealed_in_rows = cipher.seal_column("email", values, row_ids=row_ids)

    def bare_open() -> list[bytes]:
        return [bare.decrypt(one[:12], one[12:], aad) for one in bare_sealed]

    timings = interleave(
        {
            "bare_seal": bare_seal,
            "seal": lambda: cipher.seal_column("note", values),
            "seal_row_bound": lambda: cipher.seal_column("email", values, row_ids=row_ids),
            "bare_open": bare_open,
            "open": lambda: cipher.open_column("note", sealed),
            "open_row_bound": lambda: cipher.open_column("email", sealed_in_rows, row_ids=row_ids),
            "seal_records": lambda: cipher.seal_many(records),
            "open_records": lambda: cipher.open_many(sealed_records),
        },
        options.rounds,
    )
    ratios = {
        name: ratio(timings[name], timings["bare_seal" if name.startswith("seal") else "bare_open"])
        for name in ("seal", "seal_row_bound", "open", "open_row_bound", "seal_records", "open_records")
    }
    sizes = f"{len(plaintexts[0])} to {len(plaintexts[-1])} bytes"
    print(f"{count} fields of {sizes}, {options.rounds} rounds, {machine()}")
    for name, timing in timings.items():
        shown = f"{ratios[name]} times bare" if name in ratios else ""
        limit = f"limit {LIMITS[name]}" if name in LIMITS else ""
        print(f"{name:16} {timing.per_item(count):6.2f} µs a field   {shown:32} {limit}")
    overhead = len(sealed[0]) - len(plaintexts[0])
    print(f"an envelope is {overhead} bytes more than its value: 45 and the type byte")
    print(json.dumps({f"{name}_vs_cryptography": round(one.median, 3) for name, one in ratios.items()}))


if __name__ == "__main__":
    main()
