"""`CreateKeyStore`: the key store's tables, in the database that settings name for them."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory

from fieldvault.contrib.django.runtime import read_settings


class CreateKeyStore(Operation):
    """Creates the tables that `SqlKeyStore` has, and nothing in any other database than the key store's.

    They are no models of Django's: no fixture, `flush` or admin page reaches keys. Going back leaves them: dropping
    them would make all that is sealed unreadable.
    """

    reversible = True
    category = OperationCategory.ADDITION

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Migrations know no model of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        """Create what is missing."""
        if read_settings().keystore != schema_editor.connection.alias:
            return
        from fieldvault.contrib.django.tables import statements

        for sql in statements(schema_editor.connection.vendor):
            schema_editor.execute(sql, None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        """Keys are never dropped."""

    def describe(self) -> str:
        return "Create fieldvault's key store"
