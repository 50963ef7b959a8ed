"""`[kek]`: what wraps the data keys. The file names it; the environment holds what opens it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.config import environment as names
from fieldvault.config.environment import Environment, Prompt, SecretSource
from fieldvault.config.section import SECRETS, Section

if TYPE_CHECKING:
    from fieldvault.kek.local import LocalKek, Protection
    from fieldvault.kek.vault_transit import TransitSigner, VaultAuth, VaultTransitKek
    from fieldvault.peppers import TransitPepper

KINDS = ("local", "vault-transit")
PROTECTIONS = ("passphrase", "key")
AUTHS = ("token", "approle", "kubernetes", "jwt")
LOCAL_KEYS = ("kind", "file", "protect")
VAULT_KEYS = ("kind", "address", "insecure_http", "mount", "key", "namespace", "ca", "auth", "auth_mount", "role")
APPROLE_KEYS = ("role_id", "bind_secret_id")
OTHERS = ("new", "old")
"""Tables in it: another KEK that is unwrapped with as well, while keys are moved from one to the other."""
TIME_KEYS = ("budget_seconds", "connect_seconds", "read_seconds")


@dataclass(frozen=True, slots=True)
class LocalKekConfig:
    """`kind = "local"`: `file` and how it is protected, by `"passphrase"` or `"key"`."""

    file: Path
    protect: str

    @classmethod
    def read(cls, section: Section) -> LocalKekConfig:
        section.only(*LOCAL_KEYS, *OTHERS, secrets={**SECRETS, "key": names.KEK_KEY})
        file = section.text("file") or "fieldvault.kek"
        return cls(section.file.parent / file, section.choice("protect", PROTECTIONS) or "passphrase")

    def protection(self, environment: Environment, prompt: Prompt | None) -> Protection:
        """Where the secret comes from: the environment, else the person at `prompt`.

        Raises `ConfigurationError` where there is neither.
        """
        from fieldvault.kek.local import Passphrase, ProtectionKey

        if self.protect == "key":
            return ProtectionKey(environment.required_secret(names.KEK_KEY, f"the protection key of {self.file}"))
        source: SecretSource | None = environment.secret(names.KEK_PASSPHRASE)
        if source is None and prompt is not None:
            source = _Asked(prompt, f"Passphrase of {self.file}")
        if source is None:
            source = environment.required_secret(names.KEK_PASSPHRASE, f"the passphrase of {self.file}")
        return Passphrase(source)

    def build(self, environment: Environment, prompt: Prompt | None) -> LocalKek:
        """Opens the file. Raises `ConfigurationError` or `KekMisconfigured`."""
        from fieldvault.kek.local import LocalKek

        return LocalKek.open(self.file, self.protection(environment, prompt))


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultKekConfig:
    """`kind = "vault-transit"`. `role` is of Kubernetes and JWT, `role_id` of AppRole; none of them is a secret."""

    address: str
    insecure_http: bool
    mount: str
    key: str
    namespace: str | None
    ca: Path | None
    auth: str
    auth_mount: str
    role: str | None
    role_id: str | None
    bind_secret_id: bool
    budget: float
    connect: float
    read_timeout: float

    @classmethod
    def read(cls, section: Section, environment: Environment) -> VaultKekConfig:
        section.only(*VAULT_KEYS, *APPROLE_KEYS, *TIME_KEYS, *OTHERS)
        auth = section.choice("auth", AUTHS)
        if auth is None:
            raise section.error("auth", "is missing", hint=f"one of: {', '.join(AUTHS)}")
        if auth == "approle":
            section.required_text("role_id", hint="the role's id, which is no secret")
        if auth == "kubernetes":
            section.required_text("role", hint="the role that Vault's Kubernetes login knows")
        address = section.text("address") or environment.get(names.VAULT_ADDRESS)
        if address is None:
            hint = f"the server's https URL here, or {names.VAULT_ADDRESS} in the environment"
            raise section.error("address", "is missing", hint=hint)
        ca = section.text("ca")
        return cls(
            address=address,
            insecure_http=section.flag("insecure_http", default=False),
            mount=section.text("mount") or "transit",
            key=section.required_text("key", hint="the transit key's name"),
            namespace=section.text("namespace"),
            ca=None if ca is None else section.file.parent / ca,
            auth=auth,
            auth_mount=section.text("auth_mount") or auth,
            role=section.text("role"),
            role_id=section.text("role_id"),
            bind_secret_id=section.flag("bind_secret_id", default=True),
            budget=section.seconds("budget_seconds", 30.0),
            connect=section.seconds("connect_seconds", 3.05),
            read_timeout=section.seconds("read_seconds", 10.0),
        )

    def build(self, environment: Environment) -> VaultTransitKek:
        """Sends nothing yet. Raises `ConfigurationError` or `MissingExtra`."""
        from fieldvault.kek.vault_transit import InsecureHttp, RetryPolicy, Timeouts, VaultTransitKek

        return VaultTransitKek(
            address=InsecureHttp(self.address) if self.insecure_http else self.address,
            key=self.key,
            auth=self._auth(environment),
            mount=self.mount,
            namespace=self.namespace,
            ca=self.ca,
            retry=RetryPolicy(budget=self.budget),
            timeouts=Timeouts(connect=self.connect, read=self.read_timeout),
        )

    def build_pepper(self, environment: Environment, *, key: str, name: str | None) -> TransitPepper:
        """A pepper of the same server and login, under another transit key. Sends nothing yet."""
        from fieldvault.kek.vault_transit import InsecureHttp, RetryPolicy, Timeouts
        from fieldvault.peppers import TransitPepper

        return TransitPepper(
            address=InsecureHttp(self.address) if self.insecure_http else self.address,
            key=key,
            auth=self._auth(environment),
            mount=self.mount,
            name=name,
            namespace=self.namespace,
            ca=self.ca,
            retry=RetryPolicy(budget=self.budget),
            timeouts=Timeouts(connect=self.connect, read=self.read_timeout),
        )

    def build_signer(self, environment: Environment, *, key: str) -> TransitSigner:
        """A signing key of the same server and login. Sends nothing yet."""
        from fieldvault.kek.vault_transit import InsecureHttp, RetryPolicy, Timeouts, TransitSigner

        return TransitSigner(
            address=InsecureHttp(self.address) if self.insecure_http else self.address,
            key=key,
            auth=self._auth(environment),
            mount=self.mount,
            namespace=self.namespace,
            ca=self.ca,
            retry=RetryPolicy(budget=self.budget),
            timeouts=Timeouts(connect=self.connect, read=self.read_timeout),
        )

    def _auth(self, environment: Environment) -> VaultAuth:
        from fieldvault.kek.vault_transit import AppRoleAuth, JwtAuth, KubernetesAuth, TokenAuth

        if self.auth == "token":
            return TokenAuth(environment.required_secret(names.VAULT_TOKEN, "a Vault token"))
        if self.auth == "approle":
            secret_id = None
            if self.bind_secret_id:
                secret_id = environment.required_secret(names.VAULT_SECRET_ID, "the AppRole's secret id")
            return AppRoleAuth(self.role_id or "", secret_id, mount=self.auth_mount)
        if self.auth == "kubernetes":
            mounted = environment.secret(names.VAULT_JWT)
            if mounted is None:
                return KubernetesAuth(self.role or "", mount=self.auth_mount)
            return KubernetesAuth(self.role or "", mounted, mount=self.auth_mount)
        return JwtAuth(self.role, environment.required_secret(names.VAULT_JWT, "the JWT"), mount=self.auth_mount)


KekConfig = LocalKekConfig | VaultKekConfig


def read_kek(section: Section, environment: Environment) -> KekConfig:
    """Raises `ConfigurationError`."""
    kind = section.choice("kind", KINDS)
    if kind is None:
        section.only(*LOCAL_KEYS, *VAULT_KEYS, *APPROLE_KEYS, *TIME_KEYS, *OTHERS)  # perhaps it is only misspelt
        raise section.error("kind", "is missing", hint=f"one of: {', '.join(KINDS)}")
    return LocalKekConfig.read(section) if kind == "local" else VaultKekConfig.read(section, environment)


def read_others(section: Section, environment: Environment) -> dict[str, KekConfig]:
    """`[kek.new]` and `[kek.old]`, where they are. Raises `ConfigurationError`."""
    found = {
        name: read_kek(section.section(name), environment.of_other_kek(name)) for name in OTHERS if name in section
    }
    if len(found) > 1:
        raise section.error("old", "a KEK is moved to or from, not both: either new or old")
    for name in found:
        for further in OTHERS:
            if further in section.section(name):
                raise section.section(name).error(further, "there is no such key")
    return found


class _Asked:
    """Asks once, when the secret is needed, and forgets it."""

    __slots__ = ("_prompt", "_what")

    def __init__(self, prompt: Prompt, what: str) -> None:
        self._prompt = prompt
        self._what = what

    def __call__(self) -> str:
        return self._prompt(self._what)
