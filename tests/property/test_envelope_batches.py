"""The fast path and the one-by-one path accept exactly the same envelopes (`core/_pure.py`, rule 3)."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.core import batch
from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext, canonical, row_suffixes
from fieldvault.errors import Stage

CONTEXT = FieldContext("acme", "customers", "email")
RAW = {bytes((number,)) * 16: hashlib.sha256(bytes((number,))).digest() for number in (1, 2, 3)}
KEYS = {key_id: AeadKey(raw, key_id) for key_id, raw in RAW.items() if key_id[0] < 3}
"""The third key exists, but is not among those that opening is given."""

DAMAGES = ["none"] * 6 + ["flip", "cut", "grow", "version", "unknown key", "other key", "empty", "other row"]


def reference(sealed: bytes, row: bytes | None) -> bytes | Stage:
    """Opening as the specification says it, item by item, with nothing of ours but the names."""
    if len(sealed) < 46 or sealed[0] != 1:
        return Stage.PARSE
    header, key_id = sealed[:17], sealed[1:17]
    if key_id not in KEYS:
        return Stage.KEY
    aad = canonical([header, b"acme", b"customers", b"email", *([] if row is None else [row])])
    try:
        return AESGCM(RAW[key_id]).decrypt(sealed[17:29], sealed[29:], aad)
    except InvalidTag:
        return Stage.AUTHENTICATE


def damaged(sealed: bytes, how: str, at: int) -> bytes:
    place = at % len(sealed)
    return {
        "none": sealed,
        "flip": sealed[:place] + bytes((sealed[place] ^ (1 << at % 8),)) + sealed[place + 1 :],
        "cut": sealed[:place],
        "grow": sealed + bytes(1 + at % 3),
        "version": bytes((at % 256,)) + sealed[1:],
        "unknown key": sealed[:1] + b"\x09" * 16 + sealed[17:],
        "other key": sealed[:1] + (b"\x02" if sealed[1] == 1 else b"\x01") * 16 + sealed[17:],
        "empty": b"",
        "other row": sealed,
    }[how]


@given(
    st.lists(st.tuples(st.sampled_from(sorted(RAW)), st.binary(min_size=1, max_size=20)), max_size=8),
    st.data(),
    st.booleans(),
)
def test_a_batch_opens_what_each_alone_opens(
    items: list[tuple[bytes, bytes]], data: st.DataObject, bound: bool
) -> None:
    keys = [AeadKey(RAW[key_id], key_id) for key_id, _ in items]
    ids = [b"\x02row%d" % number for number in range(len(items))]
    rows = row_suffixes([ids]) if bound else None
    sealed = batch.seal_many_mixed(keys, CONTEXT, [plain for _, plain in items], rows)
    how = data.draw(st.lists(st.sampled_from(DAMAGES), min_size=len(items), max_size=len(items)))
    sealed = [damaged(one, what, data.draw(st.integers(0, 1000))) for one, what in zip(sealed, how, strict=True)]
    ids = [b"\x02other" if what == "other row" else row for what, row in zip(how, ids, strict=True)]
    rows = row_suffixes([ids]) if bound else None
    expected = [reference(one, row if bound else None) for one, row in zip(sealed, ids, strict=True)]

    opened, failures = batch.open_many(KEYS, CONTEXT, sealed, rows, batch.headers_of(sealed))
    assert opened == [one if isinstance(one, bytes) else None for one in expected]
    assert {at: error.stage for at, error in failures.items()} == {
        at: one for at, one in enumerate(expected) if isinstance(one, Stage)
    }

    for at, one in enumerate(expected):
        own_row = rows[at : at + 1] if rows is not None else None
        alone, why = batch.open_many(
            KEYS, CONTEXT, sealed[at : at + 1], own_row, batch.headers_of(sealed[at : at + 1])
        )
        assert (alone, [error.stage for error in why.values()]) == (
            ([one], []) if isinstance(one, bytes) else ([None], [one])
        )


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_headers_are_the_first_17_bytes_of_each(sealed: list[bytes]) -> None:
    assert batch.headers_of(sealed) == {one[:17] for one in sealed}


@given(
    st.lists(st.binary(max_size=6).map(lambda tail: b"\x01" * 17 + tail), min_size=1, max_size=6),
    st.binary(max_size=17),
)
def test_headers_with_one_that_differs_a_little(sealed: list[bytes], odd: bytes) -> None:
    assert batch.headers_of([*sealed, odd]) == {b"\x01" * 17, odd[:17]}
