"""One sealed field over many values: encode, seal, index; open, decode.

Rules of this file:

1. Failures are returned by position, never raised: a raised error would carry frames that hold values.
2. None is not a value: it stays None (NULL) unless the field seals its nulls.
3. The happy path handles the whole column at once; item by item only to say which item failed and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import NoneType
from typing import Any, Final, TypeVar

from fieldvault.codec.plaintext import is_null
from fieldvault.columns.form import envelope_bytes
from fieldvault.core import batch
from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext
from fieldvault.core.envelope import HEADER_BYTES, MAX_PLAINTEXT_BYTES
from fieldvault.errors import (
    FieldvaultError,
    KeyNotFound,
    OpenError,
    SchemaError,
    SealError,
    TokenError,
    ValueRefused,
)
from fieldvault.keyring import DataKey
from fieldvault.schema import SealedField

Failures = dict[int, FieldvaultError]
ITEM_ERRORS = (OpenError, SchemaError, SealError, TokenError)
"""What can be wrong with one item. Anything else (an outage, a missing package) is wrong with the whole call."""
In = TypeVar("In")
Out = TypeVar("Out")


def each(
    values: Sequence[In], many: Callable[[Sequence[In]], Sequence[Out]], one: Callable[[In], Out]
) -> tuple[Sequence[Out | None], Failures]:
    """`many(values)`; where that fails, `one` for each, to find out which failed."""
    try:
        return many(values), {}
    except ITEM_ERRORS:
        pass
    results: list[Out | None] = []
    failures: Failures = {}
    for position, value in enumerate(values):
        try:
            results.append(one(value))
        except ITEM_ERRORS as error:
            results.append(None)
            failures[position] = error.detached()
    return results, failures


class Column:
    """The values of one field on their way through, with the positions they have in the batch.

    `types` are the types that the values came in with, but for None.
    """

    __slots__ = ("failures", "positions", "size", "types", "values")

    def __init__(self, values: Sequence[Any]) -> None:
        self.size = len(values)
        self.failures: Failures = {}
        self.types = batch.types_of(values)
        if NoneType in self.types:
            self.types.discard(NoneType)
            self.positions: Sequence[int] = [at for at, value in enumerate(values) if value is not None]
            self.values: Sequence[Any] = [values[at] for at in self.positions]
        else:
            self.positions = range(self.size)
            self.values = values

    def step(self, many: Callable[[Sequence[Any]], Sequence[Any]], one: Callable[[Any], Any] | None = None) -> None:
        """Take every value a step further; what fails is left behind in `failures`."""
        values, failures = each(self.values, many, one or (lambda value: many([value])[0]))
        self.settle(values, failures)

    def settle(self, values: Sequence[Any], failures: Mapping[int, FieldvaultError]) -> None:
        """Go on with `values`, without those that failed."""
        if failures:
            self.failures |= {self.positions[at]: error for at, error in failures.items()}
            left = [at for at in range(len(values)) if at not in failures]
            self.positions = [self.positions[at] for at in left]
            values = [values[at] for at in left]
        self.values = values

    def leave_out(self, positions: Iterable[int]) -> None:
        """Go on without these positions of the batch, which failed elsewhere."""
        gone = set(positions)
        if gone:
            left = [(at, value) for at, value in zip(self.positions, self.values, strict=True) if at not in gone]
            self.positions = [at for at, _ in left]
            self.values = [value for _, value in left]

    def pick(self, whole: Sequence[Out] | None) -> Sequence[Out] | None:
        """Those items of a column of the whole batch (row ids, subjects) that stand beside our values."""
        if whole is None or len(self.positions) == self.size:
            return whole
        return [whole[at] for at in self.positions]

    def spread(self) -> list[Any]:
        """The values at their positions in the batch, None elsewhere."""
        return self.spread_of(self.values)

    def spread_of(self, values: Sequence[Any]) -> list[Any]:
        """`values`, which stand beside ours, at the positions of ours in the batch; None elsewhere."""
        if len(self.positions) == self.size:
            return list(values)
        result: list[Any] = [None] * self.size
        for at, value in zip(self.positions, values, strict=True):
            result[at] = value
        return result


class _Null:
    """What stands for None in a field that seals its nulls."""


NULL: Final = _Null()


def _encode_many(field: SealedField, values: Sequence[Any]) -> Sequence[bytes]:
    typed = field.codec.pack_many(values)
    _, total = batch.extent(typed)
    return typed if total <= MAX_PLAINTEXT_BYTES else [_bounded(one) for one in typed]


def _bounded(typed: bytes) -> bytes:
    if len(typed) > MAX_PLAINTEXT_BYTES:
        raise ValueRefused(f"a value of more than {MAX_PLAINTEXT_BYTES} bytes cannot be sealed")
    return typed


def encode(field: SealedField, values: Sequence[Any]) -> Column:
    """Typed plaintexts of a field's values (spec envelope-v1 §5)."""
    codec = field.codec
    column = Column(values)
    if field.seal_null:
        column.step(lambda values: [codec.null_plaintext if v is NULL else codec.encode(v) for v in values])
    else:
        column.step(partial(_encode_many, field), lambda value: _bounded(codec.encode(value)))
    return column


