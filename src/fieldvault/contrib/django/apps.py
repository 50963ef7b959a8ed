"""The application `fieldvault`: keys, put together once from settings and kept by its AppConfig."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

from django.apps import AppConfig, apps
from django.core.signals import setting_changed

from fieldvault.contrib.django.runtime import Runtime, read_settings
from fieldvault.errors import ConfigurationError

LABEL = "fieldvault"


class FieldvaultConfig(AppConfig):
    """`runtime` is made of `settings.FIELDVAULT` when it is first needed, and again after that was changed."""

    name = "fieldvault.contrib.django"
    label = LABEL
    verbose_name = "fieldvault"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks and listen for what prepares the key store."""
        from fieldvault.contrib.django import checks, preparing

        checks.register_all()
        preparing.listen(self)
        setting_changed.connect(self._forget, dispatch_uid="fieldvault.settings")

    @cached_property
    def _lock(self) -> threading.Lock:
        return threading.Lock()

    @property
    def runtime(self) -> Runtime:
        """Keyrings, default tenant, gate. Raises `ConfigurationError`; connects to nothing."""
        made = self.__dict__.get("_runtime")
        if made is None:
            with self._lock:
                made = self.__dict__.get("_runtime")
                if made is None:
                    made = self.__dict__["_runtime"] = Runtime.of(read_settings())
        return made

    def _forget(self, *, setting: str, **_: Any) -> None:
        if setting in ("FIELDVAULT", "DATABASES"):
            self.__dict__.pop("_runtime", None)


def runtime() -> Runtime:
    """The runtime of the installed application. Raises `ConfigurationError` where it is not installed."""
    config = apps.app_configs.get(LABEL)
    if not isinstance(config, FieldvaultConfig):
        raise ConfigurationError(
            "fieldvault is not installed in Django", hint=f"add {FieldvaultConfig.name!r} to INSTALLED_APPS"
        )
    return config.runtime
