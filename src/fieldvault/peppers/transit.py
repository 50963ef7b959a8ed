"""TransitPepper: an HMAC key that stays in Vault's or OpenBao's transit engine (spec password-v1 §7).

Rules of this file:

1. One request for a whole batch. What is sent is a labelled digest, never a password.
2. The answer is checked: one MAC of 32 bytes for each message, all of the version that was asked for.
3. Whatever goes wrong is a `KekError`; nothing is remembered that could answer in the server's place.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from fieldvault.errors import ConfigurationError, KekDenied, KekError, KekMisconfigured
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit.address import InsecureHttp, base_url, key_name, path_name, trust_anchor
from fieldvault.kek.vault_transit.auth import VaultAuth
from fieldvault.kek.vault_transit.opening import open_session
from fieldvault.kek.vault_transit.retry import RetryPolicy, Timeouts
from fieldvault.passwords.pepper import Peppered

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit.client import Reply

CHUNK = 250
NEWEST_SECONDS = 300.0
"""How long the newest version is believed, where no `mac` has told it meanwhile."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_MAC = re.compile(r"vault:v([1-9][0-9]{0,8}):([A-Za-z0-9+/]{43}=)\Z")
_PROBE = b"fieldvault/v1/password-pepper-version"


class TransitPepper:
    """A `Pepper` over the transit engine's `hmac` (SHA-256). Thread-safe, and usable after a fork.

    `key` is a transit key of its own, best of the type `hmac`; the token's policy needs `update` on
    `MOUNT/hmac/KEY/sha2-256`. `name` is stored in each row and says which pepper it is, so it must stay: by
    default the key's name, where that is `[a-z][a-z0-9-]{0,31}`. The other arguments are those of
    `VaultTransitKek`. Nothing is sent before the first call. Raises `ConfigurationError` and `MissingExtra`.

    Rotating the transit key makes new hashes use the new version; a row follows at its next login. A version that
    rows still use must stay above the key's `min_decryption_version`, or their passwords verify no more.
    """

    def __init__(
        self,
        *,
        address: str | InsecureHttp,
        key: str,
        auth: VaultAuth,
        mount: str = "transit",
        name: str | None = None,
        namespace: str | None = None,
        ca: str | Path | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        if not isinstance(auth, VaultAuth):
            raise ConfigurationError("auth must be TokenAuth, AppRoleAuth, KubernetesAuth, JwtAuth or a VaultAuth")
        self._key = key_name(key)
        self._mount = path_name(mount, "transit mount")
        self._name = self._key if name is None else name
        if not _NAME.match(self._name):
            raise ConfigurationError("a pepper's name is 1 to 32 of a-z, 0-9 and '-', starting with a letter")
        space = None if namespace is None else path_name(namespace, "namespace")
        self._label = f"pepper {self._mount}/{self._key}{'' if space is None else '@' + space}"
        self._session = open_session(
            "a pepper in Vault",
            self._label,
            url=base_url(address),
            verify=trust_anchor(ca),
            namespace=space,
            auth=auth,
            retry=retry,
            timeouts=timeouts,
        )
        self._newest: tuple[int, float] | None = None

    @property
    def name(self) -> str:
        """Stored in each row, beside the key version."""
        return self._name

    def mac(self, messages: Sequence[bytes], *, version: int | None = None) -> Peppered:
        """See `Pepper.mac`."""
        held = Hidden(list(messages))
        del messages
        macs: Hidden[list[bytes]] = Hidden([])
        found = version
        for start in range(0, len(held.reveal()), CHUNK):
            chunk = Hidden(held.reveal()[start : start + CHUNK])
            # After the first chunk the version is fixed, so that a rotation between two chunks mixes nothing.
            found = self._mac_chunk(chunk, found, macs)
        if found is None:
            return Peppered(self.newest_version(), [])
        if version is None:
            self._newest = (found, time.monotonic())
        return Peppered(found, macs.reveal())

    def newest_version(self) -> int:
        """See `Pepper.newest_version`. Asks the server once in five minutes at the most."""
        newest = self._newest
        if newest is None or time.monotonic() - newest[1] > NEWEST_SECONDS:
            version = self._mac_chunk(Hidden([_PROBE]), None, Hidden([]))
            newest = self._newest = (version, time.monotonic())
        return newest[0]

    def __repr__(self) -> str:
        return f"TransitPepper({self._label})"

    def __reduce__(self) -> Never:
        raise TypeError("TransitPepper cannot be pickled or copied: it holds a login")

    def _mac_chunk(self, messages: Hidden[list[bytes]], version: int | None, macs: Hidden[list[bytes]]) -> int:
        """Append the MACs of a chunk and return their version."""
        body: Hidden[dict[str, Any]] = Hidden(
            {"batch_input": [{"input": base64.b64encode(message).decode("ascii")} for message in messages.reveal()]}
        )
        if version is not None:
            body.reveal()["key_version"] = version
        reply = self._session.request("POST", f"{self._mount}/hmac/{self._key}/sha2-256", body)
        parsed = _macs_of(reply, len(messages.reveal()))
        if parsed is None:
            raise self._refused(reply)
        versions, found = parsed
        if len(versions) != 1 or (version is not None and versions != {version}):
            raise KekMisconfigured(f"{self._label}: the answer is of another key version than was asked for")
        macs.reveal().extend(found.reveal())
        return versions.pop()

    def _refused(self, reply: Reply) -> KekError:
        if reply.status in {401, 403}:
            return KekDenied(
                f"{self._label}: permission denied",
                hint="the token's policy needs `update` on MOUNT/hmac/KEY/sha2-256; is the key's name right?",
            )
        if reply.says("key not found"):
            return KekMisconfigured(
                f"{self._label}: the key does not exist",
                hint="create it once: bao write MOUNT/keys/KEY type=hmac key_size=32",
            )
        if reply.status == 404:
            return KekMisconfigured(f"{self._label}: no transit engine is mounted there, or it has no such key")
        return KekMisconfigured(
            f"{self._label}: the server refused the request (status {reply.status})",
            hint="does this key version still exist, above min_decryption_version? Can the key make HMACs?",
        )


def _macs_of(reply: Reply, expected: int) -> tuple[set[int], Hidden[list[bytes]]] | None:
    """Versions and MACs; None unless there is exactly one well-formed MAC for each message."""
    results = reply.data().get("batch_results") if reply.status == 200 else None
    if not isinstance(results, list) or len(results) != expected:
        return None
    versions, macs = set(), []
    for result in results:
        text = result.get("hmac") if isinstance(result, dict) else None
        match = _MAC.match(text) if isinstance(text, str) else None
        if match is None:
            return None
        try:
            macs.append(base64.b64decode(match[2], validate=True))
        except binascii.Error:
            return None
        versions.add(int(match[1]))
    return versions, Hidden(macs)
