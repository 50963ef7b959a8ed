"""DataKey: the handle to an unwrapped key.

A handle cannot be built by hand, printed, copied or pickled. `admit` is the only door: it recomputes the key id,
so every handle in a process is of a key that commits to its id and scope (spec keyring-v1 §3).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from fieldvault.core.aead import AeadKey
from fieldvault.core.audit import AuditKey
from fieldvault.core.context import Scope
from fieldvault.core.derive import (
    KEY_BYTES,
    IndexPlace,
    derive_audit_key,
    derive_index_key,
    derive_key_id,
    derive_token_key,
)
from fieldvault.core.index import IndexKey
from fieldvault.errors import KeyCommitmentMismatch, KeyWrapRefused, OpenError, SchemaError

INDEX_PURPOSE = "index"
FIELDS_PURPOSE = "fields"
SUBJECTS_PURPOSE = "subjects"
AUDIT_PURPOSE = "audit"
DOMAIN_PURPOSE_PREFIX = "domain-"
"""Of the purposes of domains (spec token-v1 §2)."""

Made = TypeVar("Made")

_DOOR = object()


class DataKey:
    """A data key of a scope, or, with `subject`, the key of one data subject in it."""

    __slots__ = (
        "_audit_secret",
        "_index_keys",
        "_index_secret",
        "_token_keys",
        "_token_secret",
        "aead",
        "fetched_at",
        "scope",
        "subject",
        "version",
    )

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
        # A secret that keys are derived from later; every other one lives on inside the cipher alone.
        self._audit_secret = key if scope.purpose == AUDIT_PURPOSE else None
        self._index_secret = key if scope.purpose == INDEX_PURPOSE else None
        self._token_secret = key if scope.purpose.startswith(DOMAIN_PURPOSE_PREFIX) else None
        # Kept here so that they live no longer than this handle.
        self._index_keys: dict[IndexPlace, IndexKey] = {}
        self._token_keys: dict[tuple[bytes, int], Any] = {}

    @property
    def key_id(self) -> bytes:
        return self.aead.key_id

    def index_key(self, place: IndexPlace) -> IndexKey:
        """The key of one column of a blind index under this data key (spec index-v1 §2).

        Raises `SchemaError` if this key's purpose is not `index`.
        """
        if self._index_secret is None:
            raise SchemaError("index keys are derived from data keys of the purpose 'index' only")
        found = self._index_keys.get(place)
        if found is None:
            key = derive_index_key(
                self._index_secret,
                kind=place.kind,
                domain=place.domain,
                schema=place.schema,
                field=place.field,
                index=place.index,
                normaliser=place.normaliser,
                bits=place.bits,
                version=self.version,
            )
            found = self._index_keys[place] = IndexKey(key, version=self.version, bits=place.bits)
        return found

    def token_key(self, place: bytes, length: int, make: Callable[[bytes, bytes], Made]) -> Made:
        """`make(token key, place)` under this data key (spec token-v1 §3); the same object each time.

        Raises `SchemaError` if this key is not a domain's.
        """
        if self._token_secret is None:
            raise SchemaError("token keys are derived from data keys of a domain only")
        name = (place, length)
        found = self._token_keys.get(name)
        if found is None:
            found = self._token_keys[name] = make(derive_token_key(self._token_secret, place, length), place)
        return found

    def audit_key(self, log: str) -> AuditKey:
        """The MAC key of an audit log, by its name, under this data key (spec audit-v1 §3).

        Raises `SchemaError` if this key's purpose is not `audit`.
        """
        if self._audit_secret is None:
            raise SchemaError("audit keys are derived from data keys of the purpose 'audit' only")
        return AuditKey(derive_audit_key(self._audit_secret, log), self.key_id.hex())

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
