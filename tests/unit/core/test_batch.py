"""Both batch cores: one draw of nonces, no nonce twice, and each failure at its position (`core/_pure.py`)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from plugins.cores import Core

from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext, row_suffixes
from fieldvault.errors import AuthenticationFailed, EnvelopeMalformed, EnvelopeVersionRefused, KeyNotFound

CONTEXT = FieldContext("acme", "customers", "email")
RAW = [os.urandom(32) for _ in range(2)]


def keys_of(core: Core) -> tuple[AeadKey, AeadKey]:
    one, other = (core.key(raw, bytes((number,)) * 16) for number, raw in enumerate(RAW, 1))
    return one, other


def rows(count: int) -> list[bytes]:
    return row_suffixes([[b"\x02row%d" % number for number in range(count)]])


def open_all(core: Core, sealed: list[bytes], suffixes: list[bytes] | None = None) -> Any:
    keys = {key.key_id: key for key in keys_of(core)}
    return core.open_many(keys, CONTEXT, sealed, suffixes, core.headers_of(sealed))


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
def test_a_batch_draws_its_nonces_in_one_call(
    core: Core, count: int, bound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = keys_of(core)
    draws = Draws(monkeypatch)
    plaintexts = [b"\x02p"] * count
    core.seal_many(one, CONTEXT, plaintexts, rows(count) if bound else None)
    core.seal_many_mixed([one] * count, CONTEXT, plaintexts, rows(count) if bound else None)
    # A large batch of the native core draws a seed for itself, unseen from here: see test_nonces.py.
    from_here = core.name == "python" or count < 32
    assert draws.sizes == ([12 * count] * 2 if from_here else [])


def test_no_nonce_twice_in_100k(core: Core) -> None:
    one, _ = keys_of(core)
    sealed = core.seal_many(one, CONTEXT, [b"\x02p"] * 100_000, None)
    assert len({one[17:29] for one in sealed}) == 100_000
    assert len(sealed) == 100_000
    assert {len(one) for one in sealed} == {45 + 2}


@pytest.mark.parametrize("bound", [True, False])
def test_many_and_mixed_open_in_order(core: Core, bound: bool) -> None:
    one, other = keys_of(core)
    plaintexts = [b"\x02%d" % number for number in range(50)]
    suffixes = rows(50) if bound else None
    keys = [one if number % 3 else other for number in range(50)]
    mixed = core.seal_many_mixed(keys, CONTEXT, plaintexts, suffixes)
    assert [sealed[1:17] for sealed in mixed] == [key.key_id for key in keys]
    assert open_all(core, mixed, suffixes) == (plaintexts, {})
    assert open_all(core, core.seal_many(one, CONTEXT, plaintexts, suffixes), suffixes) == (plaintexts, {})


def test_a_row_too_many_or_too_few_is_a_defect_and_seals_nothing(core: Core) -> None:
    one, _ = keys_of(core)
    for suffixes in (rows(1), rows(3)):
        with pytest.raises(ValueError, match="zip"):
            core.seal_many(one, CONTEXT, [b"\x02p"] * 2, suffixes)
        with pytest.raises(ValueError, match="zip"):
            core.seal_many_mixed([one, one], CONTEXT, [b"\x02p"] * 2, suffixes)
        with pytest.raises(ValueError, match="zip"):
            open_all(core, core.seal_many(one, CONTEXT, [b"\x02p"] * 2, rows(2)), suffixes)


def test_failures_stand_at_their_positions_and_carry_no_frames(core: Core) -> None:
    one, _ = keys_of(core)
    good = core.seal_many(one, CONTEXT, [b"\x02%d" % number for number in range(6)], None)
    tampered = good[1][:-1] + bytes((good[1][-1] ^ 1,))
    sealed = [good[0], tampered, b"", b"\x02" + good[3][1:], b"\x01" + b"\x09" * 16 + good[4][17:], good[5]]
    opened, failures = open_all(core, sealed)
    assert opened == [b"\x020", None, None, None, None, b"\x025"]
    expected = {1: AuthenticationFailed, 2: EnvelopeMalformed, 3: EnvelopeVersionRefused, 4: KeyNotFound}
    assert {at: type(error) for at, error in failures.items()} == expected
    for error in failures.values():
        assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_a_key_is_found_by_its_id_and_no_other_is_tried(core: Core) -> None:
    one, other = keys_of(core)
    # Under the header of one key, sealed by another: opens under the other only if somebody tries it.
    aad = CONTEXT.prefix(one.header, row_bound=False)
    crafted = one.header + (nonce := os.urandom(12)) + other.cipher.encrypt(nonce, b"\x02p", aad)
    _, failures = open_all(core, [crafted])
    assert isinstance(failures[0], AuthenticationFailed)


@pytest.mark.parametrize("company", [0, 1])
def test_another_version_is_refused_even_where_it_would_authenticate(core: Core, company: int) -> None:
    one, _ = keys_of(core)
    # A later version may use the same keys: what it wrote is not ours to read (spec envelope-v1 §4).
    header = b"\x02" + one.key_id
    nonce = os.urandom(12)
    newer = header + nonce + one.cipher.encrypt(nonce, b"\x02p", CONTEXT.prefix(header, row_bound=False))
    good = core.seal_many(one, CONTEXT, [b"\x02p"] * company, None)
    opened, failures = open_all(core, [*good, newer])
    assert opened == [b"\x02p"] * company + [None]
    assert isinstance(failures[company], EnvelopeVersionRefused)


def test_headers_of_left_out_items_do_no_harm(core: Core) -> None:
    one, _ = keys_of(core)
    keys = {one.key_id: one}
    # The caller took the headers before it left out items that had failed elsewhere.
    good = core.seal_many(one, CONTEXT, [b"\x02p"], None)
    for left_out in (b"", b"\x01", b"\x01" * 16, b"\x02" + bytes(16), b"\x01" + bytes(16)):
        headers = core.headers_of([*good, left_out])
        assert core.open_many(keys, CONTEXT, good, None, headers) == ([b"\x02p"], {})
        assert core.open_many(keys, CONTEXT, [], None, headers) == ([], {})


def test_nothing_opens_to_nothing(core: Core) -> None:
    assert open_all(core, []) == ([], {})
    assert open_all(core, [], []) == ([], {})
