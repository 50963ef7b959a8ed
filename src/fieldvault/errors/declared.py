"""What the caller declared or configured."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class ConfigurationError(FieldvaultError):
    """fieldvault.toml, the environment, or the way parts were put together is wrong."""


class MissingExtra(ConfigurationError):
    """A part of fieldvault was used whose optional packages are not installed."""

    def __init__(self, what: str, *, extra: str) -> None:
        super().__init__(f"{what} needs packages that are not installed", hint=f"pip install 'fieldvault[{extra}]'")
        self.extra = extra


class SchemaError(FieldvaultError):
    """A schema contradicts itself, or a record does not fit its schema."""


class ScopeError(FieldvaultError):
    """A tenant is missing where one is needed, or given where the scope is global."""
