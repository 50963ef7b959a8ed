"""What the tests of Arrow columns on the native core share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plugins.customers import cipher

from fieldvault import FieldvaultError, RecordCipher, Schema, SealedField
from fieldvault.columns import arrow_native
from fieldvault.core import native

needs_native = pytest.mark.skipif(
    native.MODULE is None, reason="the native core is not installed, or FIELDVAULT_CORE=python"
)


def of_type(declared: Any, **declaration: Any) -> RecordCipher:
    """A cipher of one field `v` that is not row-bound."""
    return cipher(Schema("t", [SealedField("v", declared, row_bound=False, **declaration)]))


@pytest.fixture
def native_jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs that the native core took on, in order."""
    taken: list[str] = []

    def counted(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            job = make(*given)
            if job is not None:
                taken.append(name)
            return job

        return noted

    for name in ("sealing", "opening", "indexing"):
        monkeypatch.setattr(arrow_native, name, counted(name, getattr(arrow_native, name)))
    return taken


@pytest.fixture
def list_path(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Any]:
    """Runs something with the native core's Arrow path shut."""

    def run(work: Callable[[], Any]) -> Any:
        with monkeypatch.context() as patched:
            for name in ("sealing", "opening", "indexing"):
                patched.setattr(arrow_native, name, lambda *given: None)
            return work()

    return run


def outcome(work: Callable[[], Any]) -> Any:
    """What `work` gives, or its error in a form that compares."""
    try:
        return work()
    except FieldvaultError as error:
        failures = getattr(error, "failures", {})
        return (type(error), error.message, {at: (type(one), str(one)) for at, one in failures.items()})
