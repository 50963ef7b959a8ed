"""Ways to log in to Vault or OpenBao, each one class.

Rules of this file:

1. A secret is read when a login happens, not before; the server's token lives in the session, never here.
2. No class shows, compares or pickles what it holds.
3. Logging in is a call through an hvac client, handed over by the session, which retries it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Never

from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit.address import path_name
from fieldvault.kek.vault_transit.login_secret import Secret, SecretSource

Exchange = Callable[[Callable[[Any], Any]], Hidden[str]]
"""Runs a login call with an hvac client, retrying it, and returns the token in its answer. Raises `KekError`."""

SERVICE_ACCOUNT_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class VaultAuth(ABC):
    """One way to log in. `label` names it in errors."""

    label: str

    @abstractmethod
    def log_in(self, exchange: Exchange) -> Hidden[str]:
        """A token from a new login. Raises `KekError`."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<hidden>)"

    def __reduce__(self) -> Never:
        raise TypeError(f"{type(self).__name__} cannot be pickled or copied: it holds secrets")


class TokenAuth(VaultAuth):
    """A token that somebody else gets and renews, e.g. Vault Agent writing to a file.

    A fixed token cannot be had anew; one from a file or a callable is read again when the server no longer takes
    it. The secrets of all classes here are a str, a `pathlib.Path` or a callable that returns a str.
    """

    label = "token"

    def __init__(self, token: SecretSource) -> None:
        self._token = Secret(token, "Vault token")

    def log_in(self, exchange: Exchange) -> Hidden[str]:  # noqa: ARG002
        return self._token.read()


class AppRoleAuth(VaultAuth):
    """AppRole: for services. `secret_id` is None for a role with `bind_secret_id=false`."""

    label = "AppRole"

    def __init__(
        self, role_id: SecretSource, secret_id: SecretSource | None = None, *, mount: str = "approle"
    ) -> None:
        self._role_id = Secret(role_id, "AppRole role id")
        self._secret_id = None if secret_id is None else Secret(secret_id, "AppRole secret id")
        self._mount = path_name(mount, "AppRole mount")

    def log_in(self, exchange: Exchange) -> Hidden[str]:
        role_id = self._role_id.read()
        secret_id = Hidden(None) if self._secret_id is None else self._secret_id.read()
        return exchange(
            lambda client: client.auth.approle.login(
                role_id=role_id.reveal(), secret_id=secret_id.reveal(), use_token=False, mount_point=self._mount
            )
        )


class KubernetesAuth(VaultAuth):
    """Kubernetes: a pod logs in with its service account's token, by default the one that is mounted into it."""

    label = "Kubernetes"

    def __init__(
        self, role: str, token: SecretSource = SERVICE_ACCOUNT_TOKEN, *, mount: str = "kubernetes"
    ) -> None:
        self._role = role
        self._token = Secret(token, "Kubernetes service account token")
        self._mount = path_name(mount, "Kubernetes auth mount")

    def log_in(self, exchange: Exchange) -> Hidden[str]:
        jwt = self._token.read()
        return exchange(
            lambda client: client.auth.kubernetes.login(
                role=self._role, jwt=jwt.reveal(), use_token=False, mount_point=self._mount
            )
        )


class JwtAuth(VaultAuth):
    """JWT: a signed token of an identity provider, e.g. a CI job's. `role` None is the mount's default role."""

    label = "JWT"

    def __init__(self, role: str | None, jwt: SecretSource, *, mount: str = "jwt") -> None:
        self._role = role
        self._jwt = Secret(jwt, "JWT")
        self._mount = path_name(mount, "JWT auth mount")

    def log_in(self, exchange: Exchange) -> Hidden[str]:
        jwt = self._jwt.read()
        return exchange(
            lambda client: client.auth.jwt.jwt_login(
                role=self._role, jwt=jwt.reveal(), use_token=False, path=self._mount
            )
        )
