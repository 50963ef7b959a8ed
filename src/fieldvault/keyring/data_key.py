"""DataKey: the handle to an unwrapped key.

A handle cannot be built by hand, printed, copied or pickled. `admit` is the only door: it recomputes the key id,
so every handle in a process is of a key that commits to its id and scope (spec keyring-v1 §3).
"""

from __future__ import annotations

import hmac
from typing import NoReturn

from fieldvault.core.aead import AeadKey
from fieldvault.core.context import Scope
from fieldvault.core.derive import KEY_BYTES, derive_index_key, derive_key_id
from fieldvault.core.index import IndexKey
from fieldvault.errors import KeyCommitmentMismatch, KeyWrapRefused, OpenError, SchemaError

INDEX_PURPOSE = "index"
FIELDS_PURPOSE = "fields"
SUBJECTS_PURPOSE = "subjects"

_DOOR = object()


class DataKey:
    """A data key of a scope, or, with `subject`, the key of one data subject in it."""

    __slots__ = ("_index_keys", "_index_secret", "aead", "fetched_at", "scope", "subject", "version")

    def __init__(
        self,
        door: object,
        key: bytes,
        key_id: bytes,
        scope: Scope,
        subject: str | None,
        version: int,
        fetched_at: float,
    ) -> None:
        if door is not _DOOR:
            raise TypeError("a DataKey comes from a Keyring, it cannot be built by hand")
        self.aead = AeadKey(key, key_id)
        self.scope = scope
        self.subject = subject
        self.version = version
        self.fetched_at = fetched_at
        # Only index keys are derived later; every other key lives on inside the cipher alone.
        self._index_secret = key if scope.purpose == INDEX_PURPOSE else None
        # Kept here so that they live no longer than this handle.
        self._index_keys: dict[tuple[str, str, str, str, int], IndexKey] = {}

    @property
    def key_id(self) -> bytes:
        return self.aead.key_id

    def index_key(self, *, schema: str, field: str, index: str, normaliser: str, bits: int) -> IndexKey:
        """The key of one blind index under this data key (spec index-v1 §2).

        Raises `SchemaError` if this key's purpose is not `index`.
        """
        if self._index_secret is None:
            raise SchemaError("index keys are derived from data keys of the purpose 'index' only")
        name = (schema, field, index, normaliser, bits)
        found = self._index_keys.get(name)
        if found is None:
            key = derive_index_key(
                self._index_secret,
                schema=schema,
                field=field,
                index=index,
                normaliser=normaliser,
                bits=bits,
                version=self.version,
            )
            found = self._index_keys[name] = IndexKey(key, version=self.version, bits=bits)
        return found

    def __repr__(self) -> str:
        return f"<DataKey {self.key_id.hex()} of {self.scope}{'' if self.subject is None else ', a subject'}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


def admit(
    key: bytes, key_id: bytes, scope: Scope, *, subject: str | None = None, version: int = 1, fetched_at: float
) -> DataKey | OpenError:
    """The handle of an unwrapped key, or the refusal, returned so that no traceback holds the key.

    `fetched_at` is when its KEK was asked for it, or for the key that wraps it, in monotonic seconds.

    `KeyWrapRefused` unless 32 bytes; `KeyCommitmentMismatch` unless the key derives `key_id` in this scope.
    """
    if len(key) != KEY_BYTES:
        return KeyWrapRefused(f"the key stored as {key_id.hex()} unwraps to {len(key)} bytes, not {KEY_BYTES}")
    if not hmac.compare_digest(derive_key_id(key, scope, subject), key_id):
        return KeyCommitmentMismatch(key_id)
    return DataKey(_DOOR, key, key_id, scope, subject, version, fetched_at)
