"""IndexWalk: the index keys of one tenant, and what is written and sought under them for one schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldvault.columns import indexing
from fieldvault.columns.column import Column, Failures
from fieldvault.columns.form import Form, TextForm
from fieldvault.columns.result import BatchResult
from fieldvault.errors import SchemaError
from fieldvault.keyring import Keyring
from fieldvault.schema import DeclaredIndex, Schema
from fieldvault.tokens import Md5Index, Search
from fieldvault.tokens.md5 import digest_of

Indexed = Sequence[tuple[DeclaredIndex, Column]]
"""Each index of a batch, with what it is made from, normalised."""


class IndexWalk:
    """What `RecordCipher` does with indexes. `keyring` is of the purpose `index`."""

    def __init__(self, schema: Schema, keyring: Keyring, form: Form) -> None:
        self._schema = schema
        self._keyring = keyring
        self._form = form

    def written(self, indexed: Indexed) -> dict[str, list[Any]]:
        """Every column of these indexes, all in one phase of the index keys."""
        keys = self._keyring.index_keys_to_write() if any(one.values for _, one in indexed) else None
        cells: dict[str, list[Any]] = {}
        for declared, one in indexed:
            cells |= indexing.written(declared, one, keys, self._form)
        return cells

    def rows_written(self, indexed: Indexed, size: int, failures: Failures) -> BatchResult[dict[str, Any]]:
        """The same by row, without those that failed."""
        for _, one in indexed:
            one.leave_out(failures)
        columns = self.written(indexed)
        rows = [
            None if at in failures else {name: cells[at] for name, cells in columns.items()} for at in range(size)
        ]
        return BatchResult(rows, failures)

    def of_digests(
        self, name: str, digests: Sequence[str | bytes | None], index: str | None
    ) -> BatchResult[dict[str, Any]]:
        """The columns of an `Md5Index` from legacy digests. Raises `SchemaError`."""
        declared = self._schema.find_index(name, index)
        if not isinstance(declared.index, Md5Index):
            raise SchemaError(
                f"the index {declared.index.name} of {name} is not over MD5", hint="declare Md5Index(…)"
            )
        column = Column(digests)
        column.step(lambda cells: [digest_of(cell) for cell in cells])
        return self.rows_written([(declared, column)], len(digests), column.failures)

    def form_of(self, name: str, index: str | None) -> Form:
        """How the columns of an index are written: sets of tokens are text in every form."""
        declared = [one for one in self._schema.indexes if one.owner == name and index in (None, one.index.name)]
        return TextForm() if declared and all(one.index.is_set for one in declared) else self._form

    def search(self, name: str, value: Any, index: str | None) -> Search:
        """Where to look, and for what. Raises `NotIndexable`, `SchemaError`."""
        declared = self._schema.find_index(name, index)
        if value is None:
            raise SchemaError(f"{name}: None has no index value", hint=f"look for {name} IS NULL")
        return indexing.search(declared, value, self._keyring.index_keys_to_ask(), self._form)

    def values(self, name: str, value: Any, index: str | None) -> list[Any]:
        """For `column IN (these)`. Raises `NotIndexable`, `SchemaError`."""
        found = self.search(name, value, index)
        if found.is_set:
            raise SchemaError(f"{name}: {found.column} holds sets of tokens", hint="look by search(…)")
        return found.values

    def confirmed(
        self, name: str, wanted: Any, records: Sequence[Mapping[str, Any]], index: str | None
    ) -> list[dict[str, Any]]:
        """Those of opened records that are what was looked for."""
        declared = self._schema.find_index(name, index)
        return [dict(one) for one in records if declared.index.same(wanted, declared.value_in(one))]

    def matches(self, name: str, wanted: Any, opened: Any, index: str | None) -> bool:
        """Whether an opened value is what was looked for."""
        return self._schema.find_index(name, index).index.same(wanted, opened)
