"""A Django project for the tests: auth, admin, fieldvault and a shop, on SQLite and PostgreSQL at once.

Django is configured once in a process, so every test that needs it comes here. `ROUTED.alias` says which database
the ORM uses; None leaves it to Django.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from plugins.django_hashers import CHEAP


class Routed:
    """The router, and its one instance's setting."""

    alias: str | None = None

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return ROUTED.alias

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return ROUTED.alias

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True


ROUTED = Routed()


def configure() -> None:
    """Configure Django, once."""
    import django
    from django.conf import settings

    if settings.configured:
        return
    folder = Path(tempfile.mkdtemp(prefix="fv-django-"))
    settings.configure(
        BASE_DIR=folder,
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
            "sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "shop.db")},
        },
        DATABASE_ROUTERS=["plugins.django_site.Routed"],
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "fieldvault.contrib.django",
            "plugins.django_site.shop",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        ROOT_URLCONF="plugins.django_site.urls",
        ALLOWED_HOSTS=["testserver"],
        PASSWORD_HASHERS=CHEAP,
        SECRET_KEY="only for tests",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        FIELDVAULT={"keyrings": "plugins.django_site.keys.build", "gate": "plugins.django_site.keys.GATE"},
    )
    django.setup()


def add_database(alias: str, **given: Any) -> None:
    """One more alias, from now on."""
    from django.db import connections

    databases = {**{name: connections.settings[name] for name in connections}, alias: given}
    connections._settings = databases
    connections.settings = connections.configure_settings(databases)


def create_tables(alias: str) -> None:
    """Every application's, in a database that has none."""
    from django.core.management import call_command

    ROUTED.alias = alias
    try:
        call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    finally:
        ROUTED.alias = None
