"""Verifying a password, against argon2-cffi's own `verify` of the same string: what our checks add.

Argon2 itself takes most of the time and all of the noise, so what is added is measured twice: as the ratio of whole
verifications, and in microseconds, at the cheapest parameters there are, many at a time.

Prints a table; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import argon2
from report import Table, table
from rounds import interleave

from fieldvault.passwords import (
    CHEAPEST,
    DJANGO,
    OWASP_MINIMUM,
    RFC_9106_LOW_MEMORY,
    Argon2Profile,
    Expression,
    PasswordHasher,
)

LIMIT = 1.02
"""What this project holds itself to, as a ratio to argon2-cffi."""

PROFILES = {"rfc_9106_low_memory": RFC_9106_LOW_MEMORY, "owasp_minimum": OWASP_MINIMUM, "django": DJANGO}
PASSWORD = "correct horse battery staple"
BASE, PLAIN, WRAPPED = "argon2-cffi", "fieldvault, plain", "fieldvault, wrapped"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=41)
    tables = measure(arguments.parse_args().rounds)
    for one in tables:
        one.show()
    ratios = {f"{one.name}_{row}_vs_{BASE}": one.cost(row) for one in tables[1:] for row in (PLAIN, WRAPPED)}
    print(json.dumps(ratios | tables[0].extra))


def measure(rounds: int) -> list[Table]:
    """What is added at the cheapest parameters first, then the whole verification by profile."""
    return [added(rounds), *(against(name, profile, rounds) for name, profile in PROFILES.items())]


def rows(hasher: PasswordHasher) -> tuple[str, str]:
    """A plain row and a wrapped one."""
    scheme = Expression("md5(md5(password) + salt)")
    digest = scheme.digest(PASSWORD, b"x7Q")
    assert digest is not None
    return hasher.hash(PASSWORD), hasher.wrap(digest, scheme, salt=b"x7Q")


def contenders(profile: Argon2Profile, repeat: range) -> dict[str, Callable[[], object]]:
    hasher, theirs = PasswordHasher(profile), argon2.PasswordHasher()
    plain, wrapped = rows(hasher)
    return {
        BASE: lambda: [theirs.verify(plain, PASSWORD) for _ in repeat],
        PLAIN: lambda: [hasher.verify(PASSWORD, plain) for _ in repeat],
        WRAPPED: lambda: [hasher.verify(PASSWORD, wrapped) for _ in repeat],
    }


def added(rounds: int, verifications: int = 500) -> Table:
    """How much longer than argon2-cffi's one verification takes, where Argon2 costs next to nothing."""
    timings = interleave(contenders(CHEAPEST, range(verifications)), rounds)
    base = timings[BASE].per_item(verifications)
    more = {f"{name}_added_us": round(timings[name].per_item(verifications) - base, 1) for name in (PLAIN, WRAPPED)}
    title = "Verifying a password at the cheapest parameters"
    return table("password_cheapest", title, "verification", timings, verifications, BASE, extra=more)


def against(name: str, profile: Argon2Profile, rounds: int) -> Table:
    timings = interleave(contenders(profile, range(1)), rounds)
    title = f"Verifying a password, m={profile.memory_kib},t={profile.passes},p={profile.lanes}"
    extra = {"limit, as a cost": LIMIT}
    return table(f"password_{name}", title, "verification", timings, 1, BASE, extra=extra)


if __name__ == "__main__":
    main()
