"""What can be asked of an encrypted field: `exact`, `in`, `isnull`, and `iexact` where the normaliser folds case.

Rules of this file:

1. What is looked for is compared as index values, in the index column. They are computed when the statement is
   compiled: by then the scope is the one that runs it.
2. A value that the normaliser refuses is in no row, since it could not have been sealed: nothing is found.
3. Whatever else is asked raises, with what to do instead. Nothing is ever compared with an envelope.
4. What is looked for shows in no `repr`, and is not pickled with the query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Never

from django.core.exceptions import EmptyResultSet
from django.db.models.expressions import Col
from django.db.models.lookups import IsNull, Lookup

from fieldvault.access import Protected
from fieldvault.contrib.django.apps import runtime
from fieldvault.contrib.django.sealing.sealed import Assigned, InInstance, Sealed
from fieldvault.core.envelope import ENVELOPE_PREFIX, from_text
from fieldvault.errors import EnvelopeMalformed, NotIndexable, QueryRefused
from fieldvault.normalise import TEXT, Exact

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField

_INSTEAD = {
    "contains": "an encrypted field is found by its whole value: use exact or in",
    "icontains": "an encrypted field is found by its whole value: use exact or in",
    "startswith": "an encrypted field is found by its whole value: use exact or in",
    "range": "open the rows and compare in Python, or keep a plain column such as the year",
    "year": "keep the year in a plain column",
}
_GENERAL = "use exact, in or isnull; open the rows and compare in Python for anything else"


class Wanted:
    """A value that is looked for. Shows nothing, and stays in this process."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<wanted>"

    def __deepcopy__(self, memo: object) -> Wanted:
        return self

    def __reduce__(self) -> Never:
        raise QueryRefused(
            "a query that looks for an encrypted value cannot be pickled", hint="pickle list(queryset) instead"
        )


class _ByToken(Lookup):
    prepare_rhs = False

    def __init__(self, lhs: Any, rhs: Any) -> None:
        field = lhs.output_field
        if not isinstance(lhs, Col):
            raise QueryRefused(
                f"{field.label} is looked for in its own column only", hint="filter inside the subquery"
            )
        if field.search is None:
            raise QueryRefused(
                f"{field.label} has no index to be found by", hint=f"declare {field.name} with search=True"
            )
        super().__init__(lhs, None if rhs is None else Wanted(self._plain(field, rhs)))

    def _plain(self, field: EncryptedField, rhs: Any) -> list[Any]:
        return [_plain_of(field, rhs)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        field = self.lhs.output_field
        column = field.model._meta.get_field(field.index_columns[0])
        tokens = [column.get_db_prep_value(one, connection) for one in self._tokens(field)]
        if not tokens:
            raise EmptyResultSet
        sql, params = compiler.compile(Col(self.lhs.alias, column))
        marks = ", ".join(["%s"] * len(tokens))
        return f"{sql} = {marks}" if len(tokens) == 1 else f"{sql} IN ({marks})", (*params, *tokens)

    def _tokens(self, field: EncryptedField) -> list[bytes]:
        running, schema = runtime(), field.table.schema
        cipher = running.cipher(schema, running.tenant_now(schema))
        found: dict[bytes, None] = {}
        for value in self.rhs.value:
            try:
                found.update(dict.fromkeys(cipher.index_values(field.sealed_field.name, value)))
            except NotIndexable:
                continue
        return list(found)


class ByExact(_ByToken):
    """`exact`, and `iexact` where the index takes all spellings for one."""

    lookup_name = "exact"


class ByIn(_ByToken):
    """`in`, of values. None among them finds nothing, as in SQL."""

    lookup_name = "in"

    def _plain(self, field: EncryptedField, rhs: Any) -> list[Any]:
        if hasattr(rhs, "resolve_expression") or hasattr(rhs, "as_sql"):
            raise _not_a_value(field)
        return [_plain_of(field, one) for one in rhs if one is not None]


class ByNull(IsNull):
    """`isnull`, of the encrypted column itself: whether there is a value is not hidden."""

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        column = lhs or self.lhs
        return compiler.compile(Col(column.alias, column.target, column.output_field))


_LOOKUPS: Mapping[str, type[Lookup[Any]]] = {"isnull": ByNull, "in": ByIn, "exact": ByExact, "iexact": ByExact}


def lookup_of(field: EncryptedField, name: str) -> type[Lookup[Any]]:
    """The lookup of that name. Raises `QueryRefused`."""
    if name not in _LOOKUPS:
        refuse(field, name)
    if name == "iexact" and not _folds_case(field):
        raise QueryRefused(
            f"{field.label}: iexact needs an index that takes all cases for one",
            hint="search=fieldvault.normalise.NAME, or exact",
        )
    return _LOOKUPS[name]


def _folds_case(field: EncryptedField) -> bool:
    index = field.search
    return index is not None and index.normaliser is not TEXT and not isinstance(index.normaliser, Exact)


def refuse(field: EncryptedField, name: str) -> Never:
    """Raise what a lookup or transform of that name gets."""
    if field.search is None:
        raise QueryRefused(f"{field.label} is encrypted, without an index", hint="only isnull can be asked of it")
    raise QueryRefused(f"{field.label} is encrypted: {name} cannot be answered", hint=_INSTEAD.get(name, _GENERAL))


def sealed_of_text(field: EncryptedField, value: object) -> Sealed | None:
    """An envelope of a fixture, as `dumpdata` writes it; None for any other text."""
    if isinstance(value, str) and value.startswith(ENVELOPE_PREFIX):
        try:
            return Assigned(field, from_text(ENVELOPE_PREFIX, value))
        except EnvelopeMalformed:
            return None
    return None


def _plain_of(field: EncryptedField, value: Any) -> Any:
    if hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
        raise _not_a_value(field)
    if isinstance(value, Sealed | Protected | InInstance):
        del value
        raise QueryRefused(f"{field.label} is looked for by a value, not by a sealed one", hint="open it first")
    return field.to_plain(value)


def _not_a_value(field: EncryptedField) -> QueryRefused:
    return QueryRefused(
        f"{field.label} is compared with a value only: two columns have unlike index values",
        hint="fetch the values first, and look for those",
    )
