"""Tokens of a list of 20k values, against a bare AES-SIV loop, and what each other kind costs.

The bare loop does what a careful team writes by hand: AESSIV with a 512-bit key, each value under the same
associated data as ours. It has no domains, versions, types or text form. `siv` is `pseudonymise_column` and
`siv_open` the walk of `reidentify_column`; FF1 and the token table have no bare form, so theirs are microseconds a
value. Prints a table; the last line is one JSON object. Ends with 1 where `siv` is above its limit.

    python benchmarks/tokens.py [--values N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from report import Table, table
from rounds import interleave

from fieldvault.audit import MemoryAudit
from fieldvault.pseudonyms import (
    CardToken,
    Domain,
    FormatToken,
    LookupToken,
    Luhn,
    OneWayPseudonym,
    PhoneToken,
    SivToken,
)
from fieldvault.testing import memory_keyrings
from fieldvault.token_table import MemoryTokenTable

LIMIT = 1.3
"""What this project holds `siv` to: so many times as long as the bare loop."""
BARE, SIV = "AESSIV loop", "siv"
FEW = 2_000
"""How many values the slow kinds get."""


def measure(count: int, rounds: int) -> list[Table]:
    """Making and reversing beside the bare loop, and the kinds that have no bare form."""
    domain = Domain("research", memory_keyrings(), tenant="acme", audit=MemoryAudit(), table=MemoryTokenTable())
    domain.create()
    email, one_way = SivToken("email"), OneWayPseudonym("email")
    values = [f"person{number}@example.com" for number in range(count)]
    plaintexts = [value.encode() for value in values]
    bare, associated = AESSIV(AESSIV.generate_key(bit_length=512)), [email.place(domain.place, 1)]
    tokens = domain.pseudonymise_column(email, values)
    bare_tokens = [bare.encrypt(plaintext, associated) for plaintext in plaintexts]
    cards = [f"41111111{number:07}{check_digit(f'41111111{number:07}')}" for number in range(FEW)]
    phones = [f"+962 79 {number:07}" for number in range(FEW)]
    making = interleave(
        {
            BARE: lambda: [bare.encrypt(plaintext, associated) for plaintext in plaintexts],
            SIV: lambda: domain.pseudonymise_column(email, values),
            "one-way": lambda: domain.pseudonymise_column(one_way, values),
        },
        rounds,
    )
    reversing = interleave(
        {
            BARE: lambda: [bare.decrypt(token, associated) for token in bare_tokens],
            SIV: lambda: domain.reidentify_column(email, tokens, reason="benchmark"),
        },
        rounds,
    )
    slow = interleave(
        {
            "FF1, 16 digits": lambda: domain.pseudonymise_column(FormatToken("number"), cards),
            "FF1, card": lambda: domain.pseudonymise_column(CardToken("card", Luhn.VALID, keep_last=4), cards),
            "FF1, telephone number": lambda: domain.pseudonymise_column(PhoneToken("phone"), phones),
            "look-up, known": lambda: domain.pseudonymise_column(LookupToken("card"), cards),
        },
        rounds,
    )
    shape = f"{count:,} texts of {len(plaintexts[0])} to {len(plaintexts[-1])} bytes"
    made = table("tokens", f"Tokens of {shape}", "value", making, count, BARE)
    made.extra["siv, times as long as the bare loop"] = made.cost(SIV)
    return [
        made,
        table("tokens_reversed", f"Reversing tokens of {shape}", "value", reversing, count, BARE),
        table("tokens_formats", f"Tokens of {FEW:,} cards and numbers", "value", slow, FEW, "FF1, 16 digits"),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--values", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=51)
    options = arguments.parse_args()
    made, reversed_, formats = measure(options.values, options.rounds)
    for one in (made, reversed_, formats):
        one.show()
    result = {"siv_vs_aessiv": made.cost(SIV), "siv_open_vs_aessiv": reversed_.cost(SIV)}
    print(json.dumps(result | {f"{row.name}, µs": round(row.microseconds, 2) for row in formats.rows}))
    sys.exit(made.cost(SIV) > LIMIT)


def check_digit(digits: str) -> str:
    """The Luhn check digit that belongs behind these."""
    doubled = [int(digit) * 2 for digit in digits[::-2]]
    total = sum(number // 10 + number % 10 for number in doubled) + sum(map(int, digits[-2::-2]))
    return str(-total % 10)


if __name__ == "__main__":
    main()
