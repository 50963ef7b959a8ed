"""The key store in a database: SQLite by default, PostgreSQL, MySQL and MariaDB by URL.

What is stored is on one page, `tables.py`; how a work becomes a transaction is in `sql_transaction.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from types import TracebackType

from fieldvault.core.context import Scope
from fieldvault.errors import ConfigurationError, MissingExtra
from fieldvault.ports import (
    AuditHead,
    DataKeyRecord,
    IndexStateRecord,
    LockRecord,
    RewrappedKey,
    SubjectKeyRecord,
)

try:
    from sqlalchemy.engine import URL, Engine
except ModuleNotFoundError:
    raise MissingExtra("the SQL key store", extra="sql") from None

from fieldvault.keystore import (
    checks,
    sql_audit_heads,
    sql_data_keys,
    sql_index_states,
    sql_locks,
    sql_rewrapping,
    sql_subject_keys,
)
from fieldvault.keystore.sql_engine import described, engine_from_engine, engine_from_url, sqlite_path
from fieldvault.keystore.sql_schema import create_tables
from fieldvault.keystore.sql_sqlite import create_private_file
from fieldvault.keystore.sql_transaction import Database

DEFAULT_TIMEOUT_SECONDS = 10.0


class SqlKeyStore:
    """Keeps wrapped keys in tables named `fieldvault_…` beside the data (port: `KeyStore`).

    `database` is a URL (`sqlite:///keys.db`, `postgresql://user@host/database`, `mysql://…`, or any that
    SQLAlchemy takes for these) or an SQLAlchemy `Engine` whose pool is to be shared. `timeout` is how many seconds
    a call may wait for a connection, a lock or a statement; it belongs to a URL only, an engine has its own.

    A new SQLite file is readable by its owner only. Its tables may live in the application's own file.

    Raises `MissingExtra` when SQLAlchemy or the database's driver is not installed, `ConfigurationError` for a URL
    or engine that cannot be used. Connects to nothing before the first call.
    """

    def __init__(self, database: str | URL | Engine, *, timeout: float | None = None) -> None:
        self._is_ours = not isinstance(database, Engine)
        if isinstance(database, Engine):
            if timeout is not None:
                raise ConfigurationError("an engine has its own timeouts", hint="set them where it is created")
            engine = engine_from_engine(database)
        else:
            engine = engine_from_url(database, DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout)
        self._name = described(engine)
        self._path = sqlite_path(engine)
        self._database = Database(engine)

    def __repr__(self) -> str:
        return f"SqlKeyStore({self._name!r})"

    def __enter__(self) -> SqlKeyStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are those of the caller's engine. The store is of no more use."""
        self._database.close(dispose=self._is_ours)

    def create(self) -> None:
        """See `KeyStore.create`. Raises `KeyStoreNotReady` where there are tables of another format."""
        if self._path is not None:
            create_private_file(self._path)
        self._database.create(create_tables)

    def scopes(self) -> list[Scope]:
        """See `KeyStore.scopes`."""
        return self._database.read(sql_data_keys.scopes)

    def data_keys(self, scope: Scope) -> list[DataKeyRecord]:
        """See `KeyStore.data_keys`. Raises `KeyStoreError` for a malformed row, with its key id."""
        return self._database.read(lambda connection: sql_data_keys.of_scope(connection, scope))

    def add_primary(self, record: DataKeyRecord, *, replaces: bytes | None) -> None:
        """See `KeyStore.add_primary`."""
        record = checks.data_key(record)
        self._database.write(lambda connection: sql_data_keys.add_primary(connection, record, replaces))

    def destroy_data_key(self, key_id: bytes) -> None:
        """See `KeyStore.destroy_data_key`."""
        self._database.erase(lambda connection: sql_data_keys.destroy(connection, key_id))

    def lease_uses(self, key_id: bytes, uses: int, *, limit: int) -> int | None:
        """See `KeyStore.lease_uses`."""
        checks.lease(uses, limit)
        return self._database.write(lambda connection: sql_data_keys.lease_uses(connection, key_id, uses, limit))

    def index_state(self, scope: Scope) -> IndexStateRecord | None:
        """See `KeyStore.index_state`."""
        return self._database.read(lambda connection: sql_index_states.of_scope(connection, scope))

    def put_index_state(self, record: IndexStateRecord, *, replaces: int | None) -> None:
        """See `KeyStore.put_index_state`."""
        record = checks.index_state(record, replaces)
        self._database.write(lambda connection: sql_index_states.put(connection, record, replaces))

    def subject_keys(self, scope: Scope, subjects: Collection[str]) -> dict[str, SubjectKeyRecord]:
        """See `KeyStore.subject_keys`."""
        names = checks.subjects(subjects)
        return self._database.read(lambda connection: sql_subject_keys.by_subject(connection, scope, names))

    def subject_keys_by_id(self, scope: Scope, key_ids: Collection[bytes]) -> dict[bytes, SubjectKeyRecord]:
        """See `KeyStore.subject_keys_by_id`."""
        ids = checks.key_ids(key_ids)
        return self._database.read(lambda connection: sql_subject_keys.by_id(connection, scope, ids))

    def add_subject_keys(self, records: Sequence[SubjectKeyRecord]) -> None:
        """See `KeyStore.add_subject_keys`. All of them in one transaction."""
        offered = checks.subject_keys(records)
        self._database.write(lambda connection: sql_subject_keys.add(connection, offered))

    def shred_subjects(self, scope: Scope, subjects: Collection[str], *, at: datetime) -> list[bytes]:
        """See `KeyStore.shred_subjects`."""
        names, moment = checks.subjects(subjects), checks.utc(at)
        return self._database.erase(lambda connection: sql_subject_keys.shred(connection, scope, names, moment))

    def shredded(self, key_ids: Collection[bytes]) -> dict[bytes, datetime]:
        """See `KeyStore.shredded`."""
        ids = checks.key_ids(key_ids)
        return self._database.read(lambda connection: sql_subject_keys.shredded(connection, ids))

    def data_keys_after(self, key_id: bytes | None, limit: int) -> list[DataKeyRecord]:
        """See `KeyStore.data_keys_after`."""
        return self._database.read(lambda connection: sql_data_keys.after(connection, key_id, limit))

    def replace_wrapped(self, changes: Sequence[RewrappedKey]) -> set[bytes]:
        """See `KeyStore.replace_wrapped`."""
        changes = checks.rewrapped(changes, data_keys=True)
        return self._database.erase(lambda connection: sql_rewrapping.replace_data_keys(connection, changes))

    def subject_keys_under(
        self, data_key_ids: Collection[bytes], *, after: bytes | None, limit: int
    ) -> list[SubjectKeyRecord]:
        """See `KeyStore.subject_keys_under`."""
        ids = checks.key_ids(data_key_ids)
        return self._database.read(lambda connection: sql_rewrapping.under(connection, ids, after, limit))

    def count_subject_keys_under(self, data_key_ids: Collection[bytes]) -> dict[bytes, int]:
        """See `KeyStore.count_subject_keys_under`."""
        ids = checks.key_ids(data_key_ids)
        return self._database.read(lambda connection: sql_rewrapping.count_under(connection, ids))

    def replace_wrapped_subject_keys(self, changes: Sequence[RewrappedKey]) -> set[bytes]:
        """See `KeyStore.replace_wrapped_subject_keys`."""
        changes = checks.rewrapped(changes, data_keys=False)
        return self._database.erase(lambda connection: sql_rewrapping.replace_subject_keys(connection, changes))

    def take_lock(self, name: str, owner: str, *, at: datetime, until: datetime) -> LockRecord:
        """See `KeyStore.take_lock`."""
        checks.lock(name, owner)
        moment, offered = checks.utc(at), LockRecord(name, owner, checks.utc(until))
        return self._database.write(lambda connection: sql_locks.take(connection, offered, moment))

    def release_lock(self, name: str, owner: str) -> None:
        """See `KeyStore.release_lock`."""
        self._database.write(lambda connection: sql_locks.release(connection, name, owner))

    def audit_head(self, log: str) -> AuditHead | None:
        """See `AuditHeads.audit_head`."""
        return self._database.read(lambda connection: sql_audit_heads.of_log(connection, log))

    def put_audit_head(self, head: AuditHead, *, replaces: int | None) -> None:
        """See `AuditHeads.put_audit_head`."""
        self._database.write(lambda connection: sql_audit_heads.put(connection, head, replaces))
