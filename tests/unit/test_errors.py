"""The tree of errors: what each says, and that each survives a copy, a pickle and another process."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

import pytest

from fieldvault import BatchResult, errors
from fieldvault.attempts import attempt
from fieldvault.columns.result import whole
from fieldvault.core.envelope import parse
from fieldvault.errors import (
    AuthenticationFailed,
    BatchError,
    DecodeError,
    EnvelopeMalformed,
    EnvelopeVersionRefused,
    FieldvaultError,
    KekDenied,
    KekError,
    KekUnavailable,
    KeyCommitmentMismatch,
    KeyDestroyed,
    KeyNotFound,
    KeyStoreConflict,
    KeyStoreUnavailable,
    KeyWrapRefused,
    OpenError,
    SealError,
    Stage,
    ValueRefused,
)

KEY_ID = bytes(range(16))
DECLARED = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, FieldvaultError)]
ARGUMENTS = {
    "str": "what happened",
    "int": 7,
    "float": 7.5,
    "bytes": KEY_ID,
    "datetime": datetime(2026, 1, 2, tzinfo=UTC),
}


def example(kind: type[FieldvaultError]) -> FieldvaultError:
    """An error of this class, with a value for each argument that its type tells how to make."""
    if kind is BatchError:
        return BatchError({3: ValueRefused("too long"), 1: KeyNotFound(KEY_ID).in_field("email")}, total=9)
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            given[name] = ARGUMENTS[parameter.annotation]
        elif name in ("hint", "message"):
            given[name] = f"a {name}"
    return kind(**given)


EXAMPLES: list[FieldvaultError] = [
    *(example(kind) for kind in DECLARED),
    ValueRefused("too long", hint="shorten it").in_field("email"),
]


def told(error: FieldvaultError) -> tuple[object, ...]:
    attributes = {name: value for name, value in vars(error).items() if name != "failures"}
    return type(error), str(error), error.args, repr(error), attributes


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("duplicate", [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy])
def test_a_duplicate_says_the_same(error: FieldvaultError, duplicate: Callable[[object], FieldvaultError]) -> None:
    same = duplicate(error)
    assert told(same) == told(error)
    if isinstance(error, BatchError):
        assert isinstance(same, BatchError)
        assert {at: told(one) for at, one in same.failures.items()} == {
            at: told(one) for at, one in error.failures.items()
        }


def test_errors_cross_from_another_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        version = pool.submit(parse, b"\x07" * 50).exception(timeout=60)
        # A function of this file could not be found there, so the work itself is handed over.
        failed = attempt(BatchResult, [None, 1], {0: KeyNotFound(KEY_ID)})
        batch = pool.submit(whole, failed).exception(timeout=60)
    assert isinstance(version, EnvelopeVersionRefused)
    assert version.version == 7
    assert isinstance(batch, BatchError)
    assert told(batch.failures[0]) == told(KeyNotFound(KEY_ID))


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_a_copy_in_a_field_names_it_and_leaves_the_original(error: FieldvaultError) -> None:
    before = told(error)
    named = error.in_field("iban")
    assert told(error) == before
    assert (type(named), named.field) == (type(error), "iban")
    assert str(named).startswith("iban: ")
    assert named.args == (named.message,)
    assert named.hint == error.hint
    assert (named.__traceback__, named.__cause__, named.__context__) == (None, None, None)


def test_a_detached_error_has_no_frames() -> None:
    error = SealError("refused").with_traceback(None)
    error.__cause__ = error.__context__ = ValueError("the value itself")
    with pytest.raises(SealError) as raised:
        raise error
    assert raised.value.__traceback__ is not None
    assert error.detached() is error
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_message_and_hint_make_the_text() -> None:
    assert str(FieldvaultError("it broke")) == "it broke"
    assert str(FieldvaultError("it broke", hint="mend it")) == "it broke (mend it)"


def test_stages_of_opening() -> None:
    stages = {type(one): one.stage for one in EXAMPLES if isinstance(one, OpenError)}
    assert stages == {
        OpenError: Stage.PARSE,
        EnvelopeMalformed: Stage.PARSE,
        EnvelopeVersionRefused: Stage.PARSE,
        KeyNotFound: Stage.KEY,
        KeyDestroyed: Stage.KEY,
        KeyWrapRefused: Stage.UNWRAP,
        KeyCommitmentMismatch: Stage.COMMITMENT,
        AuthenticationFailed: Stage.AUTHENTICATE,
        DecodeError: Stage.DECODE,
    }
    assert [stage.value for stage in Stage] == ["parse", "key", "unwrap", "commitment", "authenticate", "decode"]


def test_a_batch_error_counts_and_names_the_first() -> None:
    error = BatchError({7: ValueRefused("b"), 2: ValueRefused("a", hint="h")}, total=9)
    assert str(error) == "2 of 9 items failed; the first is item 2: a (h)"
    failures = {1: ValueRefused("x")}
    kept = BatchError(failures, total=2)
    failures.clear()
    assert list(kept.failures) == [1]


def test_an_outage_is_never_a_conflict_nor_the_reverse() -> None:
    for one, other in [(KeyStoreUnavailable, KeyStoreConflict), (KekUnavailable, KekDenied), (KekError, OpenError)]:
        assert not issubclass(one, other)
        assert not issubclass(other, one)
