"""Link a file: from one domain's tokens to another's of the same persons, column by column, as a stream.

Rules of this file:

1. Every column has a rule in both domains, and the two go together, or the file is refused: nothing passes unseen,
   and no value comes out that was a token.
2. Both domains record it before the first row is read, and with the count behind the last.
3. Values are opened for one batch, and given to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fieldvault.columns.column import Failures
from fieldvault.columns.result import BatchResult
from fieldvault.errors import BatchError, ConfigurationError, SchemaError
from fieldvault.files.jobs import AllOrNothing, Counts, raised, walk
from fieldvault.files.pseudonyms import check_rows, in_column, schema_of
from fieldvault.files.reading.base import Source
from fieldvault.files.writing.base import Sink
from fieldvault.pseudonyms import Domain, Tokeniser
from fieldvault.pseudonyms.cells import result_of, to_column
from fieldvault.pseudonyms.rules import Drop, Keep, Rule, Tokenise

Records = Sequence[dict[str, Any]]
Rules = Mapping[str, Rule]


class LinkPlan:
    """What becomes of each column that one file has, by the rules of the domain it comes from and of the other one.

    Raises `SchemaError` for a column without a rule in either, and `ConfigurationError` for two rules that do not
    go together: tokens that cannot be reversed, shifted dates, a value that only one of the two keeps.
    """

    def __init__(self, path: Path, found: Sequence[str], source: Rules, target: Rules) -> None:
        for rules, which in ((source, "it comes from"), (target, "it goes to")):
            unknown = ", ".join(repr(name) for name in found if name not in rules)
            if unknown:
                raise SchemaError(
                    f"{path.name} has columns without a rule in the domain that {which}: {unknown}",
                    hint='say of each what becomes of it, e.g. "drop" in the second domain',
                )
        self.columns = [name for name in found if not isinstance(target[name], Drop)]
        self.tokenisers = {
            name: pair for name in self.columns if (pair := _pair(name, source[name], target[name])) is not None
        }
        self.source_schema = schema_of("given", {name: _codec(source[name]) for name in found})
        self.sink_schema = schema_of("made", {name: _codec(target[name]) for name in self.columns})

    def convert(self, source: Domain, target: Domain, records: Records) -> BatchResult[dict[str, Any]]:
        """One batch: the records whose tokens can be brought over, and why the others cannot."""
        made: dict[str, Sequence[Any]] = {name: [one[name] for one in records] for name in self.columns}
        failures: Failures = {}
        for name, (old, new) in self.tokenisers.items():
            opened = source.reversed_unrecorded(old, made[name])
            linked = target.tokenised(new, opened.values)
            made[name] = linked.values
            for at, error in (*opened.failures.items(), *linked.failures.items()):
                failures.setdefault(at, in_column(error, name))
        rows = [
            None if at in failures else {name: column[at] for name, column in made.items()}
            for at in range(len(records))
        ]
        return BatchResult(rows, failures)

    def check(self, records: Records) -> Failures:
        """What is no token of the first domain, for its form alone."""
        failures: Failures = {}
        for name, (old, _) in self.tokenisers.items():
            column = to_column(old, [record[name] for record in records], None)
            old.check_tokens(column)
            for at, error in result_of(old, column).failures.items():
                failures.setdefault(at, in_column(error, name))
        return failures


def link_file(
    source_domain: Domain,
    target_domain: Domain,
    plan: LinkPlan,
    source: Source,
    sink: Sink,
    *,
    reason: str,
    actor: str | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Counts:
    """Every row of `source`, which holds tokens of the first domain, into `sink` with those of the second. All, or
    none. Raises `NotAccountable` and `AuditError` besides what reading, writing and tokens raise."""
    if source_domain.place == target_domain.place:
        raise ConfigurationError("a domain is not linked with itself")
    details: dict[str, str | int] = {
        "kind": "file",
        "file": source.path.name,
        "name": ",".join(plan.tokenisers),
        "from": str(source_domain.place),
        "to": str(target_domain.place),
    }
    for domain in (source_domain, target_domain):
        domain.account_for("link", details, reason=reason, actor=actor)

    def partially(records: Records, /) -> BatchResult[dict[str, Any]]:
        return plan.convert(source_domain, target_domain, records)

    def whole(records: Records, /) -> Records:
        result = partially(records)
        if result.failures:
            raise BatchError(result.failures, total=len(records))
        return result.values  # type: ignore[return-value]

    counts = raised(walk(source, sink, whole, partially, on_rows, AllOrNothing()))
    for domain in (source_domain, target_domain):
        domain.account_for("linked", details | {"count": counts.written}, reason=reason, actor=actor)
    return counts


def check_link(plan: LinkPlan, source: Source, *, on_rows: Callable[[int], None] = lambda _: None) -> Counts:
    """A rehearsal: every row is read and the form of its tokens checked; nothing is opened, recorded or written."""
    return raised(check_rows(plan.check, source, on_rows))


def _codec(rule: Rule) -> Any:
    return rule.tokeniser.token_codec if isinstance(rule, Tokenise) else rule.codec


def _pair(name: str, source: Rule, target: Rule) -> tuple[Tokeniser, Tokeniser] | None:
    """The two tokenisers of a column; None for one that both keep."""
    if isinstance(source, Keep) and isinstance(target, Keep):
        return None
    if not (isinstance(source, Tokenise) and isinstance(target, Tokenise)):
        raise ConfigurationError(
            f"{name} is tokenised in one of the domains and not in the other", hint='"drop" it in the second'
        )
    old, new = source.tokeniser, target.tokeniser
    if old.per_subject or new.per_subject:
        raise ConfigurationError(f"{name}: shifted dates are not linked", hint='"drop" it in the second domain')
    if not old.reversible:
        raise ConfigurationError(f"{name} is a one-way pseudonym, which nobody can bring over", hint='"drop" it')
    return old, new
