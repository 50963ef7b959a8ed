"""What the key stores' tests share: records to store, many threads and processes, errors that leak nothing."""

from __future__ import annotations

import os
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

import pytest

from fieldvault.core.context import Scope
from fieldvault.errors import FieldvaultError
from fieldvault.ports import DataKeyRecord, KeyState, SubjectKeyRecord

T = TypeVar("T")

MOMENT = datetime(2026, 1, 31, 9, 5, 7, 42, tzinfo=UTC)
PII = Scope("acme", "pii")
LOOKALIKES = [
    "bob", "Bob", "BOB", "bob ", " bob", "b\u00f6b", "bo\u0308b", "bobstra\u00dfe", "bobstrasse",
    "%", "_", "bob%", "'; DROP TABLE fieldvault_data_keys; --", "\\", "\U0001f511", "\u0131", "i", "I", "0", "00",
]  # fmt: skip


def data_key(scope: Scope = PII, version: int = 1, **changes: Any) -> DataKeyRecord:
    """A record whose key id and wrapped key follow from scope and version, zero and high bytes included."""
    digest = sha256(f"{scope}/{version}".encode()).digest()
    record = DataKeyRecord(
        key_id=digest[:16], scope=scope, version=version, state=KeyState.ACTIVE, kek="local:test",
        wrapped=b"\x00\xff'" + digest + b"\x00", created_at=MOMENT,
    )  # fmt: skip
    return replace(record, **changes)


def subject_key(subject: str, scope: Scope = PII, generation: int = 1, **changes: Any) -> SubjectKeyRecord:
    digest = sha256(f"{scope}/{subject}/{generation}".encode()).digest()
    record = SubjectKeyRecord(
        key_id=digest[:16], scope=scope, subject=subject, wrapped=b"\x00\xfe" + digest, created_at=MOMENT
    )
    return replace(record, **changes)


def in_threads(work: Callable[[int], T], number: int = 8) -> list[T]:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, range(number)))


def in_children(work: Callable[[int], Any], number: int = 8) -> list[Any]:
    """Run `work(i)` in forked children, all at once; the result, or the exception's class where it is ours."""
    children = []
    for index in range(number):
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns where there are threads (pytest-xdist's): to survive that is what is tested.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            status = 1
            try:
                # A child that waits for ever for a lock of the parent's ends by itself.
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_REAL, 120)
                os.close(reading)
                with os.fdopen(writing, "wb") as pipe:
                    pipe.write(pickle.dumps(outcome(lambda: work(index))))  # noqa: B023 - runs at once
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        children.append((pid, reading))
    results = []
    for pid, reading in children:
        with os.fdopen(reading, "rb") as pipe:
            content = pipe.read()
        _, status = os.waitpid(pid, 0)
        assert status == 0, "a child died"
        results.append(pickle.loads(content))
    return results


def outcome(work: Callable[[], Any]) -> Any:
    """What a work returns, or the class of the error it raises."""
    try:
        return work()
    except FieldvaultError as error:
        return type(error)


@contextmanager
def refused(kind: type[FieldvaultError], *secrets: str) -> Iterator[pytest.ExceptionInfo[Any]]:
    """Exactly this class, and none of `secrets` in the error or in what it carries along."""
    with pytest.raises(kind) as caught:
        yield caught
    assert type(caught.value) is kind
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    for secret in secrets:
        assert secret not in str(caught.value)
        assert secret not in repr(vars(caught.value))
