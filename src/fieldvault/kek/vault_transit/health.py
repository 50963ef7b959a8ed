"""What `fieldvault doctor` asks of the server: is it up, is the login good, is the token least-privileged?

Every check is answered, none raises. Nothing is changed on the server; one random key is wrapped and unwrapped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fieldvault.errors import KekError
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit.ciphertext import DATA_KEY_BYTES

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit.client import Reply
    from fieldvault.kek.vault_transit.provider import VaultTransitKek
    from fieldvault.kek.vault_transit.session import VaultSession

_STATES = {
    200: "active",
    429: "standby",
    472: "disaster recovery standby",
    473: "performance standby",
    501: "not initialised",
    503: "sealed",
}
_USABLE = frozenset({200, 429, 473})
_SOON_SECONDS = 300


class CheckStatus(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: `name` is stable, `detail` is for people, `hint` says what to do."""

    name: str
    status: CheckStatus
    detail: str
    hint: str | None = None


def diagnose(session: VaultSession, kek: VaultTransitKek) -> list[Check]:
    """Checks `server`, `login`, `token`, `capabilities`, `round trip`; those after a failed one are left out."""
    checks: list[Check] = []
    for step in (_server(session), _login(session), _token(session), _capabilities(session, kek), _round_trip(kek)):
        for check in step:
            checks.append(check)
            if check.status is CheckStatus.FAILED:
                return checks
    return checks


def _server(session: VaultSession) -> Iterator[Check]:
    try:
        reply = session.ask_anonymously("sys/health")
    except KekError as error:
        yield _failed("server", error)
        return
    state = _STATES.get(reply.status, f"unexpected status {reply.status}")
    version = reply.body.get("version")
    detail = f"{state}, version {version}" if isinstance(version, str) and version.isprintable() else state
    if reply.status in _USABLE:
        yield Check("server", CheckStatus.OK, detail)
    else:
        yield Check(
            "server", CheckStatus.FAILED, detail, "initialise or unseal it, or give the active node's address"
        )


def _login(session: VaultSession) -> Iterator[Check]:
    try:
        session.log_in()
    except KekError as error:
        yield _failed("login", error)
    else:
        yield Check("login", CheckStatus.OK, "a token was obtained")


def _token(session: VaultSession) -> Iterator[Check]:
    try:
        reply = session.request("GET", "auth/token/lookup-self")
    except KekError as error:
        yield _failed("token", error)
        return
    if reply.status != 200:
        yield Check("token", CheckStatus.WARNING, "the token may not look itself up, so its lifetime is unknown")
        return
    data = reply.data()
    ttl, renewable = data.get("ttl"), data.get("renewable") is True
    policies = [str(policy) for policy in data.get("policies") or []]
    lifetime = "never expires" if ttl == 0 else f"{ttl} s left"
    detail = f"{lifetime}, {'renewable' if renewable else 'not renewable'}, policies: {', '.join(sorted(policies))}"
    if "root" in policies:
        yield Check("token", CheckStatus.WARNING, detail, "a root token can do everything: use a role of its own")
    elif ttl == 0:
        yield Check("token", CheckStatus.WARNING, detail, "give the role a token_ttl; we log in again when it ends")
    elif isinstance(ttl, int) and ttl < _SOON_SECONDS and not renewable:
        yield Check("token", CheckStatus.WARNING, detail, "it ends soon; can this login get another one?")
    else:
        yield Check("token", CheckStatus.OK, detail)


def _capabilities(session: VaultSession, kek: VaultTransitKek) -> Iterator[Check]:
    paths = _Paths.of(kek)
    body: dict[str, Any] = {"paths": [*paths.needed, *paths.excessive]}
    try:
        reply = session.request("POST", "sys/capabilities-self", Hidden(body))
    except KekError as error:
        yield _failed("capabilities", error)
        return
    if reply.status != 200:
        yield Check("capabilities", CheckStatus.WARNING, "the token may not ask for its capabilities")
        return
    for path in paths.needed:
        granted = _granted(reply, path)
        if not granted & {"update", "root"}:
            yield Check(
                "capabilities", CheckStatus.FAILED, f"no `update` on {path}", "add it to the token's policy"
            )
            return
    excess = [
        f"{path}: {', '.join(sorted(more))}"
        for path in (*paths.needed, *paths.excessive)
        if (more := _granted(reply, path) - ({"update"} if path in paths.needed else set()))
    ]
    if excess:
        yield Check(
            "capabilities",
            CheckStatus.WARNING,
            f"more than an application needs: {'; '.join(excess)}",
            "grant `update` on encrypt and decrypt of this key, and nothing else",
        )
    else:
        yield Check("capabilities", CheckStatus.OK, "`update` on encrypt and decrypt of this key, and nothing else")


@dataclass(frozen=True, slots=True)
class _Paths:
    needed: tuple[str, ...]
    excessive: tuple[str, ...]

    @classmethod
    def of(cls, kek: VaultTransitKek) -> _Paths:
        mount, key = kek.mount, kek.key
        return cls(
            needed=(f"{mount}/encrypt/{key}", f"{mount}/decrypt/{key}"),
            excessive=(
                f"{mount}/keys/{key}",
                f"{mount}/keys/{key}/config",
                f"{mount}/keys/{key}/rotate",
                f"{mount}/keys/{key}/trim",
                f"{mount}/export/encryption-key/{key}",
                f"{mount}/backup/{key}",
                f"{mount}/restore/{key}",
                f"{mount}/config/keys",
            ),
        )


def _granted(reply: Reply, path: str) -> set[str]:
    granted = reply.data().get(path)
    return {str(one) for one in granted} - {"deny"} if isinstance(granted, list) else set()


def _round_trip(kek: VaultTransitKek) -> Iterator[Check]:
    try:
        key = Hidden(os.urandom(DATA_KEY_BYTES))
        opened = Hidden(kek.unwrap(kek.wrap([key.reveal()])))
    except KekError as error:
        yield _failed("round trip", error)
        return
    if opened.reveal() == [key.reveal()]:
        yield Check("round trip", CheckStatus.OK, "a random key was wrapped and unwrapped")
    else:
        yield Check(
            "round trip", CheckStatus.FAILED, "a random key did not come back", "is it an aes256-gcm96 key?"
        )


def _failed(name: str, error: KekError) -> Check:
    return Check(name, CheckStatus.FAILED, error.message, error.hint)
