"""Everything that comes from outside, read from the environment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

BASE_DIR = Path(__file__).parents[1]
DATA = BASE_DIR / ".data"


def _database(url: str) -> dict[str, object]:
    """DATABASE_URL as SQLAlchemy and others write it."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("postgresql"):
        raise ValueError("DATABASE_URL is a postgresql:// URL")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


DATABASES = {"default": _database(os.environ["DATABASE_URL"])}

if os.environ.get("KEK", "local") == "vault":
    _KEK = {
        "kind": "vault-transit",  # at VAULT_ADDR, with VAULT_TOKEN
        "mount": os.environ.get("VAULT_MOUNT", "transit"),
        "key": os.environ.get("VAULT_KEY", "customers"),
        "auth": "token",
    }
else:
    _KEK = {"kind": "local", "file": str(DATA / "fieldvault.kek")}

FIELDVAULT = {
    "kek": _KEK,
    "keystore": {"database": "default"},  # its tables come with `migrate`
    "gate": "customers_admin.audit.GATE",  # what `protected = True` models are revealed through
}

INSTALLED_APPS = [
    "master",
    "fieldvault.contrib.django",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "customers_admin.middleware.scope_of_user",  # after the login is known
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
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
]
PASSWORD_HASHERS = ["fieldvault.contrib.django.hashers.Argon2idHasher"]
ROOT_URLCONF = "customers_admin.urls"
STATIC_URL = "static/"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
DEBUG = False  # a debug page shows local variables, and so what was revealed
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(40)  # unset: logins end with the process
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["fieldvault.I001"]  # the scope comes from scope_of_user
USE_TZ, TIME_ZONE = True, "UTC"
