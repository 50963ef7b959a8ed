"""TransitSigner: a signing key that stays in the transit engine (spec audit-v1 §6).

Who writes the audit log may sign with it and cannot take it away, so a log that was written anew has no signature
of the time in question.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Never

from fieldvault.errors import ConfigurationError, KekDenied, KekError, KekMisconfigured
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit.address import InsecureHttp, base_url, key_name, path_name, trust_anchor
from fieldvault.kek.vault_transit.auth import VaultAuth
from fieldvault.kek.vault_transit.opening import open_session
from fieldvault.kek.vault_transit.retry import RetryPolicy, Timeouts

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit.client import Reply

_SIGNATURE = re.compile(r"vault:v[1-9][0-9]{0,8}:[A-Za-z0-9+/_-]+={0,2}\Z")


class TransitSigner:
    """Signs and verifies by `sign` and `verify` of the transit engine (port: `fieldvault.audit.Signer`).

    `key` is a transit key of its own, of a type that signs, best `ed25519`. A token that signs needs `update` on
    `MOUNT/sign/KEY`, one that verifies `update` on `MOUNT/verify/KEY`. The other arguments are those of
    `VaultTransitKek`. Nothing is sent before the first call. Raises `ConfigurationError` and `MissingExtra`.
    """

    def __init__(
        self,
        *,
        address: str | InsecureHttp,
        key: str,
        auth: VaultAuth,
        mount: str = "transit",
        namespace: str | None = None,
        ca: str | Path | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        if not isinstance(auth, VaultAuth):
            raise ConfigurationError("auth must be TokenAuth, AppRoleAuth, KubernetesAuth, JwtAuth or a VaultAuth")
        self._key = key_name(key)
        self._mount = path_name(mount, "transit mount")
        space = None if namespace is None else path_name(namespace, "namespace")
        self._name = f"vault-transit:{self._mount}/{self._key}{'' if space is None else '@' + space}"
        self._session = open_session(
            "signing in Vault",
            self._name,
            url=base_url(address),
            verify=trust_anchor(ca),
            namespace=space,
            auth=auth,
            retry=retry,
            timeouts=timeouts,
        )

    @property
    def name(self) -> str:
        """As a KEK's: `vault-transit:mount/key`, then `@namespace` where there is one."""
        return self._name

    def sign(self, message: bytes) -> str:
        """`vault:vN:…`. Raises `KekError`."""
        reply = self._session.request("POST", f"{self._mount}/sign/{self._key}", _body(message))
        signature = reply.data().get("signature") if reply.status == 200 else None
        if not isinstance(signature, str) or not _SIGNATURE.match(signature):
            raise self._refused(reply)
        return signature

    def verify(self, message: bytes, signature: str) -> bool:
        """Whether this key signed the message. Raises `KekError`; a malformed signature is False, unasked."""
        if not _SIGNATURE.match(signature):
            return False
        body = _body(message)
        body.reveal()["signature"] = signature
        reply = self._session.request("POST", f"{self._mount}/verify/{self._key}", body)
        if reply.status == 400 and not reply.says("unsupported"):
            return False  # of a version that the key does not have, or not of its kind
        valid = reply.data().get("valid") if reply.status == 200 else None
        if not isinstance(valid, bool):
            raise self._refused(reply)
        return valid

    def __repr__(self) -> str:
        return f"TransitSigner({self._name})"

    def __reduce__(self) -> Never:
        raise TypeError("TransitSigner cannot be pickled or copied: it holds a login")

    def _refused(self, reply: Reply) -> KekError:
        if reply.status == 403:
            return KekDenied(
                f"{self._name}: the policy forbids it", hint=f"update on {self._mount}/sign/{self._key} (or verify)"
            )
        return KekMisconfigured(
            f"{self._name}: the server answered {reply.status} and no signature",
            hint="does the key exist, and is it of a type that signs, such as ed25519?",
        )


def _body(message: bytes) -> Hidden[dict[str, object]]:
    return Hidden({"input": base64.b64encode(message).decode("ascii")})
