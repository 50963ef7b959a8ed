"""An index that shows a whole column is declared on purpose, or not at all."""

from __future__ import annotations

from enum import Enum, StrEnum

import pytest

from fieldvault import ExactIndex, RecordCipher, Schema, SealedField
from fieldvault.codec import codec_for
from fieldvault.errors import SchemaError
from fieldvault.normalise import EMAIL, Exact
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import BlindIndex, CompoundIndex


class Sex(StrEnum):
    FEMALE = "f"
    MALE = "m"
    DIVERSE = "d"
    WOMAN = "f"  # an alias is no further value


FIFTEEN, SIXTEEN = (Enum(f"Of{count}", [f"M{number}" for number in range(count)]) for count in (15, 16))  # type: ignore[misc]
DAYS = Enum("DAYS", ["MO", "TU", "WE", "TH", "FR", "SA", "SU"])  # type: ignore[misc]


def exact(kind: type, **options: bool) -> BlindIndex:
    return ExactIndex(Exact(codec_for(kind)), **options)


@pytest.mark.parametrize(("kind", "count"), [(bool, 2), (Sex, 3), (FIFTEEN, 15)])
def test_few_values_are_indexed_only_where_it_is_said(kind: type, count: int) -> None:
    with pytest.raises(SchemaError, match=f"v has {count} possible values.*few_values=True"):
        SealedField("v", kind, row_bound=False, index=exact(kind))
    field = SealedField("v", kind, row_bound=False, index=exact(kind, few_values=True))
    cipher = RecordCipher(Schema("s", [field]), memory_keyrings(), tenant="acme")
    value = next(iter(kind)) if issubclass(kind, Enum) else True
    sealed = cipher.seal({"v": value})
    assert cipher.search("v", value).found_in(sealed["v_index"])


@pytest.mark.parametrize("kind", [SIXTEEN, int, str])
def test_other_types_need_nothing(kind: type) -> None:
    SealedField("v", kind, index=exact(kind))


def test_it_is_no_part_of_the_key() -> None:
    keyrings = memory_keyrings()
    made = [
        RecordCipher(
            Schema("s", [SealedField("v", int, row_bound=False, index=exact(int, few_values=few))]),
            keyrings,
            tenant="a",
        ).index_column("v", [7])
        for few in (True, False)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("kinds", "refused"), [((bool, Sex), 6), ((bool, DAYS), 14), ((Sex, DAYS), None), ((bool, str), None)]
)
def test_together_few_values_may_be_enough(kinds: tuple[type, type], refused: int | None) -> None:
    fields = [SealedField(name, kind, row_bound=False) for name, kind in zip("ab", kinds, strict=True)]

    def schema(**options: bool) -> Schema:
        parts = {
            name: EMAIL if kind is str else Exact(codec_for(kind)) for name, kind in zip("ab", kinds, strict=True)
        }
        return Schema("s", fields, indexes=[CompoundIndex("both", parts, **options)])

    if refused is None:
        schema()
    else:
        with pytest.raises(SchemaError, match=f"both has {refused} possible values"):
            schema()
        schema(few_values=True)
