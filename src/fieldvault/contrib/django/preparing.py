"""`migrate` also readies a key store that is not in a database of Django's, so that one command readies all."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from fieldvault.config.keystore import KeyStoreConfig
from fieldvault.contrib.django.runtime import key_store, read_settings


def listen(config: AppConfig) -> None:
    """Called when the application is ready."""
    post_migrate.connect(_create, sender=config, dispatch_uid="fieldvault.preparing")


def _create(using: str, plan: Any = (), **_: Any) -> None:
    given = read_settings()
    if using == "default" and given.keyrings is None and isinstance(given.keystore, KeyStoreConfig):
        key_store(given).create()
