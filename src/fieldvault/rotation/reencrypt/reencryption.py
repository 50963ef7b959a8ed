"""Reencryption: every sealed cell of the declared tables under its scope's primary key, while the application goes
on; or only looked at.

    table = SealedTable(engine, CUSTOMERS, "customers", tenant_column="tenant")
    Reencryption(keyrings, [table], tenants=["acme"]).run()

Rules of this file:

1. What is left is what the rows say: which key sealed a cell is in its first bytes. Killed at any point, the same
   call goes on.
2. What is done is accounted for: a run that writes, and one that opens every row, is an event at its beginning and
   at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fieldvault.attempts import attempt
from fieldvault.core.context import Scope
from fieldvault.errors import SchemaError, ScopeError
from fieldvault.keyring import FIELDS_PURPOSE, Keyrings
from fieldvault.ports import AuditSink, KeyState
from fieldvault.record import RecordCipher
from fieldvault.rotation.reencrypt.accounting import Account
from fieldvault.rotation.reencrypt.results import ReencryptionResult, TableResult
from fieldvault.rotation.reencrypt.run import ReencryptionOptions, TableRun, Target
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.rotation.reencrypt.work import ToPrimary, Verifying, Work
from fieldvault.rotation.transactions import Transactions
from fieldvault.schema import Tenancy


class Reencryption:
    """`tenants` are those whose rows are worked on; tables of a global schema are worked on in any case.

    `options` says how fast and who is told; `audit` records the events. Raises `ScopeError` where a table's rows
    are sealed per tenant and no tenant is given, `SchemaError` where several are and no column says whose a row is.
    """

    def __init__(
        self,
        keyrings: Keyrings,
        tables: Sequence[SealedTable],
        *,
        tenants: Sequence[str] = (),
        options: ReencryptionOptions | None = None,
        audit: AuditSink | None = None,
    ) -> None:
        self._keyrings = keyrings
        self._options = options or ReencryptionOptions()
        self._account = Account(audit, keyrings.clock)
        self._places = [(table, tenant) for table in tables for tenant in tenants_of(table, tenants)]

    def run(self) -> ReencryptionResult:
        """Until no row is left that can be re-encrypted, or a stop is asked for. Batches that were committed stay.

        Raises `TableError`, `KekError`, `KeyStoreError`, `AuditError`, `ReencryptionTakenOver`.
        """
        return attempt(self._each, "reencrypt", self._reencrypted).or_raise()  # the frames below hold cells

    def verify(self) -> ReencryptionResult:
        """Open every row, and write nothing but the events. Raises as `run` does."""
        return attempt(self._each, "verify", self._verified).or_raise()

    def rows_left(self) -> ReencryptionResult:
        """How many rows `run` would write, in `left`. Opens and changes nothing. Raises `TableError`."""
        return attempt(self._each, None, self._counted).or_raise()

    # --- one table, one tenant -------------------------------------------------------------------

    def _each(
        self, action: str | None, work: Callable[[SealedTable, str | None], TableResult]
    ) -> ReencryptionResult:
        results = []
        for table, tenant in self._places:
            if self._options.stop.asked:
                break
            if action is not None:
                self._account.begin(action, table, tenant)
            results.append(work(table, tenant))
            if action is not None:
                self._account.end(action, table, tenant, results[-1])
        return ReencryptionResult(results, self._options.stop.asked)

    def _reencrypted(self, table: SealedTable, tenant: str | None) -> TableResult:
        cipher = self._cipher(table, tenant)

        def target() -> Target:
            key = cipher.keyring.first_primary()
            return Target(
                ToPrimary(table, cipher, key.key_id), key.key_id.hex(), self._key_ids(table, tenant, key.key_id)
            )

        return TableRun("reencrypt", table, tenant, target, self._options).write()

    def _verified(self, table: SealedTable, tenant: str | None) -> TableResult:
        work: Work = Verifying(table, self._cipher(table, tenant))
        return TableRun("verify", table, tenant, lambda: Target(work, ""), self._options).look()

    def _counted(self, table: SealedTable, tenant: str | None) -> TableResult:
        records = self._keyrings.store.data_keys(Scope(tenant, FIELDS_PURPOSE))
        primary = next((one.key_id for one in records if one.state is KeyState.ACTIVE), None)
        work = ToPrimary(table, self._cipher(table, tenant), primary or b"")
        left = Transactions(table.engine).read(lambda connection: table.count(connection, tenant, work.where))
        return TableResult(table.name, tenant, left=left)

    def _cipher(self, table: SealedTable, tenant: str | None) -> RecordCipher:
        return RecordCipher(table.schema, self._keyrings, tenant=tenant, form=table.form)

    def _key_ids(self, table: SealedTable, tenant: str | None, primary: bytes) -> list[bytes]:
        """The scope's, the primary first."""
        if table.schema.subject is not None:
            return []
        records = self._keyrings.store.data_keys(Scope(tenant, FIELDS_PURPOSE))
        return [primary, *(one.key_id for one in records if one.key_id != primary)]


def tenants_of(table: SealedTable, tenants: Sequence[str]) -> Sequence[str | None]:
    """Whose rows of a table are worked on. Raises `ScopeError`, `SchemaError`."""
    if table.schema.tenancy is Tenancy.GLOBAL:
        return [None]
    if not tenants:
        raise ScopeError(f"{table.schema.name} is sealed per tenant", hint="say whose rows: tenants=[…]")
    if len(tenants) > 1 and table.tenant_column is None:
        raise SchemaError(
            f"{table.name} has no column that says whose a row is", hint="SealedTable(…, tenant_column=…)"
        )
    return list(dict.fromkeys(tenants))
