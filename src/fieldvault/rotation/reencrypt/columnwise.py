"""Opening and sealing the fields of a page, column by column: what `ToPrimary`, `Verifying` and `Moving` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.columns.column import Failures
from fieldvault.errors import FieldvaultError
from fieldvault.record import RecordCipher
from fieldvault.rotation.reencrypt.page import Page
from fieldvault.rotation.reencrypt.table import SealedTable


@dataclass(slots=True)
class Cells:
    """Some cells of one field: `at` are their positions in the page."""

    at: Sequence[int]
    cells: Sequence[Any] = field(repr=False)

    def without(self, refused: Mapping[int, object]) -> Cells:
        """Those whose rows were not refused."""
        if not refused or not any(n in refused for n in self.at):
            return self
        kept = [(n, cell) for n, cell in zip(self.at, self.cells, strict=True) if n not in refused]
        return Cells([n for n, _ in kept], [cell for _, cell in kept])

    def over(self, column: Sequence[Any]) -> Sequence[Any]:
        """The column with these cells in their places."""
        if len(self.at) == len(column):
            return self.cells
        whole = list(column)
        for n, cell in zip(self.at, self.cells, strict=True):
            whole[n] = cell
        return whole


class Columnwise:
    """Opens and seals fields of one page."""

    def __init__(self, table: SealedTable, cipher: RecordCipher, page: Page) -> None:
        self._schema = table.schema
        self._cipher = cipher
        self.refused: Failures = {}
        """Why, by position, a row is left as it is."""
        self._row_ids, self._subjects = self._bound_to(table, page)

    def open(self, name: str, sealed: Cells, *, strict: bool = True) -> Cells:
        """The values of those that open; the others are refused, or where not `strict` only left out."""
        result = self._cipher.open_column_partially(name, sealed.cells, **self._beside(name, sealed.at))
        if not strict:
            return Cells(sealed.at, result.values).without(
                {sealed.at[n]: error for n, error in result.failures.items()}
            )
        return self._taken(name, sealed.at, result.values, result.failures)

    def seal(self, name: str, values: Cells) -> Cells:
        """The envelopes of those that can be sealed; the others are refused."""
        result = self._cipher.seal_column_partially(name, values.cells, **self._beside(name, values.at))
        return self._taken(name, values.at, result.values, result.failures)

    def _taken(
        self, name: str, at: Sequence[int], cells: Sequence[Any], failures: Mapping[int, FieldvaultError]
    ) -> Cells:
        for n, error in failures.items():
            self.refused.setdefault(at[n], error if error.field else error.in_field(name))
        return Cells(at, cells).without(self.refused)

    def _beside(self, name: str, at: Sequence[int]) -> dict[str, Any]:
        beside: dict[str, Any] = {}
        if self._schema.field(name).row_bound:
            beside["row_ids"] = _picked(self._row_ids, at)
        if self._schema.subject is not None:
            beside["subjects"] = _picked(self._subjects, at)
        return beside

    def _bound_to(self, table: SealedTable, page: Page) -> tuple[Sequence[Any], Sequence[Any]]:
        plain: dict[str, Sequence[Any]] = {}
        for name in table.bound_to:
            cells = page.cells[name]
            if any(type(cell) is str for cell in cells[:1]) and self._schema.plain[name].type is not str:
                cells = [self._plain(table, name, n, cell) for n, cell in enumerate(cells)]
            plain[name] = cells
        parts = [plain[name] for name in self._schema.row_id]
        subject = self._schema.subject
        row_ids = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
        return row_ids, () if subject is None else plain[subject.field]

    def _plain(self, table: SealedTable, name: str, at: int, cell: Any) -> Any:
        given = attempt(table.plain, name, cell)
        try:
            return given.or_raise()
        except FieldvaultError as error:
            self.refused[at] = error.detached().in_field(name)
        return None


def _picked(column: Sequence[Any], at: Sequence[int]) -> Sequence[Any]:
    return column if len(at) == len(column) else [column[n] for n in at]
