"""The gate that every revealed value passes: a reason, a policy, an event; then the value.

Rules of this file:

1. The event is kept before the value is given. Where it cannot be kept, nothing is given.
2. A refusal is an event too.
3. Whoever works for one tenant does not see another's values, whatever the policy says.
4. Nothing here ever holds a value: it is told how many there are, of which field, under which keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Never

from fieldvault.access.policies import RevealPolicy, RevealRequest, named_actors
from fieldvault.errors import ReasonRefused, RevealRefused
from fieldvault.keyring.clock import SystemClock
from fieldvault.ports import AuditEvent, AuditSink, Clock
from fieldvault.scoping import Acting, current_acting, current_actor

LONGEST_REASON = 500
_VALUES_AN_EVENT = 100


class AccessGate:
    """Where events go, and who may see values. Thread-safe, where the sinks and the policy are.

    `audit` gets `reveal` and `reveal-refused`, with actor and reason. `openings`, if given, gets `open-masked`
    whenever a batch is opened under protection: who has looked at a page, though masked. It may be the same sink.
    """

    def __init__(
        self,
        audit: AuditSink,
        *,
        policy: RevealPolicy = named_actors,
        openings: AuditSink | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._audit = audit
        self._policy = policy
        self._openings = openings
        self._clock = clock or SystemClock()

    def admit(
        self, tenant: str | None, schema: str, field: str, *, reason: str, count: int, keys: Sequence[bytes] = ()
    ) -> None:
        """Returns where `count` values may be seen, and that is recorded.

        `keys`, if given, has the id of the key that sealed each: under a person's own key, it says whose data was
        seen. A hundred values make one event.
        Raises `ReasonRefused`, `RevealRefused`, or `AuditError`.
        """
        _check_reason(reason)
        acting = current_acting() or Acting(None, None)
        request = RevealRequest(tenant, schema, field, acting.actor, reason)
        if tenant is not None and acting.tenant not in (None, tenant):
            self._refuse(request, f"{schema}.{field} belongs to another tenant than the scope's", count)
        if self._policy(request) is not True:
            hint = "name the actor: scope(tenant=…, actor=…)" if acting.actor is None else None
            self._refuse(request, f"the policy does not let this caller see {schema}.{field}", count, hint=hint)
        if not keys:
            self._record("reveal", request, count, {})
        for start in range(0, len(keys), _VALUES_AN_EVENT):
            some = keys[start : start + _VALUES_AN_EVENT]
            distinct = " ".join(key.hex() for key in dict.fromkeys(some))
            self._record("reveal", request, len(some), {"keys": distinct})

    def opening(self, tenant: str | None, schema: str, *, count: int) -> None:
        """A batch of `count` records is about to be opened, to be shown masked. Raises `AuditError`."""
        if self._openings is not None:
            self._openings.record(self._event("open-masked", tenant, None, {"schema": schema, "count": count}))

    def _refuse(self, request: RevealRequest, message: str, count: int, *, hint: str | None = None) -> Never:
        self._record("reveal-refused", request, count, {})
        raise RevealRefused(message, hint=hint)

    def _record(self, action: str, request: RevealRequest, count: int, named: dict[str, str]) -> None:
        details: dict[str, str | int] = {"schema": request.schema, "field": request.field, "count": count, **named}
        self._audit.record(self._event(action, request.tenant, request.reason, details))

    def _event(
        self, action: str, tenant: str | None, reason: str | None, details: dict[str, str | int]
    ) -> AuditEvent:
        return AuditEvent(action, self._clock.now(), tenant, current_actor(), reason, details)

    def __repr__(self) -> str:
        return f"<AccessGate: {getattr(self._policy, '__name__', type(self._policy).__name__)}>"


def _check_reason(reason: object) -> None:
    if not issubclass(type(reason), str) or not isinstance(reason, str):
        raise ReasonRefused("a reason is text")
    if not reason.strip():
        raise ReasonRefused("no reason was given", hint="say why: reveal(reason='ticket 4711')")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise ReasonRefused(f"a reason is at most {LONGEST_REASON} printable characters, on one line")
