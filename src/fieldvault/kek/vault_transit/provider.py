"""`VaultTransitKek`: data keys wrapped by a key that never leaves Vault or OpenBao.

Rules of this file:

1. One request wraps or unwraps up to 160 keys. OpenBao refuses JSON of more than 1,000 strings, and names count.
2. No associated data and no derivation context: transit's rewrap cannot carry them. What binds a wrapped key to its
   scope is that the data key commits to it (spec keyring-v1 §3).
3. A partial failure is told apart from a whole one by the presence of per-item results, never by the status alone.
   `partial_failure_response_code` stays unsent: with it the server's own fault (500) would pass for a refused item.
4. Encrypting never creates a KEK, see `_NEVER_CREATE`.
5. Keys and wrapped keys are in no local variable of a frame that an error passes through, hence `Hidden` and `del`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from fieldvault.errors import ConfigurationError, KekError, KekMisconfigured, KeyWrapRefused
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit import ciphertext, failures
from fieldvault.kek.vault_transit.address import InsecureHttp, base_url, key_name, path_name, trust_anchor
from fieldvault.kek.vault_transit.auth import VaultAuth
from fieldvault.kek.vault_transit.ciphertext import DATA_KEY_BYTES
from fieldvault.kek.vault_transit.health import Check, diagnose
from fieldvault.kek.vault_transit.opening import open_session
from fieldvault.kek.vault_transit.retry import RetryPolicy, Timeouts
from fieldvault.kek.vault_transit.versions import TransitVersions
from fieldvault.ports import KekVersions

if TYPE_CHECKING:
    from fieldvault.kek.vault_transit.client import Reply

CHUNK = 160

# Transit's encrypt creates a missing key if the token has `create`, so a typo would silently make a new KEK. Only
# then does it look at `type`, and one that it does not know makes it refuse. For an existing key it is ignored.
_NEVER_CREATE = "fieldvault-never-creates-keys"

# Well-formed and wrapped by nobody: asks whether the key exists, with a right that the application has anyway.
_PROBE = "vault:v1:" + "A" * 80


class VaultTransitKek:
    """A `KekProvider` over the transit engine. Thread-safe, and usable after a fork.

    `address` is the server's https URL (http on loopback only, elsewhere by `InsecureHttp`); `key` and `mount` name
    the transit key; `namespace` the Vault Enterprise or OpenBao namespace; `ca` a PEM file or folder. Nothing is
    sent before the first call. Raises `ConfigurationError` for malformed arguments and `MissingExtra` without hvac.
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
            "the Vault KEK",
            self._name,
            url=base_url(address),
            verify=trust_anchor(ca),
            namespace=space,
            auth=auth,
            retry=retry,
            timeouts=timeouts,
        )
        self._versions = TransitVersions(self._session, self._name, self._mount, self._key)

    @property
    def mount(self) -> str:
        """The transit engine's path, without slashes around it."""
        return self._mount

    @property
    def key(self) -> str:
        """The transit key's name."""
        return self._key

    @property
    def name(self) -> str:
        """`vault-transit:mount/key`, then `@namespace` if there is one (spec keyring-v1 §4)."""
        return self._name

    def __repr__(self) -> str:
        return f"VaultTransitKek({self._name})"

    def __reduce__(self) -> Never:
        raise TypeError("VaultTransitKek cannot be pickled or copied: it holds a login")

    def version_of(self, wrapped: bytes) -> int:
        """The transit key's version, from 1; asks nobody. Raises `KeyWrapRefused` if malformed."""
        held = Hidden(wrapped)
        del wrapped
        version = ciphertext.parse(held.reveal())
        if version is None:
            raise ciphertext.malformed()
        return version

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        """Wrap 32-byte keys, in order, in chunks of 160: all of them or a `KekError`."""
        encoded = _encoded_keys(keys)
        del keys
        if isinstance(encoded, int):
            raise KekMisconfigured(f"item {encoded} is not a data key: it must be {DATA_KEY_BYTES} bytes")
        wrapped: Hidden[list[bytes]] = Hidden([])
        for chunk in _chunks(encoded):
            wrapped.reveal().extend(self._wrap_chunk(chunk).reveal())
        return wrapped.reveal()

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """Unwrap, in order, in chunks of 160. A malformed item is refused here and never sent.

        An item is a `KeyWrapRefused` where the KEK refuses it: altered, wrapped by another KEK, or by a version
        that is not opened any more. Raises `KekError` where the KEK as a whole cannot be used.
        """
        given = Hidden(list(wrapped))
        del wrapped
        keys: Hidden[list[bytes | KeyWrapRefused]] = Hidden([ciphertext.malformed() for _ in given.reveal()])
        well_formed = [at for at, item in enumerate(given.reveal()) if ciphertext.parse(item) is not None]
        for start in range(0, len(well_formed), CHUNK):
            positions = well_formed[start : start + CHUNK]
            opened = self._unwrap_chunk(Hidden([given.reveal()[at].decode("ascii") for at in positions]))
            _place(opened, positions, keys)
        return keys.reveal()

    def rewrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """See `VersionedKek.rewrap`. In chunks of 160; needs `update` on MOUNT/rewrap/KEY."""
        given = Hidden(list(wrapped))
        del wrapped
        found: Hidden[list[bytes | KeyWrapRefused]] = Hidden([ciphertext.malformed() for _ in given.reveal()])
        well_formed = [at for at, item in enumerate(given.reveal()) if ciphertext.parse(item) is not None]
        for start in range(0, len(well_formed), CHUNK):
            positions = well_formed[start : start + CHUNK]
            chunk = Hidden([given.reveal()[at].decode("ascii") for at in positions])
            _place(self._rewrap_chunk(chunk), positions, found)
        return found.reveal()

    def versions(self) -> KekVersions:
        """See `VersionedKek.versions`. Needs `read` on MOUNT/keys/KEY."""
        return self._versions.read()

    def rotate(self) -> None:
        """See `VersionedKek.rotate`. Needs `update` on MOUNT/keys/KEY/rotate."""
        self._versions.rotate()

    def open_from(self, version: int) -> None:
        """See `VersionedKek.open_from`: `min_decryption_version`. Needs `update` on MOUNT/keys/KEY/config."""
        self._versions.open_from(version)

    def trim_below(self, version: int) -> None:
        """See `VersionedKek.trim_below`. Needs `update` on MOUNT/keys/KEY/trim."""
        self._versions.trim_below(version)

    def diagnose(self) -> list[Check]:
        """What an operator wants to know before going live: see `health.diagnose`."""
        return diagnose(self._session, self)

    def _wrap_chunk(self, plaintexts: Hidden[list[str]]) -> Hidden[list[bytes]]:
        items = [{"plaintext": text} for text in plaintexts.reveal()]
        body = Hidden[dict[str, Any]]({"batch_input": items, "type": _NEVER_CREATE})
        del items
        reply = self._session.request("POST", f"{self._mount}/encrypt/{self._key}", body)
        results = _results(reply, len(plaintexts.reveal()))
        if results is None:
            raise self._wrap_refused(reply)
        wrapped = _ciphertexts(results)
        if wrapped is None:
            raise failures.not_transit(self._name)
        return wrapped

    def _unwrap_chunk(self, ciphertexts: Hidden[list[str]]) -> Hidden[list[bytes | KeyWrapRefused]]:
        reply = self._session.request("POST", f"{self._mount}/decrypt/{self._key}", _to_decrypt(ciphertexts))
        results = _results(reply, len(ciphertexts.reveal()))
        if results is None:
            raise self._refused(reply)
        return Hidden([_opened(result) for result in results.reveal()])

    def _rewrap_chunk(self, ciphertexts: Hidden[list[str]]) -> Hidden[list[bytes | KeyWrapRefused]]:
        reply = self._session.request("POST", f"{self._mount}/rewrap/{self._key}", _to_decrypt(ciphertexts))
        results = _results(reply, len(ciphertexts.reveal()))
        if results is None:
            raise self._versions.refused(reply, f"`update` on {self._mount}/rewrap/{self._key}")
        return Hidden([_rewrapped(result) for result in results.reveal()])

    def _wrap_refused(self, reply: Reply) -> KekError:
        # With `update` alone, encrypting under a missing key is a forbidden creation: 403 instead of "not found".
        # Decrypting tells the two apart.
        if reply.status == 403:
            path = f"{self._mount}/decrypt/{self._key}"
            probe = self._session.request_without_new_login("POST", path, _to_decrypt(Hidden([_PROBE])))
            if probe.status == 400 and _results(probe, 1) is None:
                return self._refused(probe)
        return self._refused(reply)

    def _refused(self, reply: Reply) -> KekError:
        """The error for a reply without per-item results."""
        if reply.status == 200:
            return failures.not_transit(self._name)
        if reply.says("unknown key type") or reply.says("encryption key not found"):
            return failures.missing_key(self._name)
        return failures.refusal(self._name, reply.status)