def seal(
    column: Column,
    context: FieldContext,
    keys: DataKey | Sequence[DataKey | None] | None,
    rows: Sequence[bytes] | None,
) -> None:
    """From typed plaintexts to envelopes, under one key or each under its own.

    A key is None only where there is nothing to seal: an empty column, a record that has failed.
    """
    rows = column.pick(rows)
    if isinstance(keys, DataKey):
        column.values = batch.seal_many(keys.aead, context, column.values, rows)
    else:
        aeads = [key.aead for key in column.pick(keys or []) or () if key is not None]
        column.values = batch.seal_many_mixed(aeads, context, column.values, rows)


def envelopes(cells: Sequence[Any]) -> Column:
    """Envelopes from a column of either form."""
    column = Column(cells)
    if column.types != {bytes}:
        column.step(lambda cells: [envelope_bytes(cell) for cell in cells])
    return column


def open_(
    field: SealedField,
    column: Column,
    context: FieldContext,
    keys: Mapping[bytes, DataKey | OpenError],
    rows: Sequence[bytes] | None,
    subjects: Sequence[str] | None,
    headers: set[bytes],
) -> None:
    """From envelopes, whose distinct headers are `headers`, to values."""
    if subjects is not None:
        _refuse_other_subjects(column, keys, subjects)
    aeads: dict[bytes, AeadKey] = {key_id: key.aead for key_id, key in keys.items() if isinstance(key, DataKey)}
    opened, failures = batch.open_packed(aeads, context, column.values, column.pick(rows), headers)
    column.settle(opened, {at: _why(error, keys) for at, error in failures.items()})
    if field.seal_null:
        column.step(lambda typed: [None if is_null(one) else field.codec.decode(one) for one in typed])
    else:
        column.step(field.codec.unpack_many, field.codec.decode)


def _why(error: OpenError, keys: Mapping[bytes, DataKey | OpenError]) -> OpenError:
    # The core knows only that it was given no such key; the keyring knows why.
    refusal = keys.get(error.key_id) if isinstance(error, KeyNotFound) else None
    return refusal if isinstance(refusal, OpenError) else error


def _refuse_other_subjects(
    column: Column, keys: Mapping[bytes, DataKey | OpenError], subjects: Sequence[str]
) -> None:
    # A data key is refused as well: it outlives the erasure of a subject (spec keyring-v1 §6).
    owners = {key_id: key.subject for key_id, key in keys.items() if isinstance(key, DataKey)}
    failures: Failures = {}
    for at, (sealed, subject) in enumerate(zip(column.values, column.pick(subjects) or (), strict=True)):
        key_id = sealed[1:HEADER_BYTES]
        if key_id in owners and owners[key_id] != subject:
            failures[at] = KeyNotFound(
                key_id,
                message="not sealed under the key of the row's subject",
                hint="moved from another person's row, or sealed before the schema had a subject",
            )
    column.settle(column.values, failures)
