"""The token table's two tables (spec token-v1 §10), and the portable "insert unless there"."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Insert, Integer, LargeBinary, MetaData, Table, UniqueConstraint
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection

from fieldvault.keystore.tables import ExactText

_ID = LargeBinary().with_variant(mysql.BINARY(16), "mysql", "mariadb")
_MAC = LargeBinary().with_variant(mysql.BINARY(32), "mysql", "mariadb")
_NAME = ExactText(255)
_DOMAIN = ExactText(25)
_TIME = ExactText(32)

metadata = MetaData()

tokens = Table(
    "fieldvault_tokens",
    metadata,
    Column("token", _ID, primary_key=True),
    Column("tenant", _NAME, nullable=False),
    Column("domain", _DOMAIN, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("version", Integer, nullable=False),
    Column("lookup", _MAC, nullable=True),
    Column("sealed", LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb"), nullable=False),
    Column("sealing_key", _ID, nullable=True),
    Column("created_at", _TIME, nullable=False),
    # The look-up index comes first, so that a list of them is looked up one by one.
    UniqueConstraint("lookup", "tenant", "domain", name="fieldvault_tokens_one_token"),
    CheckConstraint("length(token) = 16", name="fieldvault_tokens_token"),
    CheckConstraint("version BETWEEN 1 AND 255", name="fieldvault_tokens_version"),
    mysql_engine="InnoDB",
)

sealing_keys = Table(
    "fieldvault_token_sealing_keys",
    metadata,
    Column("key_id", _ID, primary_key=True),
    Column("tenant", _NAME, nullable=False),
    Column("domain", _DOMAIN, nullable=False),
    Column("kek", _NAME, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", _TIME, nullable=False),
    CheckConstraint("length(key_id) = 16", name="fieldvault_token_sealing_keys_key_id"),
    mysql_engine="InnoDB",
)


def insert_absent_token(connection: Connection) -> Insert:
    """INSERT that passes over a row whose look-up index is there already."""
    match connection.dialect.name:
        case "sqlite":
            return sqlite.insert(tokens).on_conflict_do_nothing(index_elements=["lookup", "tenant", "domain"])
        case "postgresql":
            return postgresql.insert(tokens).on_conflict_do_nothing(index_elements=["lookup", "tenant", "domain"])
        case _:
            # Not INSERT IGNORE, which would also swallow values that are too long or NULL.
            return mysql.insert(tokens).on_duplicate_key_update(token=tokens.c.token)
