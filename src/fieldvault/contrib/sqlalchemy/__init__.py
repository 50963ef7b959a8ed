"""fieldvault inside SQLAlchemy: a `Password` column that compares and upgrades itself."""

from __future__ import annotations

from fieldvault.errors import MissingExtra

try:
    import sqlalchemy as _sqlalchemy
except ModuleNotFoundError:  # pragma: no cover
    raise MissingExtra("fieldvault.contrib.sqlalchemy", extra="sql") from None
del _sqlalchemy

from fieldvault.contrib.sqlalchemy import password_events as _password_events  # noqa: E402, F401
from fieldvault.contrib.sqlalchemy.password_type import Password, PlainPasswordRefused  # noqa: E402
from fieldvault.contrib.sqlalchemy.stored_password import StoredPassword  # noqa: E402

__all__ = ["Password", "PlainPasswordRefused", "StoredPassword"]
