"""`fieldvault index start` and `advance`: one step of the rotation."""

from __future__ import annotations

import time

import click

from fieldvault.cli.command import Command, json_option, options
from fieldvault.cli.console import say, write_json
from fieldvault.cli.index.desk import open_rotation, scope_options
from fieldvault.cli.index.showing import NEXT, say_state, state_as_json
from fieldvault.cli.session import Session
from fieldvault.errors import IndexStepRefused, IndexStepTooEarly
from fieldvault.ports import IndexPhase

step_options = options(
    scope_options,
    click.option("--wait", is_flag=True, help="Wait until every process knows the phase before, then go on."),
    click.option("--dry-run", is_flag=True, help="Say whether the step could be taken; change nothing."),
    json_option,
)


@click.command(cls=Command, short_help="Make a new index key, and have it written beside the old one.")
@step_options
@click.pass_obj
def start(session: Session, tenant: str | None, is_global: bool, wait: bool, dry_run: bool, as_json: bool) -> None:
    """Begin a rotation: stable to dual-write."""
    _step(session, tenant, "start", is_global=is_global, wait=wait, dry_run=dry_run, as_json=as_json)


@click.command(cls=Command, short_help="To the next phase, if nothing stands against it.")
@step_options
@click.pass_obj
def advance(
    session: Session, tenant: str | None, is_global: bool, wait: bool, dry_run: bool, as_json: bool
) -> None:
    """To the next phase: dual-write, backfill, cut-over, drop, stable. The last step destroys the old key.

    Refused too early, and while rows are left for the backfill.
    """
    _step(session, tenant, "advance", is_global=is_global, wait=wait, dry_run=dry_run, as_json=as_json)


def _step(
    session: Session, tenant: str | None, step: str, *, is_global: bool, wait: bool, dry_run: bool, as_json: bool
) -> None:
    with open_rotation(session, tenant, is_global=is_global) as rotation:
        state = rotation.state
        if wait and state.seconds_left:
            say(f"waiting {state.seconds_left:.0f} seconds")
            time.sleep(state.seconds_left)
        if dry_run:
            starts = state.phase is IndexPhase.STABLE
            if starts is not (step == "start"):
                raise IndexStepRefused(f"the phase is {state.phase.value}", hint=NEXT[state.phase])
            rows = sum(rotation.rows_left().values())
            if as_json:
                write_json(state_as_json(rotation.state) | {"rows_left": rows})
            else:
                say_state(rotation.state)
                say(f"{rows:,} rows left; nothing was changed")
            return
        while True:
            try:
                state = rotation.start() if step == "start" else rotation.advance()
                break
            except IndexStepTooEarly as early:
                if not wait:
                    raise
                time.sleep(min(1.0, early.seconds_left))  # a clock that is not quite ours
        if as_json:
            write_json(state_as_json(state))
            return
        say_state(state)
        say(NEXT[state.phase] if state.phase is not IndexPhase.STABLE else "done", label="next", style="bold")
