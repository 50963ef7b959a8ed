"""`[audit]`: where it is recorded who revealed, linked or destroyed what, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.audit import ChainedAudit, Signer
from fieldvault.config.environment import Environment
from fieldvault.config.kek import KekConfig, VaultKekConfig
from fieldvault.config.section import Section
from fieldvault.core.context import Scope
from fieldvault.errors import ConfigurationError
from fieldvault.keyring import AUDIT_PURPOSE, Keyring, Keyrings

if TYPE_CHECKING:
    from fieldvault.ports import AuditHeads

DEFAULT_NAME = "audit"


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """`file` gets a chain of JSON lines; a relative path is relative to the configuration file.

    `name` is the log's: hosts that write their own files to one key store give each another name. `sign_key` is a
    transit key of the KEK's server that signs checkpoints. `kek_key` is another one, which wraps the audit keys in
    place of `kek`'s: for a role that must record events and may use no other data key.
    """

    file: Path
    kek: KekConfig
    environment: Environment
    name: str = DEFAULT_NAME
    sign_key: str | None = None
    kek_key: str | None = None

    @classmethod
    def read(cls, section: Section, kek: KekConfig, environment: Environment) -> AuditConfig:
        """Raises `ConfigurationError`."""
        section.only("file", "name", "sign_key", "kek_key")
        file = section.file.parent / section.required_text("file", hint='file = "audit.jsonl"')
        name = section.text("name") or DEFAULT_NAME
        return cls(file, kek, environment, name, section.text("sign_key"), section.text("kek_key"))

    def build(self, keyrings: Keyrings, heads: AuditHeads) -> ChainedAudit:
        """The audit log; nothing is written yet. Raises as `keyring`."""
        return ChainedAudit(self.file, name=self.name, keyring=self.keyring(keyrings), heads=heads)

    def keyring(self, keyrings: Keyrings) -> Keyring:
        """The keyring that audit keys come from (spec audit-v1 §3), in the key store of `keyrings`.

        Raises `ConfigurationError` for a `kek_key` where the KEK is no Vault's, and what building a KEK raises.
        """
        if self.kek_key is not None:
            if not isinstance(self.kek, VaultKekConfig):
                raise ConfigurationError(
                    "[audit] has a kek_key, and the KEK is no Vault's",
                    hint="it is another transit key of its server",
                )
            own = replace(self.kek, key=self.kek_key).build(self.environment)
            keyrings = Keyrings(own, keyrings.store, policy=keyrings.policy)
        return keyrings.keyring(Scope(None, AUDIT_PURPOSE))


def missing_audit(file: Path) -> ConfigurationError:
    """The error where a command needs an audit log and there is none."""
    return ConfigurationError(f"{file} declares no audit log", hint='[audit] with file = "audit.jsonl"')


def build_signer(audit: AuditConfig, kek: KekConfig, environment: Environment) -> Signer | None:
    """What signs checkpoints: another transit key of the KEK's server, under the same login; None without one.

    Raises `ConfigurationError` where the KEK is no Vault's.
    """
    if audit.sign_key is None:
        return None
    if not isinstance(kek, VaultKekConfig):
        raise ConfigurationError(
            "[audit] has a sign_key, and the KEK is no Vault's", hint="a signature comes from Vault or OpenBao"
        )
    return kek.build_signer(environment, key=audit.sign_key)
