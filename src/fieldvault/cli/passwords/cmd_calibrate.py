"""`fieldvault passwords calibrate`: what a hash costs on this machine."""

from __future__ import annotations

import os

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Time and memory of a hash here, and the profile that fits a target.")
@click.option(
    "--target-ms", type=click.FloatRange(1, 60_000), default=250.0, show_default=True, help="For one login."
)
@click.option(
    "--memory-mib", type=click.IntRange(19, 65_536), default=64, show_default=True, help="At most, a hash."
)
@click.option(
    "--lanes", type=click.IntRange(1, 16), default=1, show_default=True, help="Threads that one hash uses."
)
@click.option("--threads", type=click.IntRange(1, 256), help="Hashes side by side; by default one a core.")
@json_option
@click.pass_obj
def calibrate(
    _session: Session, target_ms: float, memory_mib: int, lanes: int, threads: int | None, as_json: bool
) -> None:
    """Measure what one hash takes on this machine, for the named profiles and for one that fits the target.

    Needs no configuration file. Run it where logins are served, at a usual load.
    """
    from fieldvault.password_migration import fit, measure
    from fieldvault.passwords import OWASP_MINIMUM, RFC_9106_LOW_MEMORY

    workers = threads or os.cpu_count() or 1
    fitted = fit(target_ms / 1000, memory_kib=memory_mib * 1024, lanes=lanes)
    profiles = {
        "owasp-minimum": OWASP_MINIMUM,
        "rfc-9106-low-memory": RFC_9106_LOW_MEMORY,
        f"fits {target_ms:g} ms": fitted,
    }
    found = {name: measure(profile, threads=workers) for name, profile in profiles.items()}
    declared = f"profile = {{ memory_kib = {fitted.memory_kib}, passes = {fitted.passes}, lanes = {fitted.lanes} }}"
    if as_json:
        entries = [
            {
                "profile": name,
                "memory_kib": one.profile.memory_kib,
                "passes": one.profile.passes,
                "lanes": one.profile.lanes,
                "milliseconds": round(one.seconds * 1000, 2),
                "per_second": round(one.per_second, 1),
                "threads": one.threads,
            }
            for name, one in found.items()
        ]
        write_json({"profiles": entries, "declared": declared})
        return
    rows = [
        [
            name,
            f"{one.profile.memory_kib / 1024:,.0f} MiB",
            str(one.profile.passes),
            str(one.profile.lanes),
            f"{one.seconds * 1000:,.0f}",
            f"{one.per_second:,.1f}",
            f"{one.memory_kib / 1024:,.0f} MiB",
        ]
        for name, one in found.items()
    ]
    columns = ["profile", "memory", "passes", "lanes", "ms", f"hashes/s, {workers} threads", "memory together"]
    show_table(columns, rows, right=tuple(columns[1:]))
    say(declared, label="for [passwords]", style="bold")
