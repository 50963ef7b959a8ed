"""What went wrong at the server, in our own words.

Rules of this file:

1. Nothing of the server's text is passed on; it may quote what was sent.
2. Transient is what a healthy cluster may answer for some seconds: 500 while a leader steps down, 503 sealed, 429
   quota, 412 replication lag, 307 from a standby that cannot forward, 472 and 473 standby.
"""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.errors import KekDenied, KekError, KekMisconfigured, KekUnavailable

_TRANSIENT = {
    307: "a standby redirects to the active node",
    408: "the request timed out on the server",
    412: "the server has not caught up with its cluster yet",
    429: "the server's rate limit is reached",
    472: "the server is a disaster recovery standby",
    473: "the server is a performance standby",
    500: "the server reports an internal error or has no active node",
    502: "the gateway before the server has no answer",
    503: "the server is sealed or in maintenance",
    504: "the gateway before the server timed out",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failed attempt. `retry_after` is in seconds, where the server named it."""

    kind: type[KekError]
    message: str
    hint: str
    transient: bool = False
    retry_after: float | None = None

    def error(self, kek: str, attempts: int) -> KekError:
        tried = f" after {attempts} attempts" if attempts > 1 else ""
        return self.kind(f"{kek}: {self.message}{tried}", hint=self.hint)


def of_status(status: int, retry_after: str | None) -> Trouble | None:
    """The trouble in a status that says nothing about the request itself; None where the caller must judge.

    `retry_after` is that header's text.
    """
    if status in _TRANSIENT:
        return Trouble(
            KekUnavailable,
            _TRANSIENT[status],
            "what is sealed is intact; check the server's health",
            transient=True,
            retry_after=_seconds(retry_after),
        )
    if status == 501:
        return Trouble(KekMisconfigured, "the server is not initialised", "run `bao operator init` once")
    if 300 <= status < 400:
        return Trouble(
            KekMisconfigured,
            f"the address answers with a redirect (status {status}), which is not followed with a token",
            "give the address that it redirects to",
        )
    return None


def refusal(kek: str, status: int) -> KekError:
    """The error for a status that refuses the request as a whole."""
    if status in {401, 403}:
        return KekDenied(
            f"{kek}: permission denied",
            hint="the token's policy needs `update` on the mount's encrypt/KEY and decrypt/KEY; "
            "is the mount, the namespace and the key's name right?",
        )
    if status in {404, 405}:
        return KekMisconfigured(
            f"{kek}: no transit engine is mounted there", hint="bao secrets enable -path=MOUNT transit"
        )
    return KekMisconfigured(
        f"{kek}: the server refused the request as a whole (status {status})",
        hint="does the KEK exist, and is it an aes256-gcm96 key of a transit engine?",
    )


def missing_key(kek: str) -> KekMisconfigured:
    return KekMisconfigured(
        f"{kek}: the KEK does not exist", hint="create it once: bao write -f MOUNT/keys/KEY type=aes256-gcm96"
    )


def not_transit(kek: str) -> KekMisconfigured:
    return KekMisconfigured(
        f"{kek}: the answer is not that of a transit engine with an aes256-gcm96 key",
        hint="check the address, the mount and the key's type",
    )


def login_refused(kek: str, label: str, status: int) -> KekError:
    if status in {400, 401, 403}:
        return KekDenied(
            f"{kek}: the {label} login was refused",
            hint="expired, revoked or wrong credentials, or the auth method is not mounted there",
        )
    return KekMisconfigured(
        f"{kek}: the {label} login got no token (status {status})", hint="check the auth mount and the address"
    )


def _seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds. A date is passed over: reading it needs the wall clock; our own backoff decides."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
