"""Surrogates: tokens inside free text that can be found again, `EMAIL(34):ft1.…` (spec token-v1 §11).

Who finds the personal data in a text (a person, a recogniser) is not our matter: `embed` is told where it stands.

Rules of this file:

1. What is embedded is found again, and nothing else: `embed` looks for itself before it returns.
2. Text that has something of the form of a surrogate outside its spans is refused: reversing it would reveal, to
   whoever reads the result, a value that somebody else's token stands for.
3. A damaged surrogate (cut, altered, of another domain) is refused, or left as it is where the caller says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.codec import codec_for
from fieldvault.columns.column import Failures
from fieldvault.columns.result import BatchResult, one_of, whole
from fieldvault.errors import FieldvaultError, SchemaError, TokenMalformed, ValueRefused
from fieldvault.pseudonyms.cells import as_list, check_sequence, given_back_like
from fieldvault.pseudonyms.domain import Domain
from fieldvault.pseudonyms.tokeniser import Tokeniser

_TOKEN = re.compile(r"[A-Za-z0-9_.-]*")
_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,31}\Z")

_STR = codec_for(str)

Span = tuple[int, int, str]
"""Where a value stands in a text: start, end (as in a slice), and its TYPE."""


class Damaged(StrEnum):
    """What happens to a surrogate that cannot be reversed."""

    REFUSE = "refuse"
    """The text is refused."""
    KEEP = "keep"
    """The surrogate stays as it is; the others of the text are reversed."""


@dataclass(frozen=True, slots=True)
class Surrogate:
    """One that was found: where it stands, its TYPE, and its token, which is shorter than announced if damaged."""

    start: int
    end: int
    type: str
    token: str
    is_whole: bool


class Surrogates:
    """Which TYPEs a text may have, and the tokeniser of each: `Surrogates({"EMAIL": SivToken("email")})`.

    Raises `SchemaError` for a malformed TYPE, for one that is the end of another, and for a tokeniser whose tokens
    are not reversible text with a version.
    """

    def __init__(self, types: Mapping[str, Tokeniser]) -> None:
        self.types = dict(types)
        for name, tokeniser in self.types.items():
            if not _TYPE.match(name):
                raise SchemaError("a surrogate's TYPE is 1 to 32 of A-Z, 0-9 and '_', starting with a letter")
            if any(other != name and other.endswith(name) for other in self.types):
                raise SchemaError(f"{name} is the end of another TYPE, so the two could be taken for each other")
            if not (tokeniser.reversible and tokeniser.says_version):
                raise SchemaError(f"{name}: a {tokeniser.kind} token is not found again in a text", hint="SivToken")
        if not self.types:
            raise SchemaError("no TYPE of surrogate is declared")
        self._header = re.compile(rf"({'|'.join(map(re.escape, self.types))})\(([1-9][0-9]{{0,8}})\):")

    def find(self, text: str) -> list[Surrogate]:
        """All that has the form of a surrogate of a declared TYPE, from left to right, damaged ones included."""
        return list(self._found(text))

    def embed(self, domain: Domain, text: str, spans: Sequence[Span]) -> str:
        """The text with surrogates in place of these values. Raises `ValueRefused`, `SchemaError`."""
        result = attempt(self._embedded, domain, [text], [spans])
        del text
        return one_of(result)

    def embed_many(self, domain: Domain, texts: Any, spans: Sequence[Sequence[Span]]) -> Any:
        """Each text with its spans. All, or none: raises `BatchError` with the failures by position.

        A list gives a list, an Arrow column a pyarrow Array. None stays None, and has no spans.
        """
        as_given = given_back_like(texts, _STR)
        result = attempt(self._embedded, domain, texts, spans)
        del texts
        return as_given(whole(result))

    def reverse(
        self,
        domain: Domain,
        text: str,
        *,
        reason: str,
        damaged: Damaged = Damaged.REFUSE,
        actor: str | None = None,
    ) -> str:
        """The text with its values back. Raises the first damaged surrogate's error, unless `damaged` is KEEP."""
        result = attempt(self._reversed, domain, [text], damaged, reason, actor)
        del text
        return one_of(result)

    def reverse_many(
        self,
        domain: Domain,
        texts: Any,
        *,
        reason: str,
        damaged: Damaged = Damaged.REFUSE,
        actor: str | None = None,
    ) -> Any:
        """Each text, as `embed_many`. All, or none: raises `BatchError` with the failures by position."""
        as_given = given_back_like(texts, _STR)
        result = attempt(self._reversed, domain, texts, damaged, reason, actor)
        del texts
        return as_given(whole(result))

    # --- the walk ----------------------------------------------------------------------------

    def _found(self, text: str) -> Iterator[Surrogate]:
        # From header to header, since a token that is cut off would otherwise swallow the next one's beginning.
        for match in self._header.finditer(text):
            # Up to the first character that no token has: no header is in it, so a text of nothing but headers that
            # announce long tokens costs no more than any other.
            run = _TOKEN.match(text, match.end(), match.end() + int(match[2]))
            token = "" if run is None else run[0]
            is_whole = len(token) == int(match[2])
            yield Surrogate(match.start(), match.end() + len(token), match[1], token, is_whole)

    def _embedded(self, domain: Domain, given: Any, spans: Sequence[Sequence[Span]]) -> BatchResult[str]:
        texts = texts_of(given)
        if len(texts) != len(spans):
            raise SchemaError(f"{len(spans)} lists of spans for {len(texts)} texts")
        failures: Failures = {}
        for at, (text, own) in enumerate(zip(texts, spans, strict=True)):
            refusal = self._refusal(text, own)
            if refusal is not None:
                failures[at] = refusal
        places: dict[str, list[tuple[int, int]]] = {name: [] for name in self.types}
        values: dict[str, list[str]] = {name: [] for name in self.types}
        for at, (text, own) in enumerate(zip(texts, spans, strict=True)):
            for number, (start, end, name) in enumerate(own if at not in failures else ()):
                places[name].append((at, number))
                values[name].append((text or "")[start:end])
        tokens: dict[tuple[int, int], Any] = {}
        for name, tokeniser in self.types.items():
            if values[name]:
                made = domain.tokenised(tokeniser, values[name])
                tokens |= dict(zip(places[name], made.values, strict=True))
                for position, error in made.failures.items():
                    failures.setdefault(places[name][position][0], error)
        results: list[str | None] = [None] * len(texts)
        for at, (text, own) in enumerate(zip(texts, spans, strict=True)):
            if at not in failures and text is not None:
                mine = [tokens[at, number] for number in range(len(own))]
                embedded = results[at] = self._put_together(text, own, mine)
                if [one.token for one in self.find(embedded)] != mine:
                    failures[at] = _has_surrogates()
        return BatchResult(results, failures)

    def _refusal(self, text: object, spans: Sequence[Span]) -> SchemaError | ValueRefused | None:
        if text is None and not spans:
            return None
        if not isinstance(text, str):
            return ValueRefused(f"expected str, got {type(text).__name__}")
        before = 0
        for start, end, name in spans:
            if name not in self.types:
                known = ", ".join(self.types)
                return SchemaError("a span of a TYPE that is not declared", hint=f"declared: {known}")
            if not before <= start < end <= len(text):
                return SchemaError("spans stand in order, within the text, without overlap, and none is empty")
            before = end
        return None

    def _put_together(self, text: str, spans: Sequence[Span], tokens: Sequence[str]) -> str:
        parts, before = [], 0
        for (start, end, name), token in zip(spans, tokens, strict=True):
            parts += [text[before:start], f"{name}({len(token)}):{token}"]
            before = end
        return "".join([*parts, text[before:]])

    def _reversed(
        self, domain: Domain, given: Any, damaged: Damaged, reason: str, actor: str | None
    ) -> BatchResult[str]:
        texts = texts_of(given)
        failures: Failures = {
            at: ValueRefused(f"expected str, got {type(text).__name__}")
            for at, text in enumerate(texts)
            if not isinstance(text, str | None)
        }
        found = [self.find(text) if isinstance(text, str) else [] for text in texts]
        count = sum(map(len, found))
        details: dict[str, str | int] = {"name": ",".join(self.types), "kind": "surrogates", "count": count}
        domain.account_for("reidentify", details, reason=reason, actor=actor)
        values: dict[tuple[int, int], Any] = {}
        for name, tokeniser in self.types.items():
            places = [(at, one) for at, own in enumerate(found) for one in own if one.type == name and one.is_whole]
            if places:
                opened = domain.reversed_unrecorded(tokeniser, [one.token for _, one in places])
                values |= {
                    (at, one.start): opened.failures.get(position, opened.values[position])
                    for position, (at, one) in enumerate(places)
                }
        results: list[str | None] = [None] * len(texts)
        for at, (text, own) in enumerate(zip(texts, found, strict=True)):
            if at not in failures and text is not None:
                replaced = _replaced(text, [(one, values.get((at, one.start))) for one in own], damaged)
                if isinstance(replaced, FieldvaultError):
                    failures[at] = replaced
                else:
                    results[at] = replaced
        return BatchResult(results, failures)


def texts_of(given: Any) -> Sequence[str | None]:
    """The cells of a list or an Arrow column. Raises `SchemaError` for what is neither."""
    cells: Sequence[str | None] = as_list(given)
    check_sequence("texts", cells)
    return cells


def _replaced(text: str, found: Sequence[tuple[Surrogate, Any]], damaged: Damaged) -> str | FieldvaultError:
    parts: list[str] = []
    before = 0
    for one, value in found:
        if one.start < before:
            continue  # what looks like a header inside a token that was reversed
        if isinstance(value, str):
            parts += [text[before : one.start], value]
            before = one.end
        elif damaged is Damaged.REFUSE:
            cut = TokenMalformed("a surrogate is not whole", hint="cut off, or altered?")
            return value if isinstance(value, FieldvaultError) else cut
    return "".join([*parts, text[before:]])


def _has_surrogates() -> ValueRefused:
    return ValueRefused(
        "the text has something of the form of a surrogate already", hint="reverse it first, or take it out"
    )
