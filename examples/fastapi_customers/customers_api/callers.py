"""Who calls, for which tenant: the API key says it, so no caller chooses a tenant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, MutableMapping
from typing import Any

from fastapi import HTTPException

from customers_api.settings import Caller
from fieldvault.scoping import current_acting

Connection = MutableMapping[str, Any]


class Callers:
    """Finds a caller by the header `X-Api-Key`. Looked up by digest: a look-up tells nothing of near misses."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        self._by_digest = {_digest(key.encode()): caller for key, caller in callers.items()}

    def tenant_of(self, connection: Connection) -> str | None:
        """For `AsgiScope`: None, and so no scope, for a stranger."""
        caller = self._caller(connection)
        return None if caller is None else caller.tenant

    def user_of(self, connection: Connection) -> str | None:
        """For `AsgiScope`: who is named in the audit log."""
        caller = self._caller(connection)
        return None if caller is None else caller.user

    def _caller(self, connection: Connection) -> Caller | None:
        return self._by_digest.get(_digest(dict(connection["headers"]).get(b"x-api-key", b"")))


def require_caller() -> None:
    """For routes that are not for strangers."""
    if current_acting() is None:
        raise HTTPException(401, "who are you? Send the header X-Api-Key")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
