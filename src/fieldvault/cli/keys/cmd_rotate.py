"""`fieldvault keys rotate`: new primary data keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.domains.showing import actor_option
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.keys.desk import ask, asking_options, open_operations
from fieldvault.cli.keys.showing import ending, say_refused
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.rotation.keys import KeyOperations, ScopeRotation, SubjectsResult


@click.command(cls=Command, short_help="Make new primary data keys.")
@click.option("--tenant", metavar="TENANT", help="Of this tenant.")
@click.option("--global", "is_global", is_flag=True, help="Of what is kept for all tenants together.")
@click.option("--all", "every", is_flag=True, help="Of all tenants, and the global ones.")
@click.option(
    "--purpose", "purposes", metavar="PURPOSE", multiple=True, help="fields or subjects; both if left out."
)
@click.option(
    "--min-age", metavar="SECONDS", type=click.FloatRange(min=0), help="Leave primaries younger than this."
)
@click.option("--resume", is_flag=True, help="Make no new key; wrap the subject keys that are left under old ones.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Subject keys a transaction."
)
@asking_options
@actor_option
@json_option
@click.pass_obj
def rotate(
    session: Session,
    tenant: str | None,
    is_global: bool,
    every: bool,
    purposes: tuple[str, ...],
    min_age: float | None,
    resume: bool,
    batch: int,
    dry_run: bool,
    yes: bool,
    actor: str,
    as_json: bool,
) -> int:
    """Make a new primary data key for each scope; the old one only opens from then on. Subject keys are wrapped
    under the new key of the purpose `subjects`. The data is not touched.

    A primary that other processes may not know yet (younger than the keyring's cache_seconds and [rotation]
    slowest_write_seconds together) is left, so that a command that is repeated makes no other key; --min-age 0
    does. Index keys are rotated by `fieldvault index`, those of domains by `fieldvault domains`.
    """
    if (tenant is not None) + is_global + every != 1:
        raise click.UsageError("say whose keys: --tenant TENANT, --global or --all")
    from fieldvault.rotation.keys import ROTATED_TOGETHER

    with open_operations(session, actor) as operations:
        if resume:
            left = operations.resume_rotation(tenant, every_tenant=every, batch=batch, dry_run=dry_run)
            return _show([], left, operations, as_json=as_json, dry_run=dry_run)
        if every:
            ask("Rotate the data keys of all tenants?", yes=yes, dry_run=dry_run)
        result = operations.rotate(
            tenant,
            every_tenant=every,
            purposes=purposes or ROTATED_TOGETHER,
            min_age=min_age,
            batch=batch,
            dry_run=dry_run,
        )
        return _show(result.scopes, result.subjects, operations, as_json=as_json, dry_run=dry_run)


def _show(
    scopes: Any, subjects: SubjectsResult, operations: KeyOperations, *, as_json: bool, dry_run: bool
) -> ExitCode:
    if as_json:
        write_json(
            {
                "scopes": [_as_json(one) for one in scopes],
                "subject_keys": subjects.done,
                "changed_meanwhile": subjects.changed_meanwhile,
                "refused": {key_id.hex(): error.message for key_id, error in subjects.refused.items()},
            }
        )
        return ending(subjects.refused)
    if scopes:
        rows = [[str(one.scope), one.outcome.value, str(one.version), one.key_id.hex()] for one in scopes]
        show_table(["scope", "outcome", "version", "key id"], rows, right=("version",))
    if any(one.outcome.value == "too-young" for one in scopes):
        say("a primary that is too young was left; --min-age 0 rotates it all the same", label="note", style="bold")
    say(f"{subjects.done:,} subject keys {'would be ' if dry_run else ''}wrapped under the new key")
    if any(one.outcome.value == "rotated" and one.scope.purpose == "subjects" for one in scopes) and not dry_run:
        say(
            f"in {operations.settle_seconds:.0f} seconds, `fieldvault keys rotate --resume` wraps what processes "
            "that did not know the new key yet have made meanwhile",
            label="next",
            style="bold",
        )
    say_refused(subjects.refused)
    return ending(subjects.refused)


def _as_json(one: ScopeRotation) -> dict[str, Any]:
    return {
        "tenant": one.scope.tenant,
        "purpose": one.scope.purpose,
        "outcome": one.outcome.value,
        "version": one.version,
        "key_id": one.key_id.hex(),
        "replaced": None if one.replaced is None else one.replaced.hex(),
    }
