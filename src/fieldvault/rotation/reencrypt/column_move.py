"""ColumnMove: a table's columns from another format, or from plaintext, to envelopes, beside the application.

    ColumnMove(keyrings, table, FernetTokens([key]), tenants=["acme"]).run()
    ColumnMove(keyrings, table, PlainValues(), tenants=["acme"], columns={"email_sealed": "email"}).run()

In place, the application must read both formats meanwhile, or be stopped. From a column to another it writes both
(dual write), and the move is run again once the last process that writes the old column alone is gone, until it
writes nothing; then look-ups and reads go to the new column, and the old one is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fieldvault.attempts import attempt
from fieldvault.keyring import Keyrings
from fieldvault.ports import AuditSink
from fieldvault.record import RecordCipher
from fieldvault.rotation.formats import LegacyFormat
from fieldvault.rotation.reencrypt.accounting import Account
from fieldvault.rotation.reencrypt.moving import Moving
from fieldvault.rotation.reencrypt.reencryption import tenants_of
from fieldvault.rotation.reencrypt.results import ReencryptionResult, TableResult
from fieldvault.rotation.reencrypt.run import ReencryptionOptions, TableRun, Target
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.rotation.transactions import Transactions


class ColumnMove:
    """`columns` are the old column of each field that is moved; by default all fields of the table, in place.

    `table` names its old columns as `others`. The rest is as for `Reencryption`, and so is what is raised.
    """

    def __init__(
        self,
        keyrings: Keyrings,
        table: SealedTable,
        format_: LegacyFormat,
        *,
        tenants: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        options: ReencryptionOptions | None = None,
        audit: AuditSink | None = None,
    ) -> None:
        self._keyrings, self._table, self._format = keyrings, table, format_
        self._columns = {table.schema.field(one).name: column for one, column in (columns or {}).items()}
        self._columns = self._columns or {one: one for one in table.fields}
        self._options = options or ReencryptionOptions()
        self._account = Account(audit, keyrings.clock)
        self._works = [(tenant, self._work(tenant)) for tenant in tenants_of(table, tenants)]

    def run(self) -> ReencryptionResult:
        """Until nothing is left to move, or a stop is asked for. Raises as `Reencryption.run`."""
        return attempt(self._each, True).or_raise()  # the frames below hold values

    def rehearse(self) -> ReencryptionResult:
        """Read every row that is to be moved, and write nothing: what would be refused shows. Raises as `run`."""
        return attempt(self._each, False).or_raise()

    def _each(self, writes: bool) -> ReencryptionResult:
        results = []
        for tenant, work in self._works:
            if self._options.stop.asked:
                break
            action = "move" if writes else "rehearse-move"
            self._account.begin(action, self._table, tenant)
            results.append(self._one(tenant, work, writes=writes))
            self._account.end(action, self._table, tenant, results[-1])
        return ReencryptionResult(results, self._options.stop.asked)

    def _one(self, tenant: str | None, work: Moving, *, writes: bool) -> TableResult:
        title = f"move {', '.join(f'{source} to {field}' for field, source in sorted(self._columns.items()))} in"
        run = TableRun(title, self._table, tenant, lambda: Target(work, ""), self._options)
        if writes:
            return run.write()
        result = run.look()
        result.left = Transactions(self._table.engine).read(
            lambda connection: self._table.count(connection, tenant, work.left)
        )
        return result

    def _work(self, tenant: str | None) -> Moving:
        cipher = RecordCipher(self._table.schema, self._keyrings, tenant=tenant, form=self._table.form)
        return Moving(self._table, cipher, self._format, self._columns)
