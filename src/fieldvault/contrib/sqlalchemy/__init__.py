"""fieldvault inside SQLAlchemy: encrypted attributes that are searched like plain ones, and a `Password` column."""

from __future__ import annotations

from fieldvault.errors import MissingExtra

try:
    import sqlalchemy as _sqlalchemy
except ModuleNotFoundError:  # pragma: no cover
    raise MissingExtra("fieldvault.contrib.sqlalchemy", extra="sql") from None
del _sqlalchemy

from fieldvault.contrib.sqlalchemy import events as _events  # noqa: E402, F401
from fieldvault.contrib.sqlalchemy import password_events as _password_events  # noqa: E402, F401
from fieldvault.contrib.sqlalchemy.backfilling import SealedSoFar, backfill  # noqa: E402
from fieldvault.contrib.sqlalchemy.columns import encrypted, encrypted_columns  # noqa: E402
from fieldvault.contrib.sqlalchemy.declaration import Encryption  # noqa: E402
from fieldvault.contrib.sqlalchemy.migrating import CutOver, DualWrite  # noqa: E402
from fieldvault.contrib.sqlalchemy.model import Encrypted  # noqa: E402
from fieldvault.contrib.sqlalchemy.parts_of import cipher_of, schema_of  # noqa: E402
from fieldvault.contrib.sqlalchemy.password_type import Password, PlainPasswordRefused  # noqa: E402
from fieldvault.contrib.sqlalchemy.protection import protect  # noqa: E402
from fieldvault.contrib.sqlalchemy.sealed_value import SealedValue  # noqa: E402
from fieldvault.contrib.sqlalchemy.stored_password import StoredPassword  # noqa: E402

__all__ = [
    "CutOver",
    "DualWrite",
    "Encrypted",
    "Encryption",
    "Password",
    "PlainPasswordRefused",
    "SealedSoFar",
    "SealedValue",
    "StoredPassword",
    "backfill",
    "cipher_of",
    "encrypted",
    "encrypted_columns",
    "protect",
    "schema_of",
]
