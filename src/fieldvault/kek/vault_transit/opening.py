"""A session with the server, for whatever uses the transit engine; hvac is loaded here and no sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldvault.errors import MissingExtra
from fieldvault.kek.vault_transit.auth import VaultAuth
from fieldvault.kek.vault_transit.retry import RetryPolicy, Timeouts

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit.session import VaultSession


def open_session(
    what: str,
    label: str,
    *,
    url: str,
    verify: str | bool,
    namespace: str | None,
    auth: VaultAuth,
    retry: RetryPolicy | None,
    timeouts: Timeouts | None,
) -> VaultSession:
    """Sends nothing yet. `label` is what its errors speak of. Raises `MissingExtra` for `what` without hvac."""
    try:
        from fieldvault.kek.vault_transit.client import Server
        from fieldvault.kek.vault_transit.session import VaultSession
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"hvac", "requests", "urllib3"}:
            raise
        raise MissingExtra(what, extra="vault") from None
    server = Server(url, verify, namespace)
    return VaultSession(
        kek=label, server=server, auth=auth, retry=retry or RetryPolicy(), timeouts=timeouts or Timeouts()
    )
