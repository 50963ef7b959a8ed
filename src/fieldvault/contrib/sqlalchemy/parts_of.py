"""From a model to the parts of fieldvault behind it: for index rotation, erasure and search beyond `==`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import NoInspectionAvailable

from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.errors import SchemaError
from fieldvault.record import RecordCipher
from fieldvault.schema import Schema


def schema_of(model: type[Any]) -> Schema:
    """The schema of a model's own table, its columns as fields. Raises `SchemaError` where nothing is encrypted."""
    return _binding(model).schema


def cipher_of(model: type[Any]) -> RecordCipher:
    """What seals and opens the rows of a model's own table, for the tenant of the scope.

    Raises `ScopeError` outside every scope, `ConfigurationError` before `protect`.
    """
    return _binding(model).cipher_of_scope()


def _binding(model: type[Any]) -> TableBinding:
    try:
        mapper = inspect(model)
    except NoInspectionAvailable:
        raise SchemaError("this is no mapped class") from None
    return TableBinding.of(mapper.local_table)
