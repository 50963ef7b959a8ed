"""The batch core: one draw of nonces, no nonce twice, and each failure at its position (`core/_pure.py`)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fieldvault.core import batch
from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext, row_suffixes
from fieldvault.errors import AuthenticationFailed, EnvelopeMalformed, EnvelopeVersionRefused, KeyNotFound

CONTEXT = FieldContext("acme", "customers", "email")
ONE, OTHER = (AeadKey(os.urandom(32), bytes((number,)) * 16) for number in (1, 2))
KEYS = {key.key_id: key for key in (ONE, OTHER)}


def rows(count: int) -> list[bytes]:
    return row_suffixes([[b"\x02row%d" % number for number in range(count)]])


def open_all(sealed: list[bytes], suffixes: list[bytes] | None = None, keys: dict[bytes, AeadKey] = KEYS) -> tuple:
    return batch.open_many(keys, CONTEXT, sealed, suffixes, batch.headers_of(sealed))


class Draws:
    """Stands for `os.urandom` and counts what is drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        real = os.urandom

        def urandom(size: int) -> bytes:
            self.sizes.append(size)
            return real(size)

        monkeypatch.setattr(os, "urandom", urandom)


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("bound", [True, False])
def test_a_batch_draws_its_nonces_in_one_call(count: int, bound: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = Draws(monkeypatch)
    plaintexts = [b"\x02p"] * count
    batch.seal_many(ONE, CONTEXT, plaintexts, rows(count) if bound else None)
    batch.seal_many_mixed([ONE] * count, CONTEXT, plaintexts, rows(count) if bound else None)
    assert draws.sizes == [12 * count] * 2


def test_no_nonce_twice_in_100k() -> None:
    sealed = batch.seal_many(ONE, CONTEXT, [b"\x02p"] * 100_000, None)
    assert len({one[17:29] for one in sealed}) == 100_000
    assert len(sealed) == 100_000
    assert {len(one) for one in sealed} == {45 + 2}


@pytest.mark.parametrize("bound", [True, False])
def test_many_and_mixed_open_in_order(bound: bool) -> None:
    plaintexts = [b"\x02%d" % number for number in range(50)]
    suffixes = rows(50) if bound else None
    keys = [ONE if number % 3 else OTHER for number in range(50)]
    mixed = batch.seal_many_mixed(keys, CONTEXT, plaintexts, suffixes)
    assert [sealed[1:17] for sealed in mixed] == [key.key_id for key in keys]
    assert open_all(mixed, suffixes) == (plaintexts, {})
    assert open_all(batch.seal_many(ONE, CONTEXT, plaintexts, suffixes), suffixes) == (plaintexts, {})


def test_a_row_too_many_or_too_few_is_a_defect_and_seals_nothing() -> None:
    for suffixes in (rows(1), rows(3)):
        with pytest.raises(ValueError, match="zip"):
            batch.seal_many(ONE, CONTEXT, [b"\x02p"] * 2, suffixes)
        with pytest.raises(ValueError, match="zip"):
            batch.seal_many_mixed([ONE, ONE], CONTEXT, [b"\x02p"] * 2, suffixes)
        with pytest.raises(ValueError, match="zip"):
            open_all(batch.seal_many(ONE, CONTEXT, [b"\x02p"] * 2, rows(2)), suffixes)


def test_failures_stand_at_their_positions_and_carry_no_frames() -> None:
    good = batch.seal_many(ONE, CONTEXT, [b"\x02%d" % number for number in range(6)], None)
    tampered = good[1][:-1] + bytes((good[1][-1] ^ 1,))
    sealed = [good[0], tampered, b"", b"\x02" + good[3][1:], b"\x01" + b"\x09" * 16 + good[4][17:], good[5]]
    opened, failures = open_all(sealed)
    assert opened == [b"\x020", None, None, None, None, b"\x025"]
    expected = {1: AuthenticationFailed, 2: EnvelopeMalformed, 3: EnvelopeVersionRefused, 4: KeyNotFound}
    assert {at: type(error) for at, error in failures.items()} == expected
    for error in failures.values():
        assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_a_key_is_found_by_its_id_and_no_other_is_tried() -> None:
    # Under the header of ONE, sealed by OTHER: opens under OTHER only if somebody tries it.
    aad = CONTEXT.prefix(ONE.header, row_bound=False)
    crafted = ONE.header + (nonce := os.urandom(12)) + OTHER.cipher.encrypt(nonce, b"\x02p", aad)
    _, failures = open_all([crafted])
    assert isinstance(failures[0], AuthenticationFailed)


@pytest.mark.parametrize("company", [0, 1])
def test_another_version_is_refused_even_where_it_would_authenticate(company: int) -> None:
    # A later version may use the same keys: what it wrote is not ours to read (spec envelope-v1 §4).
    header = b"\x02" + ONE.key_id
    nonce = os.urandom(12)
    newer = header + nonce + ONE.cipher.encrypt(nonce, b"\x02p", CONTEXT.prefix(header, row_bound=False))
    good = batch.seal_many(ONE, CONTEXT, [b"\x02p"] * company, None)
    opened, failures = open_all([*good, newer])
    assert opened == [b"\x02p"] * company + [None]
    assert isinstance(failures[company], EnvelopeVersionRefused)


def test_headers_of_left_out_items_do_no_harm() -> None:
    # The caller took the headers before it left out items that had failed elsewhere.
    good = batch.seal_many(ONE, CONTEXT, [b"\x02p"], None)
    for left_out in (b"", b"\x01", b"\x01" * 16, b"\x02" + bytes(16), b"\x01" + bytes(16)):
        headers = batch.headers_of([*good, left_out])
        assert batch.open_many(KEYS, CONTEXT, good, None, headers) == ([b"\x02p"], {})
        assert batch.open_many(KEYS, CONTEXT, [], None, headers) == ([], {})


def test_nothing_opens_to_nothing() -> None:
    assert open_all([]) == ([], {})
    assert open_all([], []) == ([], {})


@pytest.mark.parametrize(("asked", "answer"), [("python", "python"), ("", "python")])
def test_the_core_that_was_asked_for(asked: str, answer: str) -> None:
    done = chosen(asked)
    assert (done.returncode, done.stdout.strip()) == (0, answer)


@pytest.mark.parametrize("asked", ["native", "rust", "Python", " "])
def test_a_core_that_is_missing_is_no_fall_back(asked: str) -> None:
    done = chosen(asked)
    assert done.returncode == 1
    assert "ConfigurationError" in done.stderr


def chosen(asked: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from fieldvault.core import batch; print(batch.CORE)"]
    environment = {**os.environ, "FIELDVAULT_CORE": asked}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
