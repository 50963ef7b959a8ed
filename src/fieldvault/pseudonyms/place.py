"""What a token key is bound to (spec token-v1 §2, §3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fieldvault.core.context import Scope, canonical, encode_name
from fieldvault.errors import SchemaError
from fieldvault.keyring import DOMAIN_PURPOSE_PREFIX

MAX_VERSION = 255
"""Of a domain's keys: a token has one byte for it."""
MAX_DECLARED_VERSION = 0xFFFF

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,24}\Z")


@dataclass(frozen=True, slots=True)
class DomainPlace:
    """A domain of a tenant, or of all tenants together (None). Raises `SchemaError` for a malformed name."""

    tenant: str | None
    domain: str

    def __post_init__(self) -> None:
        if not isinstance(self.domain, str) or not _NAME.match(self.domain):
            raise SchemaError(
                "a domain's name is 1 to 25 of a-z, 0-9, '_' and '-', starting with a letter",
                hint="name the recipient or the purpose: analytics, acme-research",
            )

    @property
    def scope(self) -> Scope:
        """The scope of the domain's own data keys. Raises `ScopeError` for a malformed tenant."""
        return Scope(self.tenant, DOMAIN_PURPOSE_PREFIX + self.domain)

    def of(self, kind: str, name: str, declared: int, parameters: Sequence[bytes], version: int) -> bytes:
        """The place of one tokeniser under the key numbered `version`."""
        return canonical(
            [
                kind.encode(),
                b"" if self.tenant is None else self.tenant.encode(),
                self.domain.encode(),
                encode_name(name, "tokeniser's name"),
                declared.to_bytes(2, "big"),
                canonical(parameters),
                version.to_bytes(1, "big"),
            ]
        )

    def __str__(self) -> str:
        return f"{'(global)' if self.tenant is None else self.tenant}/{self.domain}"


def domain_of(scope: Scope) -> str | None:
    """The name of the domain whose keys are in this scope; None for the scope of anything else."""
    name = scope.purpose.removeprefix(DOMAIN_PURPOSE_PREFIX)
    return name if name != scope.purpose and _NAME.match(name) else None
