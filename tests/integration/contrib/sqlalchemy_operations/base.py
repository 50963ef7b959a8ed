"""The registry of operations: one function for each row of the guide's table.

Each gets a session in the scope of a tenant, on an empty database. The guide's table has exactly these rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plugins.sqlalchemy_kit import cells
from plugins.sqlalchemy_models import Customer
from sqlalchemy import (
    select,
)
from sqlalchemy.orm import (
    Session,
)

Operation = Callable[[Session], None]
OPERATIONS: dict[str, Operation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    def named(function: Operation) -> Operation:
        assert name not in OPERATIONS
        OPERATIONS[name] = function
        return function

    return named


def refused(error: type[Exception], work: Callable[[], object], what: object = "") -> None:
    try:
        work()
    except error:
        return
    pytest.fail(f"nothing was refused: {what}")


def stored(session: Session, **values: Any) -> Customer:
    customer = Customer(**({"name": "Ann Li", "email": "Ann@Example.com"} | values))
    session.add(customer)
    session.commit()
    return customer


def found(session: Session, *criteria: Any) -> list[str | None]:
    return sorted(one.name or "" for one in session.scalars(select(Customer).where(*criteria)))


def nothing_written(session: Session) -> None:
    session.rollback()
    assert cells(session, Customer, "id") == []
