"""Pseudonymise a file, reidentify a file: each column by its rule, as a stream, joins held within the domain.

Rules of this file:

1. Every column of the file has a rule, or the file is refused: nothing passes unseen.
2. Reidentifying a file is one event before the first row is read, and one with the counts behind the last.
3. A date shift goes by the subject's own value, not by its token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fieldvault.columns.column import Failures
from fieldvault.columns.result import BatchResult
from fieldvault.errors import BatchError, ConfigurationError, FieldvaultError, SchemaError
from fieldvault.files.jobs import AllOrNothing, Counts, KeepGoing, raised, walk
from fieldvault.files.reading.base import Source
from fieldvault.files.trouble import rows_failed
from fieldvault.files.writing.base import Sink
from fieldvault.pseudonyms import Domain
from fieldvault.pseudonyms.cells import result_of, to_column
from fieldvault.pseudonyms.rules import Drop, Keep, Rule, Tokenise
from fieldvault.schema import PlainField, Schema, Tenancy

Records = Sequence[dict[str, Any]]
Column = Sequence[Any]


class FilePlan:
    """The rules of the columns that one file has, and the two schemas that it is read and written with.

    Raises `SchemaError` for a column without a rule, and `ConfigurationError` for a subject's column that is
    missing or, when reidentifying, does not come back.
    """

    def __init__(self, path: Path, found: Sequence[str], rules: Mapping[str, Rule], *, reverse: bool) -> None:
        unknown = [name for name in found if name not in rules]
        if unknown:
            raise SchemaError(
                f"{path.name} has columns without a rule: {', '.join(map(repr, unknown))}",
                hint='say of each what becomes of it: a kind of token, "keep" or "drop"; nothing passes unseen',
            )
        self.rules = {name: rules[name] for name in found}
        self.reverse = reverse
        self._check_subjects(path)
        # A column that a date shift needs is worked out before it.
        self._order = sorted(self.rules, key=lambda name: self._subject(name) is not None)
        self.columns = [name for name in found if reverse or not isinstance(self.rules[name], Drop)]
        given, made = ("pseudonyms", "values") if reverse else ("values", "pseudonyms")
        self.source_schema = schema_of(given, {name: self._codec(name, tokens=reverse) for name in found})
        self.sink_schema = schema_of(made, {name: self._codec(name, tokens=not reverse) for name in self.columns})

    @property
    def transformed(self) -> list[str]:
        """The columns that this job changes."""
        return [name for name in self.columns if self._tokeniser(name) is not None]

    def convert(self, domain: Domain, records: Records) -> BatchResult[dict[str, Any]]:
        """One batch: the records that can be converted, and why the others cannot."""
        columns: dict[str, Column] = {name: [record[name] for record in records] for name in self.rules}
        made: dict[str, Column] = dict(columns)
        failures: Failures = {}
        for name in self._order:
            tokeniser = self._tokeniser(name)
            if tokeniser is None:
                continue
            subject = self._subject(name)
            owners = None if subject is None else (made if self.reverse else columns)[subject]
            convert = domain.reversed_unrecorded if self.reverse else domain.tokenised
            result = convert(tokeniser, columns[name], owners)
            made[name] = result.values
            for at, error in result.failures.items():
                failures.setdefault(at, in_column(error, name))
        rows = zip(*(made[name] for name in self.columns), strict=True) if self.columns else [()] * len(records)
        results: list[dict[str, Any] | None] = [
            None if at in failures else dict(zip(self.columns, row, strict=True)) for at, row in enumerate(rows)
        ]
        return BatchResult(results, failures)

    def check(self, records: Records) -> Failures:
        """What would fail for its form, without a key, a token table, or an event."""
        failures: Failures = {}
        for name in self.transformed:
            tokeniser, subject = self._tokeniser(name), self._subject(name)
            if tokeniser is None:
                continue
            owners = None if subject is None else [record[subject] for record in records]
            column = to_column(tokeniser, [record[name] for record in records], owners)
            (tokeniser.check_tokens if self.reverse else tokeniser.check_values)(column)
            for at, error in result_of(tokeniser, column).failures.items():
                failures.setdefault(at, in_column(error, name))
        return failures

    def _tokeniser(self, name: str) -> Any:
        rule = self.rules[name]
        if not isinstance(rule, Tokenise) or (self.reverse and not rule.tokeniser.reversible):
            return None
        return rule.tokeniser

    def _subject(self, name: str) -> str | None:
        rule = self.rules[name]
        return rule.subject if isinstance(rule, Tokenise) else None

    def _codec(self, name: str, *, tokens: bool) -> Any:
        rule = self.rules[name]
        if isinstance(rule, Keep | Drop):
            return rule.codec
        tokens = tokens or (self.reverse and not rule.tokeniser.reversible)
        return rule.tokeniser.token_codec if tokens else rule.tokeniser.codec

    def _check_subjects(self, path: Path) -> None:
        for name in self.rules:
            subject = self._subject(name)
            if subject is None:
                continue
            if subject not in self.rules:
                raise ConfigurationError(f"{path.name}: {name} goes by {subject}, which the file does not have")
            rule = self.rules[subject]
            lost = isinstance(rule, Tokenise) and not rule.tokeniser.reversible
            if self.reverse and (lost or isinstance(rule, Drop)):
                raise ConfigurationError(f"{path.name}: {name} goes by {subject}, which does not come back")


def _unwatched(rows: int) -> None:
    """Nobody watches the progress."""


def pseudonymise_file(
    domain: Domain,
    plan: FilePlan,
    source: Source,
    sink: Sink,
    *,
    on_rows: Callable[[int], None] = _unwatched,
    failures: AllOrNothing | KeepGoing = AllOrNothing(),  # noqa: B008 - frozen
) -> Counts:
    """Every row of `source` into `sink`, in tokens. Everything else as in `seal_file`."""
    return raised(_converted(domain, plan, source, sink, on_rows, failures))


def reidentify_file(
    domain: Domain,
    plan: FilePlan,
    source: Source,
    sink: Sink,
    *,
    reason: str,
    actor: str | None = None,
    on_rows: Callable[[int], None] = _unwatched,
    failures: AllOrNothing | KeepGoing = AllOrNothing(),  # noqa: B008 - frozen
) -> Counts:
    """Every row of `source` into `sink`, with its values back. Raises `NotAccountable` and `AuditError` besides."""
    details: dict[str, str | int] = {"kind": "file", "file": source.path.name, "name": ",".join(plan.transformed)}
    domain.account_for("reidentify", details, reason=reason, actor=actor)
    counts = raised(_converted(domain, plan, source, sink, on_rows, failures))
    domain.account_for("reidentified", details | {"count": counts.written}, reason=reason, actor=actor)
    return counts


def check_file(plan: FilePlan, source: Source, *, on_rows: Callable[[int], None] = _unwatched) -> Counts:
    """A rehearsal: every row is read and its form checked; nothing is made, opened, recorded or written.

    Raises `BatchError`, by data row (from 1), where rows would fail, and as reading does.
    """
    return raised(check_rows(plan.check, source, on_rows))


def _converted(
    domain: Domain,
    plan: FilePlan,
    source: Source,
    sink: Sink,
    on_rows: Callable[[int], None],
    failures: AllOrNothing | KeepGoing,
) -> Counts | FieldvaultError:
    def partially(records: Records, /) -> BatchResult[dict[str, Any]]:
        return plan.convert(domain, records)

    def whole(records: Records, /) -> Records:
        result = plan.convert(domain, records)
        if result.failures:
            raise BatchError(result.failures, total=len(records))
        return result.values  # type: ignore[return-value]

    return walk(source, sink, whole, partially, on_rows, failures)


def check_rows(
    check: Callable[[Records], Failures], source: Source, on_rows: Callable[[int], None]
) -> Counts | FieldvaultError:
    """Every row of a file through a check of batches: the counts, or what is wrong."""
    rows = 0
    try:
        for batch in source.batches():
            failed = {batch.numbers[at]: error for at, error in check(batch.records).items()}
            if failed or batch.failures:
                return rows_failed(source.path, batch.failures | failed, total=batch.rows)
            rows += batch.rows
            on_rows(batch.rows)
            del batch
    except FieldvaultError as error:
        return error.detached()
    return Counts(rows, rows, 0)


def in_column(error: FieldvaultError, name: str) -> FieldvaultError:
    """The error, naming the column."""
    return error if error.field == name else error.in_field(name)


def schema_of(name: str, codecs: Mapping[str, Any]) -> Schema:
    """The columns of a file that is read, or written, as it is."""
    return Schema(name, [PlainField(column, codec) for column, codec in codecs.items()], tenancy=Tenancy.GLOBAL)
