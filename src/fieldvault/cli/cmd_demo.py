"""`fieldvault demo`: the main job on made-up people, every claim checked."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.command import Command


@click.command(cls=Command, short_help="See it all on made-up people, every claim checked.")
@click.option(
    "--kek",
    type=click.Choice(["local", "vault"]),
    default="local",
    show_default=True,
    help="A key in a file, or a real OpenBao server that the demo starts and stops.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=40),
    default=20_000,
    show_default=True,
    help="In the customer master, and again in the vendor master.",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Leave the demo's files in this new directory.",
)
def demo(kek: str, rows: int, keep: Path | None) -> int:
    """Seal a customer and a vendor master, find a row by its e-mail, open it, shred a person.

    People and companies in India, the United Kingdom, Jordan and the USA, made by Faker from a fixed seed. Every
    claim on the screen is computed and checked; the command fails if one does not hold.
    """
    from fieldvault.cli.demo import run_demo

    return run_demo(kek, rows, keep)
