"""Which keyrings the models of a `MetaData` use. Said once, at start-up; nothing global."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from sqlalchemy import MetaData

from fieldvault.errors import ConfigurationError
from fieldvault.keyring import Keyrings
from fieldvault.record import RecordCipher
from fieldvault.schema import Schema

_KEY = "fieldvault"


class Protection:
    """Keyrings, and the ciphers made of them. Thread-safe: who makes a cipher twice makes an equal one."""

    __slots__ = ("_ciphers", "_keyrings", "clock")

    def __init__(self, keyrings: Keyrings) -> None:
        self._keyrings = keyrings
        self.clock = keyrings.clock
        self._ciphers: dict[tuple[Hashable, str | None], RecordCipher] = {}

    @classmethod
    def of(cls, metadata: MetaData) -> Protection:
        """The protection of a metadata's models. Raises `ConfigurationError` where there is none."""
        found: Any = metadata.info.get(_KEY)
        if not isinstance(found, Protection):
            raise ConfigurationError(
                "these models have no keyrings yet",
                hint="protect(Base, keyrings) once, where the application starts",
            )
        return found

    def cipher(self, of: Hashable, schema: Schema, tenant: str | None) -> RecordCipher:
        """The cipher of `schema` for a tenant. `of` is what is asked again with the same schema."""
        found = self._ciphers.get((of, tenant))
        if found is None:
            found = self._ciphers[of, tenant] = RecordCipher(schema, self._keyrings, tenant=tenant)
        return found

    def __repr__(self) -> str:
        return "<Protection>"


def protect(models: Any, keyrings: Keyrings) -> None:
    """Say which keyrings these models use: once, where the application starts.

    `models` is a declarative base, a registry or a `MetaData`. The keyrings stay with the `MetaData`, in this
    process; no type, statement, repr or pickle has them. Raises `ConfigurationError` for anything else.
    """
    metadata = models if isinstance(models, MetaData) else getattr(models, "metadata", None)
    if not isinstance(metadata, MetaData):
        raise ConfigurationError("protect takes a declarative base, a registry or a MetaData")
    metadata.info[_KEY] = Protection(keyrings)
