"""Blind index values of a list of 20k texts, against a bare `hmac.digest` loop over the same bytes.

The bare loop does what a careful team writes by hand: HMAC-SHA256 of the encoded value under one key, cut to 16
bytes. It has no versions, no normaliser, no keys of their own for tenant, schema and field. `index_many` is the
call to the core, `index_column` all of it from a list of str by `text@1`; the other kinds are microseconds a value.
FIELDVAULT_CORE=python gives the figure of the pure core. Prints a table; the last line is one JSON object. Ends
with 1 where `index_many` is above its limit.

    python benchmarks/blind_index.py [--values N] [--rounds N]
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import sys

from report import Table, table
from rounds import interleave

from fieldvault import ExactIndex, RecordCipher, Schema, SealedField
from fieldvault.core import batch
from fieldvault.normalise import EMAIL, NAME, TEXT
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import BlindIndex, PrefixIndex, WordIndex

LIMIT = 1.3
"""What this project holds `index_many` to: so many times as long as the bare loop."""
BARE, CORE_CALL = "hmac.digest loop", "index_many"


def cipher_with(index: BlindIndex) -> RecordCipher:
    schema = Schema("customer", [SealedField("email", row_bound=False, index=index)])
    return RecordCipher(schema, memory_keyrings(), tenant="acme")


def measure(count: int, rounds: int) -> Table:
    """Every contender; those beside `index_many` do more than the bare loop."""
    values = [f"person{number}@example.com" for number in range(count)]
    encoded = [value.encode() for value in values]
    secret, digest = os.urandom(32), hmac.digest
    exact, email = cipher_with(ExactIndex(TEXT)), cipher_with(ExactIndex(EMAIL))
    words, prefix = cipher_with(WordIndex(NAME)), cipher_with(PrefixIndex(TEXT, (5,)))
    [slot] = exact.schema.indexes[0].slots
    key = exact.index_keyring.index_keys_to_write().main.index_key(slot.place)
    timings = interleave(
        {
            BARE: lambda: [digest(secret, value, "sha256")[:16] for value in encoded],
            CORE_CALL: lambda: batch.index_many(key, encoded),
            "index_column, text": lambda: exact.index_column("email", values),
            "index_column, e-mail": lambda: email.index_column("email", values),
            "index_column, prefix": lambda: prefix.index_column("email", values),
            "index_column, words": lambda: words.index_column("email", values),
        },
        rounds,
    )
    shape = f"{count:,} texts of {len(encoded[0])} to {len(encoded[-1])} bytes"
    made = table("blind_index", f"Blind index values of {shape}", "value", timings, count, BARE)
    made.extra["index_many, times as long as the bare loop"] = made.cost(CORE_CALL)
    return made


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--values", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=51)
    options = arguments.parse_args()
    made = measure(options.values, options.rounds)
    made.show()
    cost = made.cost(CORE_CALL)
    print(json.dumps({"index_many_vs_hmac": cost, "index_column_vs_hmac": made.cost("index_column, text")}))
    sys.exit(cost > LIMIT)


if __name__ == "__main__":
    main()
