"""Linking: from one domain's tokens to another's of the same persons. Nobody sees a value on the way."""

from __future__ import annotations

from typing import Any

from fieldvault.attempts import attempt
from fieldvault.columns.result import BatchResult, whole
from fieldvault.errors import ConfigurationError
from fieldvault.pseudonyms.cells import as_list, given_back_like
from fieldvault.pseudonyms.domain import Domain
from fieldvault.pseudonyms.tokeniser import Tokeniser, one_way


def link(
    source: Domain,
    target: Domain,
    tokeniser: Tokeniser,
    tokens: Any,
    *,
    reason: str,
    target_tokeniser: Tokeniser | None = None,
    actor: str | None = None,
) -> Any:
    """The tokens in `target` of the values behind these tokens of `source`, in order. All, or none.

    What two recipients hold apart is brought together by this, so it is an operation of its own, recorded in the
    audit log of both domains before it happens. `target_tokeniser`: where the target's is declared otherwise.
    Raises `NotAccountable`, `AuditError`, `BatchError` with the failures by position.
    """
    as_given = given_back_like(tokens, (target_tokeniser or tokeniser).token_codec)
    result = attempt(_linked, source, target, tokeniser, target_tokeniser or tokeniser, tokens, reason, actor)
    del tokens
    return as_given(whole(result))


def _linked(
    source: Domain,
    target: Domain,
    tokeniser: Tokeniser,
    target_tokeniser: Tokeniser,
    tokens: Any,
    reason: str,
    actor: str | None,
) -> BatchResult[Any]:
    if source.place == target.place:
        raise ConfigurationError("a domain is not linked with itself")
    if tokeniser.per_subject or target_tokeniser.per_subject:
        raise ConfigurationError("shifted dates are not linked: they are no pseudonyms of a person")
    if not tokeniser.reversible:
        raise one_way(tokeniser)
    cells = as_list(tokens)
    details: dict[str, str | int] = {"name": tokeniser.name, "kind": tokeniser.kind, "count": len(cells)}
    ends: dict[str, str | int] = {"from": str(source.place), "to": str(target.place)}
    source.account_for("link", details | ends, reason=reason, actor=actor)
    target.account_for("link", details | ends, reason=reason, actor=actor)
    opened = source.reversed_unrecorded(tokeniser, cells)
    if opened.failures:
        return BatchResult([None] * len(cells), opened.failures)
    return target.tokenised(target_tokeniser, list(opened.values))
