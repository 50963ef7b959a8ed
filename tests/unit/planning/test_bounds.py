"""The bounds 2 ≤ R/2^bits ≤ √R, and who is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.errors import PlanRefused
from fieldvault.planning import plan
from fieldvault.planning.bounds import EXACT_BITS


@given(st.integers(1_000, 10**12))
def test_the_proposal_keeps_the_bounds_and_its_neighbours_do_not(population: int) -> None:
    proposal = plan(population)
    assert population / 2**proposal.bits >= 2
    assert population / 2 ** (proposal.bits + 1) < 2
    assert population / 2**proposal.min_bits <= math.sqrt(population) * (1 + 1e-12)
    if proposal.min_bits > 8:
        assert population / 2 ** (proposal.min_bits - 1) > math.sqrt(population)
    assert proposal.coincidences == population / 2**proposal.bits


def test_a_million_values() -> None:
    proposal = plan(1_000_000)
    assert (proposal.min_bits, proposal.max_bits, proposal.bits) == (10, 18, 18)
    assert not proposal.exact


def test_bits_are_shared_by_the_indexes_of_a_field() -> None:
    assert plan(1_000_000, bits_of_other_indexes=10).bits == 8
    with pytest.raises(PlanRefused, match="at most 6 bits"):
        plan(1_000_000, bits_of_other_indexes=12)


@pytest.mark.parametrize("population", [1, 2, 15])
def test_a_population_under_sixteen_is_refused_even_if_accepted(population: int) -> None:
    with pytest.raises(PlanRefused, match="the least is 16"):
        plan(population, few_values_accepted=True)


@pytest.mark.parametrize("population", [16, 500, 999])
def test_few_values_must_be_accepted(population: int) -> None:
    with pytest.raises(PlanRefused, match="few") as caught:
        plan(population)
    assert "--few-values" in str(caught.value)


def test_accepted_few_values_have_an_exact_index_where_no_bits_are_left() -> None:
    assert plan(511, few_values_accepted=True).bits == EXACT_BITS
    assert plan(511, few_values_accepted=True).exact
    assert plan(512, few_values_accepted=True).bits == 8
