"""The tables of the SQL key store, format 1. A person can read them with SQL; nothing in them is a plaintext key.

1. The rules that must hold whoever writes are constraints, not code: one version once in a scope, one key a
   subject, at most one primary (`primary_slot` is 1 for the ACTIVE key and NULL for every other, and a UNIQUE
   constraint lets any number of NULLs in), no wrapped key in a destroyed row.
2. Text compares byte for byte. `tenant-a`, `Tenant-A` and `tenant-a ` are three tenants.
3. Times are ISO 8601 text in UTC, `2026-01-31T09:00:00.000000Z`: the three databases have no common type that
   gives back an aware time, and this one also sorts.
4. The global scope is the empty tenant, which no tenant's name can be (NULL would never be equal to itself).
5. The tombstones of shredded keys hold no personal data: an id and a time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

FORMAT = 1


class ExactText(TypeDecorator[str]):
    """Text of at most `length` characters that compares byte for byte on every database.

    PostgreSQL: collation "C", which no upgrade of the system's locales can reorder under a unique index. MySQL
    and MariaDB: the binary collation that does not ignore trailing spaces, which each names differently
    (utf8mb4_bin ignores them on both). SQLite: its default is binary.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Text(collation="C"))
        if dialect.name in ("mysql", "mariadb"):
            collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
            return dialect.type_descriptor(mysql.VARCHAR(self.length, charset="utf8mb4", collation=collation))
        return dialect.type_descriptor(String(self.length))


_KEY_ID = LargeBinary().with_variant(mysql.BINARY(16), "mysql", "mariadb")
_NAME = ExactText(255)
_TIME = ExactText(32)

metadata = MetaData()

key_store = Table(
    "fieldvault_key_store",
    metadata,
    Column("format_version", Integer, primary_key=True, autoincrement=False),
    mysql_engine="InnoDB",
)

data_keys = Table(
    "fieldvault_data_keys",
    metadata,
    Column("key_id", _KEY_ID, primary_key=True),
    Column("tenant", _NAME, nullable=False),
    Column("purpose", ExactText(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", ExactText(16), nullable=False),
    Column("primary_slot", SmallInteger, nullable=True),
    Column("kek", _NAME, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("created_at", _TIME, nullable=False),
    Column("uses", BigInteger, nullable=False),
    UniqueConstraint("tenant", "purpose", "version", name="fieldvault_data_keys_one_version"),
    UniqueConstraint("tenant", "purpose", "primary_slot", name="fieldvault_data_keys_one_primary"),
    CheckConstraint("length(key_id) = 16", name="fieldvault_data_keys_key_id"),
    CheckConstraint("version >= 1", name="fieldvault_data_keys_version"),
    CheckConstraint("uses >= 0", name="fieldvault_data_keys_uses"),
    CheckConstraint("state IN ('active', 'decrypt-only', 'destroyed')", name="fieldvault_data_keys_state"),
    # IS NOT NULL is not redundant: a CHECK that comes out as NULL passes.
    CheckConstraint(
        "(state = 'active' AND primary_slot IS NOT NULL AND primary_slot = 1)"
        " OR (state <> 'active' AND primary_slot IS NULL)",
        name="fieldvault_data_keys_slot",
    ),
    CheckConstraint(
        "(state = 'destroyed' AND wrapped IS NULL) OR (state <> 'destroyed' AND wrapped IS NOT NULL)",
        name="fieldvault_data_keys_wrapped",
    ),
    mysql_engine="InnoDB",
)

index_states = Table(
    "fieldvault_index_states",
    metadata,
    Column("tenant", _NAME, primary_key=True),
    Column("purpose", ExactText(32), primary_key=True),
    Column("phase", ExactText(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("next_version", Integer, nullable=True),
    Column("since", _TIME, nullable=False),
    Column("revision", Integer, nullable=False),
    CheckConstraint(
        "(phase = 'stable' AND next_version IS NULL)"
        " OR (phase IN ('dual-write', 'backfill', 'cut-over', 'drop')"
        " AND next_version IS NOT NULL AND next_version > version)",
        name="fieldvault_index_states_phase",
    ),
    mysql_engine="InnoDB",
)

locks = Table(
    "fieldvault_locks",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("owner", _NAME, nullable=False),
    Column("until", _TIME, nullable=False),
    mysql_engine="InnoDB",
)

audit_heads = Table(
    "fieldvault_audit_heads",
    metadata,
    Column("log", _NAME, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("mac", ExactText(64), nullable=False),
    CheckConstraint("seq >= 1", name="fieldvault_audit_heads_seq"),
    mysql_engine="InnoDB",
)

subject_keys = Table(
    "fieldvault_subject_keys",
    metadata,
    Column("key_id", _KEY_ID, primary_key=True),
    Column("tenant", _NAME, nullable=False),
    Column("purpose", ExactText(32), nullable=False),
    Column("subject", _NAME, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", _TIME, nullable=False),
    # The subject comes first, so that a list of subjects is looked up one by one. After the scope, a database
    # without fresh statistics takes the index to find the scope and then reads all of it for each list.
    UniqueConstraint("subject", "tenant", "purpose", name="fieldvault_subject_keys_one_key"),
    CheckConstraint("length(key_id) = 16", name="fieldvault_subject_keys_key_id"),
    mysql_engine="InnoDB",
)

shredded_keys = Table(
    "fieldvault_shredded_keys",
    metadata,
    Column("key_id", _KEY_ID, primary_key=True),
    Column("shredded_at", _TIME, nullable=False),
    CheckConstraint("length(key_id) = 16", name="fieldvault_shredded_keys_key_id"),
    mysql_engine="InnoDB",
)