def _encoded_keys(keys: Sequence[bytes]) -> Hidden[list[str]] | int:
    """The keys in base64, or the position of the first that is not a data key."""
    encoded = []
    for at, key in enumerate(keys):
        if not isinstance(key, bytes) or len(key) != DATA_KEY_BYTES:
            return at
        encoded.append(base64.b64encode(key).decode("ascii"))
    return Hidden(encoded)


def _to_decrypt(ciphertexts: Hidden[list[str]]) -> Hidden[dict[str, Any]]:
    return Hidden({"batch_input": [{"ciphertext": text} for text in ciphertexts.reveal()]})


def _place(
    opened: Hidden[list[bytes | KeyWrapRefused]], positions: list[int], keys: Hidden[list[bytes | KeyWrapRefused]]
) -> None:
    for at, outcome in zip(positions, opened.reveal(), strict=True):
        keys.reveal()[at] = outcome


def _chunks(items: Hidden[list[str]]) -> Iterator[Hidden[list[str]]]:
    for start in range(0, len(items.reveal()), CHUNK):
        yield Hidden(items.reveal()[start : start + CHUNK])


def _results(reply: Reply, expected: int) -> Hidden[list[dict[str, Any]]] | None:
    """The per-item results, if the answer has exactly one for each item (200, or 400 where some were refused)."""
    results = reply.data().get("batch_results") if reply.status in {200, 400} else None
    if not isinstance(results, list) or len(results) != expected:
        return None
    return Hidden(results) if all(isinstance(result, dict) for result in results) else None


