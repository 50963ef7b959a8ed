"""The versions of a transit key: read, rotated, closed, trimmed. For the role that rotates, not for applications.

Rules of this file:

1. To repeat `config` or `trim` changes nothing, so a lost answer is safe to retry. `rotate` may make two versions
   then, which does no harm.
2. `min_encryption_version` is set with `min_decryption_version`: the server refuses the latter where it is above
   the former, and refuses to trim where either is not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fieldvault.errors import KekDenied, KekError, KekMisconfigured
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit import failures
from fieldvault.ports import KekVersions

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit.client import Reply
    from fieldvault.kek.vault_transit.session import VaultSession


class TransitVersions:
    """Of one transit key. `name` is the KEK's in errors."""

    def __init__(self, session: VaultSession, name: str, mount: str, key: str) -> None:
        self._session = session
        self._name = name
        self._path = f"{mount}/keys/{key}"

    def read(self) -> KekVersions:
        reply = self._session.request("GET", self._path)
        versions = _versions(reply.data()) if reply.status == 200 else None
        if versions is None:
            raise self.refused(reply, f"`read` on {self._path}")
        return versions

    def rotate(self) -> None:
        self._post("rotate", {})

    def open_from(self, version: int) -> None:
        self._post("config", {"min_decryption_version": version, "min_encryption_version": version})

    def trim_below(self, version: int) -> None:
        self._post("trim", {"min_available_version": version})

    def refused(self, reply: Reply, needed: str) -> KekError:
        """The error for a reply that refuses what only the role that rotates may do."""
        if reply.status in {401, 403}:
            return KekDenied(f"{self._name}: permission denied", hint=f"the rotating role needs {needed}")
        if reply.status == 404 or reply.says("key not found"):
            return failures.missing_key(self._name)
        if reply.status == 200:
            return failures.not_transit(self._name)
        return failures.refusal(self._name, reply.status)

    def _post(self, what: str, body: dict[str, Any]) -> None:
        reply = self._session.request("POST", f"{self._path}/{what}", Hidden(body))
        if reply.status in {200, 204}:
            return
        if reply.status == 400 and not reply.says("key not found"):
            raise KekMisconfigured(
                f"{self._name}: the server refused to {what} the key",
                hint="was it trimmed, or its minimum versions changed, by somebody else?",
            )
        raise self.refused(reply, f"`update` on {self._path}/{what}")


def _versions(data: Mapping[str, Any]) -> KekVersions | None:
    newest = data.get("latest_version")
    opened, kept, made = data.get("min_decryption_version"), data.get("min_available_version"), data.get("keys")
    since = made.get(str(newest)) if isinstance(made, dict) else None
    if type(newest) is not int or type(opened) is not int or type(kept) is not int or type(since) is not int:
        return None
    return KekVersions(newest, max(1, opened), max(1, kept), datetime.fromtimestamp(since, UTC))
