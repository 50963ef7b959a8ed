"""How many bits of a blind index to keep, from the size of the population (the bounds of CipherSweet's planner).

A field with R different values and indexes of L1, L2, … bits has C = R / 2^(L1+L2+…) expected coincidences: so many
values look alike to who sees only the index values. Below 2, an index value stands for one value, as 128 bits do.
Above √R, a query opens more strangers than it should. So 2 ≤ C ≤ √R.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fieldvault.core.index import MAX_BITS, MIN_BITS
from fieldvault.errors import PlanRefused
from fieldvault.schema.few_values import MIN_VALUES

MIN_POPULATION = MIN_VALUES

FEW_VALUES = 1_000
"""Below it an observer can count how often each value occurs and compare with public statistics."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `plan` proposes. Bits are of all truncated indexes of the field together."""

    population: int
    """Different values that the field has, or will have."""
    min_bits: int
    """The fewest bits: with fewer, a query opens more than √R values that were not meant."""
    max_bits: int
    """The most bits that still let values collide, 2 a time on average."""
    bits: int
    """The proposal: the most bits of the range, as queries then open the least; 128 where there is no range."""

    @property
    def exact(self) -> bool:
        """Whether no truncation helps, so that the index shows equality exactly and its risk was accepted."""
        return self.bits == EXACT_BITS

    @property
    def coincidences(self) -> float:
        """Values that share an index value with a given one, on average, at `bits`."""
        return coincidences(self.population, self.bits)


EXACT_BITS = 128


def coincidences(population: int, bits: int) -> float:
    """R / 2^bits."""
    return population / 2.0**bits


def plan(population: int, *, bits_of_other_indexes: int = 0, few_values_accepted: bool = False) -> Plan:
    """The range of bits for one more truncated index on a field of `population` different values.

    Under 512 values no range is left; where `few_values_accepted`, the proposal is then an exact index. Raises
    `PlanRefused` for fewer than 16 values; for fewer than 1,000 unless `few_values_accepted`; and where the indexes
    that the field already has leave no bits.
    """
    if population < MIN_POPULATION:
        raise PlanRefused(
            f"a field of {population} different values cannot be indexed safely: the least is {MIN_POPULATION}",
            hint="open the rows and filter, or index it together with another field",
        )
    if population < FEW_VALUES and not few_values_accepted:
        raise PlanRefused(
            f"{population} different values are few: their frequencies tell them apart, whatever the bits",
            hint="say that this is accepted (--few-values), or index it together with another field",
        )
    most = math.floor(math.log2(population / 2)) - bits_of_other_indexes
    least = max(math.ceil(math.log2(population) / 2) - bits_of_other_indexes, 1)
    if most < MIN_BITS and few_values_accepted and not bits_of_other_indexes:
        return Plan(population, EXACT_BITS, EXACT_BITS, EXACT_BITS)
    if most < MIN_BITS:
        raise PlanRefused(
            f"at most {max(most, 0)} bits keep two values to an index value, and an index has at least {MIN_BITS}",
            hint="the field has enough indexes: search by one of those and filter what was opened",
        )
    most, least = min(most, MAX_BITS), max(least, MIN_BITS)
    return Plan(population, min(least, most), most, most)
