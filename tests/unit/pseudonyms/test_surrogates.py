"""Surrogates over columns, and over text that was made to cost much."""

from __future__ import annotations

import pyarrow as pa
import pytest
from plugins.pseudonyms_kit import made_domain

from fieldvault.errors import BatchError, SchemaError, TokenMalformed
from fieldvault.pseudonyms import Damaged, SivToken, Surrogates

SURROGATES = Surrogates({"EMAIL": SivToken("email")})
TEXTS = ["write to ann@example.com today", None, "nothing"]
SPANS = [[(9, 24, "EMAIL")], [], []]


@pytest.mark.parametrize(
    "given", [TEXTS, pa.array(TEXTS), pa.chunked_array([TEXTS[:1], TEXTS[1:]]), pa.array(TEXTS, pa.large_string())]
)
def test_a_column_of_texts_there_and_back(given: object) -> None:
    domain = made_domain()
    embedded = SURROGATES.embed_many(domain, given, SPANS)
    assert type(embedded) is (list if isinstance(given, list) else pa.StringArray)
    as_list = embedded if isinstance(embedded, list) else embedded.to_pylist()
    assert as_list[0].startswith("write to EMAIL(")
    assert as_list[1:] == TEXTS[1:]
    back = SURROGATES.reverse_many(domain, embedded, reason="test")
    assert (back if isinstance(back, list) else back.to_pylist()) == TEXTS


def test_none_has_no_spans_and_a_text_is_no_column() -> None:
    domain = made_domain()
    with pytest.raises(BatchError):
        SURROGATES.embed_many(domain, [None], [[(0, 1, "EMAIL")]])
    for work in (
        lambda: SURROGATES.embed_many(domain, "text", []),
        lambda: SURROGATES.reverse_many(domain, {"a": "b"}, reason="test"),
    ):
        with pytest.raises(SchemaError):
            work()


def test_headers_that_announce_long_tokens_are_no_load() -> None:
    """What is kept of each is what could be its token, not the rest of the text."""
    hostile = "EMAIL(999999999):" * 60_000
    found = SURROGATES.find(hostile)
    assert len(found) == 60_000
    assert sum(len(one.token) for one in found) <= len(hostile)
    assert SURROGATES.reverse(made_domain(), hostile, reason="test", damaged=Damaged.KEEP) == hostile


@pytest.mark.parametrize("change", [-1, 1, 40])
def test_a_length_that_is_not_the_tokens_is_damage(change: int) -> None:
    domain = made_domain()
    token = domain.pseudonymise(SivToken("email"), "ann@example.com")
    text = f"EMAIL({len(token) + change}):{token} and more"
    with pytest.raises(TokenMalformed):
        SURROGATES.reverse(domain, text, reason="test")
    assert SURROGATES.reverse(domain, text, reason="test", damaged=Damaged.KEEP) == text
