"""One value of one field: the walk of a batch without a batch, for values that come one by one.

It seals the same bytes as a column of one value would, in a fraction of the time; a test holds it against that.
Whatever it does not know goes the way of a batch, which also says why a value is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fieldvault.columns.form import Form
from fieldvault.columns.result import BatchResult
from fieldvault.core import batch
from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext
from fieldvault.core.envelope import MAX_PLAINTEXT_BYTES
from fieldvault.errors import SchemaError, ValueRefused
from fieldvault.keyring import Keyring
from fieldvault.schema import Schema, SealedField

Walk = Callable[[str, Any, Any, Any], BatchResult[Any]]
"""The way of a batch: from a field, values, row ids and subjects."""


class SingleValues:
    """The sealed fields of a schema, one value at a time. Any thread may use it."""

    __slots__ = ("_form", "_schema", "_sealers")

    def __init__(self, schema: Schema, form: Form, contexts: Mapping[str, FieldContext], keyring: Keyring) -> None:
        self._schema = schema
        self._form = form
        # Subjects' keys are not the scope's, and are looked up by name: that is the way of a batch.
        fields = {} if schema.subject is not None else schema.sealed
        self._sealers = {name: _Sealer(schema, field, contexts[name], keyring) for name, field in fields.items()}

    def seal(self, field: str, value: Any, row_id: Any, subject: Any, walk: Walk) -> Any:
        """The envelope as the column holds it. Raises as `alone`."""
        sealer = self._sealers.get(field)
        if sealer is not None and value is not None and subject is None:
            try:
                return self._form.envelopes([sealer.seal(value, row_id)])[0]
            except (SchemaError, ValueRefused):
                pass  # `walk` says why, and in which field
        return self.alone(walk, field, value, row_id, subject)

    def alone(self, walk: Walk, field: str, value: Any, row_id: Any, subject: Any) -> Any:
        """The only item of a batch of one. Raises its error."""
        row_ids = [row_id] if row_id is not None or self._schema.field(field).row_bound else None
        subjects = [subject] if subject is not None or self._schema.subject is not None else None
        result = walk(field, [value], row_ids, subjects)
        if result.failures:
            raise result.failures[0]
        return result.values[0]


class _Sealer:
    __slots__ = ("_aad", "_codec", "_context", "_keyring", "_row_codecs")

    def __init__(self, schema: Schema, field: SealedField, context: FieldContext, keyring: Keyring) -> None:
        self._codec = field.codec
        self._context = context
        self._keyring = keyring
        self._row_codecs = [schema.plain[name].codec for name in schema.row_id] if field.row_bound else None
        # The AAD up to the row, of the key that sealed last. A tuple, so that no thread sees one without the other.
        self._aad: tuple[AeadKey | None, bytes] = (None, b"")

    def seal(self, value: Any, row_id: Any) -> bytes:
        row = self._suffix(row_id)
        typed = self._codec.encode(value)
        if len(typed) > MAX_PLAINTEXT_BYTES:
            raise ValueRefused("a value of that length cannot be sealed")
        key = self._keyring.primary_for_one().aead
        last, aad = self._aad
        if last is not key:
            aad = self._context.prefix(key.header, row_bound=self._row_codecs is not None)
            self._aad = (key, aad)
        return key.seal(typed, aad + row)

    def _suffix(self, row_id: Any) -> bytes:
        codecs = self._row_codecs
        if codecs is None:
            if row_id is not None:
                raise SchemaError("the field is not row-bound")
            return b""
        parts: Sequence[Any] = (row_id,) if len(codecs) == 1 else row_id
        if type(parts) is not tuple or len(parts) != len(codecs):
            raise SchemaError("a row id must be a tuple, with a part for each of its columns")
        [suffix] = batch.row_suffixes([[codec.encode(part)] for codec, part in zip(codecs, parts, strict=True)])
        return suffix
