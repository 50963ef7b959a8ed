"""`--from`: the readers of other formats, with their keys from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from fieldvault.config.environment import Environment
    from fieldvault.rotation.formats import LegacyFormat

FORMATS = (
    "plaintext",
    "fernet",
    "sqlalchemy-utils-aes",
    "sqlalchemy-utils-aes-gcm",
    "django-cryptography",
    "django-fernet-fields",
    "pgcrypto",
)
PADDINGS = ("naive", "pkcs5", "oneandzeroes", "zeroes")


def legacy_format(session: Session, name: str, padding: str | None, engine: Engine) -> LegacyFormat:
    """The reader of that name. Raises `ConfigurationError`, `click.UsageError`, `TableError`."""
    from fieldvault.rotation import formats

    if padding is not None and name != "sqlalchemy-utils-aes":
        raise click.UsageError("only sqlalchemy-utils-aes has a --padding")
    environment = session.config.environment
    match name:
        case "plaintext":
            return formats.PlainValues()
        case "fernet":
            return formats.FernetTokens(_keys(environment))
        case "sqlalchemy-utils-aes":
            return formats.SqlalchemyUtilsAes(_key(environment), padding=formats.AesPadding(padding or PADDINGS[0]))
        case "sqlalchemy-utils-aes-gcm":
            return formats.SqlalchemyUtilsAesGcm(_key(environment))
        case "django-cryptography":
            return formats.DjangoCryptography(_key(environment), key=_cipher_key(environment))
        case "django-fernet-fields":
            return formats.DjangoFernetFields(_keys(environment))
        case _:
            return formats.Pgcrypto(_key(environment), engine)


def _keys(environment: Environment) -> list[str]:
    """One a line: a format whose keys were rotated has several."""
    return _key(environment).split("\n")


def _key(environment: Environment) -> str:
    from fieldvault.config.environment import LEGACY_KEY

    return _read(environment, LEGACY_KEY) or ""


def _cipher_key(environment: Environment) -> str | None:
    from fieldvault.config.environment import LEGACY_CIPHER_KEY

    return None if environment.secret(LEGACY_CIPHER_KEY) is None else _read(environment, LEGACY_CIPHER_KEY)


def _read(environment: Environment, name: str) -> str:
    source = environment.required_secret(name, "the key of what is moved")
    given = source.read_text(encoding="utf-8") if isinstance(source, Path) else source()
    return given.rstrip("\n")
