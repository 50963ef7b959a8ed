"""What every `KekProvider` must do. Subclass `KekContract` and override its fixtures `kek` and `other_kek`.

`secret_strings` is for what this kind of KEK must never show besides the data keys, e.g. its login.
"""

from __future__ import annotations

import base64
import copy
import logging
import os
import pickle
import threading
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fieldvault.errors import BatchError, FieldvaultError, KekError, KeyWrapRefused
from fieldvault.ports import KekProvider

KEY_BYTES = 32


def keys(count: int) -> list[bytes]:
    return [os.urandom(KEY_BYTES) for _ in range(count)]


def single_bit_flips(data: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << (bit % 8)
        yield bytes(flipped)


def shows(text: str, secret: bytes) -> bool:
    """Does `text` hold the secret in any of the spellings that a log or a repr would use?"""
    spellings = [repr(secret)[2:-1], secret.hex(), base64.b64encode(secret).decode()[:-2]]
    return any(spelling in text for spelling in spellings)


class KekContract:
    @pytest.fixture
    def kek(self) -> KekProvider:
        raise NotImplementedError

    @pytest.fixture
    def other_kek(self) -> KekProvider:
        """Another KEK of the same kind."""
        raise NotImplementedError

    @pytest.fixture
    def secret_strings(self) -> list[str]:
        return []

    def test_name_is_stable_text(self, kek: KekProvider) -> None:
        assert kek.name == kek.name
        assert kek.name.isprintable()
        assert kek.name

    @pytest.mark.parametrize("count", [0, 1, 2, 160, 161, 1000])
    def test_unwrap_returns_the_keys_in_order(self, kek: KekProvider, count: int) -> None:
        given = keys(count)
        wrapped = kek.wrap(given)
        assert len(wrapped) == count
        assert all(type(item) is bytes for item in wrapped)
        assert kek.unwrap(wrapped) == given
        assert kek.unwrap(wrapped[::-1]) == given[::-1]

    def test_tuples_are_taken_and_left_alone(self, kek: KekProvider) -> None:
        given = tuple(keys(3))
        wrapped = tuple(kek.wrap(given))
        assert tuple(kek.unwrap(wrapped)) == given

    def test_a_key_is_wrapped_differently_each_time(self, kek: KekProvider) -> None:
        key = os.urandom(KEY_BYTES)
        wrapped = kek.wrap([key] * 200) + kek.wrap([key])
        assert len(set(wrapped)) == 201
        assert kek.unwrap(wrapped) == [key] * 201

    def test_wrapped_does_not_hold_the_key(self, kek: KekProvider) -> None:
        key = os.urandom(KEY_BYTES)
        wrapped = kek.wrap([key])[0]
        assert key not in wrapped
        assert not shows(wrapped.decode("latin-1"), key)

    @pytest.mark.parametrize("size", [0, 1, 16, 31, 33, 64])
    def test_only_32_byte_keys_are_wrapped(self, kek: KekProvider, size: int) -> None:
        with pytest.raises(KekError):
            kek.wrap([os.urandom(KEY_BYTES), os.urandom(size)])

    def test_every_single_bit_flip_is_refused(self, kek: KekProvider) -> None:
        key = os.urandom(KEY_BYTES)
        wrapped = kek.wrap([key])[0]
        altered = list(single_bit_flips(wrapped))
        outcomes = kek.unwrap([*altered, wrapped])
        assert [bit for bit, item in enumerate(outcomes[:-1]) if not isinstance(item, KeyWrapRefused)] == []
        assert outcomes[-1] == key

    def test_every_truncation_and_extension_is_refused(self, kek: KekProvider) -> None:
        wrapped = kek.wrap(keys(1))[0]
        altered = [wrapped[:length] for length in range(len(wrapped))]
        altered += [wrapped[start:] for start in range(1, len(wrapped))]
        altered += [wrapped + tail for tail in (b"\0", b"\n", b" ", b"=", b"A", b"AAAA", wrapped)]
        altered += [head + wrapped for head in (b"\0", b"\n", b" ", b"A")]
        outcomes = kek.unwrap(altered)
        assert [at for at, item in enumerate(outcomes) if not isinstance(item, KeyWrapRefused)] == []

    def test_refused_items_leave_the_others_alone(self, kek: KekProvider) -> None:
        given = keys(400)
        wrapped: list[bytes] = kek.wrap(given)
        bad = {0, 7, 159, 160, 161, 399}
        for at in bad:
            wrapped[at] = next(single_bit_flips(wrapped[at][::-1]))[::-1] if at % 2 else b"not wrapped at all"
        outcomes = kek.unwrap(wrapped)
        assert {at for at, item in enumerate(outcomes) if isinstance(item, KeyWrapRefused)} == bad
        assert [item for at, item in enumerate(outcomes) if at not in bad] == [
            key for at, key in enumerate(given) if at not in bad
        ]

    def test_a_key_of_another_kek_is_refused(self, kek: KekProvider, other_kek: KekProvider) -> None:
        assert kek.name != other_kek.name
        given = keys(2)
        outcomes = kek.unwrap([kek.wrap(given[:1])[0], other_kek.wrap(given[1:])[0]])
        assert outcomes[0] == given[0]
        assert isinstance(outcomes[1], KeyWrapRefused)

    def test_version_of(self, kek: KekProvider) -> None:
        wrapped = kek.wrap(keys(1))[0]
        assert kek.version_of(wrapped) == 1
        for malformed in (b"", b"\0", b"vault:v1:", wrapped[:-1], wrapped + b"A", os.urandom(64)):
            with pytest.raises(KeyWrapRefused):
                kek.version_of(malformed)

    def test_32_threads_at_once(self, kek: KekProvider) -> None:
        start = threading.Barrier(32)

        def work(number: int) -> bool:
            given = keys(5 + number)
            start.wait()
            return all(kek.unwrap(kek.wrap(given)) == given for _ in range(3))

        with ThreadPoolExecutor(32) as pool:
            assert all(pool.map(work, range(32)))

    def test_parent_and_forked_children_at_once(self, kek: KekProvider) -> None:
        given = keys(170)
        wrapped = kek.wrap(given)  # the parent is warm: it has a connection and a login
        children = [_fork(lambda: kek.unwrap(wrapped) == given and kek.unwrap(kek.wrap(given)) == given)]
        children += [_fork(lambda: kek.unwrap(wrapped) == given) for _ in range(3)]
        assert all(kek.unwrap(wrapped) == given for _ in range(10))
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
        assert kek.unwrap(kek.wrap(given)) == given

    def test_nothing_secret_is_shown(
        self, kek: KekProvider, secret_strings: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        given = keys(3)
        with caplog.at_level(logging.DEBUG):
            wrapped = kek.wrap(given)
            kek.unwrap([wrapped[0], wrapped[1][:-1], next(single_bit_flips(wrapped[2][::-1]))[::-1]])
        shown = "\n".join([repr(kek), str(kek), kek.name, *(record.getMessage() for record in caplog.records)])
        assert [key for key in given if shows(shown, key)] == []
        assert [secret for secret in secret_strings if secret in shown] == []
        assert [item for item in wrapped if item.decode("latin-1") in shown] == []

    def test_errors_show_nothing(self, kek: KekProvider, secret_strings: list[str]) -> None:
        key = os.urandom(KEY_BYTES)
        wrapped = kek.wrap([key])[0]
        refused = kek.unwrap([next(single_bit_flips(wrapped[::-1]))[::-1]])[0]
        assert isinstance(refused, KeyWrapRefused)
        errors: list[FieldvaultError] = [refused, BatchError({0: refused}, total=1)]
        with pytest.raises(KekError) as raised:
            kek.wrap([key, key[:-1]])
        errors.append(raised.value)
        with pytest.raises(KeyWrapRefused) as malformed:
            kek.version_of(wrapped[:-1])
        errors.append(malformed.value)
        for error in errors:
            shown = with_locals(error)
            assert not shows(shown, key)
            assert wrapped[:-1].decode("latin-1") not in shown
            assert [secret for secret in secret_strings if secret in shown] == []

    def test_it_cannot_be_pickled_or_copied(self, kek: KekProvider) -> None:
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                duplicate(kek)


def with_locals(error: BaseException) -> str:
    """Everything an error reporter could collect below the test itself: chained errors, attributes, locals."""
    parts, pending = [], [error]
    while pending:
        current = pending.pop()
        trace = current.__traceback__
        while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        report = traceback.TracebackException(type(current), current, trace, capture_locals=True)
        parts += [*report.format(), repr(current), repr(vars(current))]
        pending += [inner for inner in (current.__cause__, current.__context__) if inner is not None]
    return "\n".join(parts)


def _fork(work: object) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: forking with threads is what we test
        child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if callable(work) and work() else 2
        finally:
            os._exit(code)
    return child
