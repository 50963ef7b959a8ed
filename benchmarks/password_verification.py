"""Verifying a password, against argon2-cffi's own `verify` of the same string: what our checks add.

Argon2 itself takes most of the time and all of the noise, so what is added is measured twice: as the ratio of whole
verifications, and in microseconds, at the cheapest parameters there are, many at a time.

Prints a table; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json

import argon2
from rounds import interleave, machine, ratio

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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=41)
    rounds: int = arguments.parse_args().rounds
    print(f"{rounds} rounds, {machine()}")
    ratios: dict[str, float] = {}
    for name, profile in PROFILES.items():
        plain, wrapped = against(profile, rounds)
        ratios |= {f"{name}_vs_argon2_cffi": plain, f"{name}_wrapped_vs_argon2_cffi": wrapped}
    added = {f"{name}_added_us": round(one, 1) for name, one in added_microseconds(rounds).items()}
    print(f"added to any verification: {added}")
    print(json.dumps(ratios | added))


def rows(hasher: PasswordHasher) -> tuple[str, str]:
    """A plain row and a wrapped one."""
    scheme = Expression("md5(md5(password) + salt)")
    digest = scheme.digest(PASSWORD, b"x7Q")
    assert digest is not None
    return hasher.hash(PASSWORD), hasher.wrap(digest, scheme, salt=b"x7Q")


def added_microseconds(rounds: int, verifications: int = 500) -> dict[str, float]:
    """How much longer than argon2-cffi's one verification takes, where Argon2 costs next to nothing."""
    hasher, theirs = PasswordHasher(CHEAPEST), argon2.PasswordHasher()
    plain, wrapped = rows(hasher)
    repeat = range(verifications)
    timings = interleave(
        {
            "argon2-cffi": lambda: [theirs.verify(plain, PASSWORD) for _ in repeat],
            "plain": lambda: [hasher.verify(PASSWORD, plain) for _ in repeat],
            "wrapped": lambda: [hasher.verify(PASSWORD, wrapped) for _ in repeat],
        },
        rounds,
    )
    base = timings["argon2-cffi"].per_item(verifications)
    return {name: timings[name].per_item(verifications) - base for name in ("plain", "wrapped")}


def against(profile: Argon2Profile, rounds: int) -> tuple[float, float]:
    """Print one line for each kind of row; returns the medians of the ratios for a plain and a wrapped one."""
    hasher, theirs = PasswordHasher(profile), argon2.PasswordHasher()
    stored, wrapped = rows(hasher)
    timings = interleave(
        {
            "argon2-cffi": lambda: theirs.verify(stored, PASSWORD),
            "plain": lambda: hasher.verify(PASSWORD, stored),
            "wrapped": lambda: hasher.verify(PASSWORD, wrapped),
        },
        rounds,
    )
    cost = f"m={profile.memory_kib},t={profile.passes},p={profile.lanes}"
    ratios = {name: ratio(timing, timings["argon2-cffi"]) for name, timing in timings.items()}
    for name, timing in timings.items():
        shown = "" if name == "argon2-cffi" else f"{ratios[name]} times argon2-cffi   limit {LIMIT}"
        print(f"{cost:18} {name:12} {timing.per_item(1) / 1000:8.2f} ms   {shown}")
    return round(ratios["plain"].median, 3), round(ratios["wrapped"].median, 3)


if __name__ == "__main__":
    main()
