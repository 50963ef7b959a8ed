"""What a model's declaration makes of its table, and which declarations are refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Optional
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Uuid
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from fieldvault import ExactIndex
from fieldvault.codec import codec_for
from fieldvault.contrib.sqlalchemy import (
    CutOver,
    Encrypted,
    Encryption,
    SealedValue,
    encrypted,
    encrypted_columns,
    protect,
)
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.contrib.sqlalchemy.unwrapped import unwrapped
from fieldvault.errors import ConfigurationError, FieldvaultError, KeyNotFound, QueryRefused, SchemaError
from fieldvault.normalise import EMAIL, TEXT
from fieldvault.schema import Tenancy

Key = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]


class Base(DeclarativeBase):
    pass


class HasEmail:
    email: Mapped[str] = encrypted(search=EMAIL, unique=True)


class Everything(HasEmail, Encrypted, Base):
    __tablename__ = "everything"
    __encryption__ = Encryption(name="all")
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    text: Mapped[str] = encrypted("text_column", search=TEXT)
    optional: Mapped[Optional[date]] = encrypted()  # noqa: UP045 - as people write it
    quoted: Mapped["Decimal | None"] = encrypted()  # noqa: UP037 - as people write it
    mapping: Mapped[dict[str, int] | None] = encrypted()
    weak: Mapped[str | None] = encrypted(search=ExactIndex(TEXT, bits=16))


def test_the_columns_come_with_the_attributes() -> None:
    columns = Everything.__table__.c
    assert {name for name in columns.keys() if "index" in name} == {  # noqa: SIM118
        "email_index",
        "email_index_next",
        "text_column_index",
        "weak_index",
    }
    assert columns.email_index.unique
    assert columns.email_index_next.unique
    assert columns.text_column_index.index
    assert not columns.email.nullable
    assert columns.optional.nullable
    assert all(isinstance(columns[name].type, LargeBinary) for name in ("email_index", "weak_index"))
    assert "row_id" not in columns
    assert repr(columns.email.type) == "LargeBinary()"


def test_the_schema_has_the_columns_names_and_the_annotations_types() -> None:
    schema = TableBinding.of(Everything.__table__).schema
    assert schema.name == "all"
    assert schema.row_id == ("id",)
    tags = {name: type(field.codec) for name, field in schema.sealed.items()}
    wanted = {"email": str, "text_column": str, "optional": date, "quoted": Decimal, "mapping": dict, "weak": str}
    assert tags == {name: type(codec_for(kind)) for name, kind in wanted.items()}


@pytest.mark.parametrize(
    ("key", "added"),
    [
        (lambda: mapped_column(Integer, primary_key=True), True),
        (lambda: mapped_column(Integer, primary_key=True, default=lambda: 7), False),
        (lambda: mapped_column(Uuid, primary_key=True, default=uuid4), False),
        (lambda: mapped_column(Uuid, primary_key=True), False),
        (lambda: mapped_column(Uuid, primary_key=True, server_default="x"), True),
        (lambda: mapped_column(Uuid, ForeignKey("everything.id"), primary_key=True, default=uuid4), True),
    ],
)
def test_a_row_id_is_added_where_the_key_is_not_known_before_insert(key: Callable[[], Any], added: bool) -> None:
    class Other(DeclarativeBase):
        metadata = MetaData()

    Table("everything", Other.metadata, Column("id", Uuid, primary_key=True))

    class Model(Encrypted, Other):
        __tablename__ = "model"
        id = key()
        value = encrypted(type_=str)

    assert ("row_id" in Model.__table__.c) is added
    assert TableBinding.of(Model.__table__).schema.row_id == (("row_id",) if added else ("id",))


def test_an_index_of_few_bits_is_not_compared_by() -> None:
    with pytest.raises(QueryRefused) as refused:
        _ = Everything.weak == "x"
    assert "16 bits" in str(refused.value)


def wrong_order() -> None:
    class Late(Base, Encrypted):
        __tablename__ = "late"
        id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
        value: Mapped[str] = encrypted(search=TEXT)


def untyped() -> None:
    class Untyped(Encrypted, DeclarativeBase):
        pass

    class Model(Untyped):
        __tablename__ = "untyped"
        id = mapped_column(Uuid, primary_key=True)
        value = encrypted()


def without_the_mixin() -> None:
    class Bare(DeclarativeBase):
        pass

    class Model(Bare):
        __tablename__ = "bare"
        id = mapped_column(Integer, primary_key=True)
        value = encrypted(type_=str)


def twin_that_is_not_there() -> None:
    mapping = registry()

    class Model(Encrypted):
        __tablename__ = "twin"
        id = mapped_column(Uuid, primary_key=True)
        value = encrypted(type_=str, migrating=CutOver(plain="nothing"))

    mapping.mapped(Model)


def imperative_without_a_row_id() -> None:
    mapping = registry()
    columns = encrypted_columns("value")
    mapping.map_imperatively(
        type("Model", (), {}), Table("t", mapping.metadata, Column("id", Integer, primary_key=True), *columns)
    )


@pytest.mark.parametrize(
    "declare",
    [
        wrong_order,
        untyped,
        without_the_mixin,
        twin_that_is_not_there,
        imperative_without_a_row_id,
        lambda: encrypted(unique=True),
        lambda: encrypted(search=ExactIndex(TEXT), unique=True),
        lambda: Encryption(tenancy=Tenancy.GLOBAL, tenant="owner"),
        lambda: encrypted_columns("value", str, search=TEXT, seal_null=True),
    ],
)
def test_a_wrong_declaration_is_refused(declare: Callable[[], object]) -> None:
    with pytest.raises(SchemaError):
        declare()


def test_protect_takes_models_only() -> None:
    with pytest.raises(ConfigurationError):
        protect(object(), None)  # type: ignore[arg-type]


def test_an_error_passes_through_sqlalchemy_as_itself() -> None:
    error = KeyNotFound(b"k")
    passing = unwrapped(error)
    assert isinstance(passing, KeyNotFound)
    assert isinstance(passing, DontWrapMixin)
    assert not isinstance(error, DontWrapMixin)
    assert (str(passing), passing.key_id) == (str(error), b"k")
    loaded: FieldvaultError = pickle.loads(pickle.dumps(passing))
    assert type(loaded) is KeyNotFound
    assert str(loaded) == str(error)


def test_a_sealed_value_is_pickled_without_what_was_opened() -> None:
    loaded = pickle.loads(pickle.dumps(SealedValue(memoryview(b"envelope"), "canary")))
    assert loaded.envelope == b"envelope"
    assert loaded.opened != "canary"
    assert "canary" not in f"{SealedValue(b'', 'canary')} {SealedValue(b'', 'canary')!r}"
