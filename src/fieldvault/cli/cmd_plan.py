"""`fieldvault plan`: how many bits of a blind index to keep."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option, schema_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.session import Session
from fieldvault.core.index import MAX_BITS


@click.command(cls=Command, short_help="Propose the bits of a blind index.")
@click.argument("field", metavar="FIELD")
@click.option(
    "--values",
    "population",
    metavar="N",
    type=click.IntRange(min=1),
    required=True,
    help="How many different values the field has, or will have.",
)
@click.option(
    "--bits-of-others",
    metavar="BITS",
    type=click.IntRange(0, MAX_BITS),
    help="Bits of the other truncated indexes of the same field; by default what the schema declares.",
)
@click.option("--few-values", is_flag=True, help="Accept that few values can be told apart by their frequency.")
@schema_option
@json_option
@click.pass_obj
def plan(
    session: Session,
    field: str,
    population: int,
    bits_of_others: int | None,
    few_values: bool,
    schema: str | None,
    as_json: bool,
) -> None:
    """Propose how many bits a truncated blind index of FIELD should keep.

    With b bits, N / 2^b values share an index value. The proposal keeps that between 2, so that an index value does
    not stand for one value, and √N, so that a query does not open too many strangers. An index of 128 bits (the
    default) finds exactly, and shows exactly which rows are equal.
    """
    from fieldvault import planning

    others = _declared_bits(session, schema, field) if bits_of_others is None else bits_of_others
    proposal = planning.plan(population, bits_of_other_indexes=others, few_values_accepted=few_values)
    if as_json:
        write_json(
            {
                "field": field,
                "values": population,
                "bits_of_others": others,
                "min_bits": proposal.min_bits,
                "max_bits": proposal.max_bits,
                "bits": proposal.bits,
                "exact": proposal.exact,
                "coincidences": proposal.coincidences,
            }
        )
        return
    if proposal.exact:
        say("no number of bits makes its values collide: the index shows exactly which rows are equal")
    ranges = sorted({proposal.min_bits, proposal.bits})
    show_table(
        ["bits", "values to an index value", "rows opened for nothing"],
        [[str(bits), _count(population, bits), _count(population, bits, less=1)] for bits in ranges],
        right=("bits", "values to an index value", "rows opened for nothing"),
    )
    say(f"index of {field}: bits={proposal.bits}", style="bold")


def _count(population: int, bits: int, less: int = 0) -> str:
    from fieldvault.planning.bounds import coincidences

    return f"{max(coincidences(population, bits) - less, 0):,.1f}"


def _declared_bits(session: Session, schema: str | None, field: str) -> int:
    indexes = session.config.schema(schema).field(field).indexes
    return sum(bits for index in indexes if (bits := index.bits) < 64)
