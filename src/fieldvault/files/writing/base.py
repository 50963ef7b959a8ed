"""Sink: a file that is written batch by batch, and that exists under its name only once it is whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import NoneType, TracebackType
from typing import Any, ClassVar, Self

from fieldvault.errors import ConfigurationError, FieldvaultError, SchemaError
from fieldvault.files.formats import FileFormat
from fieldvault.files.state import State
from fieldvault.files.trouble import unwritable
from fieldvault.files.writing.partial import PartialFile
from fieldvault.schema import Schema


class Overwrite(StrEnum):
    """What to do where the output exists already."""

    REFUSE = "refuse"
    REPLACE = "replace"


class Sink(ABC):
    """A file that is being written; made by `open_sink`, used once, in a `with` block.

    The file has its name when the block ends without an exception, and not before. `columns` are those it will
    have, in their order.
    """

    file_format: ClassVar[FileFormat]

    def __init__(
        self, path: Path, schema: Schema, state: State, columns: Sequence[str], overwrite: Overwrite
    ) -> None:
        self.path = path
        self.schema = schema
        self.state = state
        self.columns = columns
        self.overwrite = overwrite
        self._out: PartialFile | None = None

    @property
    def out(self) -> PartialFile:
        """Where the bytes go. Raises `ConfigurationError` outside the `with` block."""
        if self._out is None:
            raise _not_open()
        return self._out

    @abstractmethod
    def start(self) -> None:
        """Write what stands before the rows."""

    @abstractmethod
    def write_columns(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write the cells, given one sequence for each of `columns`, in that order."""

    @abstractmethod
    def finish(self) -> None:
        """Write what stands after the rows."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go of what would still write to `out`, which is about to be deleted."""

    def write(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Records, each with exactly `columns`.

        Raises `SchemaError` for other records, `ValueRefused` for a value that the format cannot hold,
        `ConfigurationError` where the disk is full or gone.
        """
        failure = self._attempted(batch) if self._out else _not_open()
        del batch
        if failure is not None:
            raise failure

    def __enter__(self) -> Self:
        self._out = PartialFile(self.path)
        try:
            self._out.create()
            failure = self._tried_to_start()
        except BaseException:
            self._discard()  # __exit__ is not called where __enter__ raises
            raise
        if failure is not None:
            self._discard()
            raise failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._discard()
            return
        failure = self._tried_to_finish()
        if failure is not None:
            self._discard()
            raise failure
        self._out = None

    def _discard(self) -> None:
        out, self._out = self._out, None
        self.abandon()
        if out is not None:
            out.discard()

    # What these raise would carry cells in its frames, so they return it.

    def _attempted(self, batch: Sequence[Mapping[str, Any]]) -> FieldvaultError | None:
        try:
            self.write_columns(self._columns_of(batch))
        except FieldvaultError as error:
            return error.detached()
        except OSError as error:
            return unwritable(self.path, error)
        return None

    def _tried_to_start(self) -> FieldvaultError | None:
        try:
            self.start()
        except FieldvaultError as error:
            return error.detached()
        except OSError as error:
            return unwritable(self.path, error)
        return None

    def _tried_to_finish(self) -> FieldvaultError | None:
        try:
            self.finish()
            self.out.commit(replace=self.overwrite is Overwrite.REPLACE)
        except FieldvaultError as error:
            return error.detached()
        except OSError as error:
            return unwritable(self.path, error)
        return None

    def _columns_of(self, batch: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        width = len(self.columns)
        complete = all(len(record) == width for record in batch)
        columns: list[list[Any]] = []
        try:
            columns = [[record[name] for record in batch] for name in self.columns]
        except KeyError:
            complete = False
        if not complete:
            raise SchemaError(f"{self.path.name}: a record has other columns than {', '.join(self.columns)}")
        return columns

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path.name}, {self.state}>"


def _not_open() -> ConfigurationError:
    return ConfigurationError("a Sink is written to inside its with block")


def columns_to_write(found: Sequence[str], schema: Schema, state: State) -> list[str]:
    """The source's columns; in a sealed file, index columns stand behind the last field that they are made from."""
    indexes = schema.columns - schema.fields.keys()
    columns: list[str] = []
    for name in found:
        if name in indexes:
            continue
        columns.append(name)
        if state is State.SEALED:
            for one in schema.indexes:
                if name in one.fields and set(one.fields) <= set(columns):
                    columns += one.columns
    return columns


def require_form(cells: Sequence[Any], form: type[Any], name: str) -> None:
    """Raises `SchemaError` where sealed cells are not of the file's form: bytes in text would be nonsense."""
    if not set(map(type, cells)) <= {form, NoneType}:
        raise SchemaError(
            f"{name}: the sealed cells are not {form.__name__}",
            hint="make the RecordCipher with form=form_for(file_format)",
        )