def _ciphertexts(results: Hidden[list[dict[str, Any]]]) -> Hidden[list[bytes]] | None:
    """All wrapped keys, or None if one is missing or is not what an AEAD key of transit returns."""
    wrapped = []
    for result in results.reveal():
        text = result.get("ciphertext")
        item = text.encode("ascii", errors="replace") if isinstance(text, str) else None
        if item is None or result.get("error") or ciphertext.parse(item) is None:
            return None
        wrapped.append(item)
    return Hidden(wrapped)


def _opened(result: dict[str, Any]) -> bytes | KeyWrapRefused:
    error, text = result.get("error"), result.get("plaintext")
    if error:
        return _refused_item(error)
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != DATA_KEY_BYTES:
        return KeyWrapRefused(f"what the KEK unwrapped is not a key of {DATA_KEY_BYTES} bytes")
    return key


def _rewrapped(result: dict[str, Any]) -> bytes | KeyWrapRefused:
    error, text = result.get("error"), result.get("ciphertext")
    if error:
        return _refused_item(error)
    item = text.encode("ascii", errors="replace") if isinstance(text, str) else b""
    if ciphertext.parse(item) is None:
        return KeyWrapRefused("what the KEK rewrapped is not a data key wrapped by Vault transit")
    return item


def _refused_item(error: object) -> KeyWrapRefused:
    if "too old" in str(error):
        return KeyWrapRefused(
            "the key was wrapped by a KEK version that is not opened any more",
            hint="it is below the KEK's min_decryption_version; rewrap comes before raising that",
        )
    return KeyWrapRefused(
        "the KEK refused to unwrap the key",
        hint="the key store was altered, or the key was wrapped by another KEK",
    )
