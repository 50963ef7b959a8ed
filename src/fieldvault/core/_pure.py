"""The pure-Python batch core: the twin of the native one, byte for byte.

Rules of this file:

1. One call to the operating system for all nonces of a batch. A nonce is never drawn ahead of its batch, so
   there is no stream that a forked child could inherit.
2. The key is chosen by the header alone; no other key is tried.
3. The fast path is one comprehension. Only if it fails are the items gone through one by one, to say which
   failed and why; both paths accept exactly the same envelopes.
4. A failure is returned, not raised, and carries no traceback: its frames hold plaintexts.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag

from fieldvault.core.aead import AeadKey
from fieldvault.core.context import FieldContext
from fieldvault.core.envelope import HEADER_BYTES, MIN_SEALED_BYTES, NONCE_BYTES, NONCE_END, VERSION_1, parse
from fieldvault.core.index import IndexKey
from fieldvault.errors import KeyNotFound, OpenError

_NONCE, _BODY = slice(HEADER_BYTES, NONCE_END), slice(NONCE_END, None)
"""Made once: a slice made anew for each envelope costs a thirtieth of its decryption."""

Rows = Sequence[bytes] | None
"""What `context.row_suffixes` gives for a row-bound batch, or None where not row-bound."""


def seal_many(key: AeadKey, context: FieldContext, plaintexts: Sequence[bytes], rows: Rows) -> list[bytes]:
    """Seal typed plaintexts of one field under one key, in order."""
    aad = context.prefix(key.header, row_bound=rows is not None)
    header, encrypt = key.header, key.cipher.encrypt
    nonces = _nonces(len(plaintexts))
    if rows is None:
        return [header + n + encrypt(n, p, aad) for n, p in zip(nonces, plaintexts, strict=True)]
    return [header + n + encrypt(n, p, aad + row) for n, p, row in zip(nonces, plaintexts, rows, strict=True)]


def seal_many_mixed(
    keys: Sequence[AeadKey], context: FieldContext, plaintexts: Sequence[bytes], rows: Rows
) -> list[bytes]:
    """Seal typed plaintexts of one field, each under its own key, in order."""
    aads = _aads_for([key.header for key in keys], context, rows)
    nonces = _nonces(len(plaintexts))
    return [
        key.header + n + key.cipher.encrypt(n, p, aad)
        for key, n, p, aad in zip(keys, nonces, plaintexts, aads, strict=True)
    ]


def headers_of(envelopes: Sequence[bytes]) -> set[bytes]:
    """The distinct headers (version and key id), shorter ones of malformed envelopes included."""
    if envelopes:
        # Bytes are ordered by their first difference: if the least and the greatest begin alike, so do all between.
        least, greatest = min(envelopes)[:HEADER_BYTES], max(envelopes)[:HEADER_BYTES]
        if least == greatest and len(least) == HEADER_BYTES:
            return {least}
    return {sealed[:HEADER_BYTES] for sealed in envelopes}


def open_many(
    keys: Mapping[bytes, AeadKey],
    context: FieldContext,
    envelopes: Sequence[bytes],
    rows: Rows,
    headers: set[bytes],
) -> tuple[list[bytes | None], dict[int, OpenError]]:
    """Open envelopes of one field, sealed under any of `keys` (by key id).

    `headers` is `headers_of(envelopes)`, which the caller has from looking up the keys. Returns the typed
    plaintexts in order, None where one failed, and the failures by position.
    """
    try:
        return _open_all(keys, context, envelopes, rows, headers), {}
    except (InvalidTag, OverflowError, _Uneven):  # OverflowError: longer than any envelope
        return open_one_by_one(keys, context, envelopes, rows)


open_packed = open_many
"""`open_many`, whose plaintexts are only unpacked: where they need not be Python's own bytes."""


def index_many(key: IndexKey, normalised: Sequence[bytes]) -> list[bytes]:
    """Blind index values of normalised values, in order (spec index-v1 §3)."""
    digest, mac_key, prefix, size = hmac.digest, key.key, key.prefix, key.value_bytes
    if key.last_byte_mask == 0xFF:
        return [prefix + digest(mac_key, value, "sha256")[:size] for value in normalised]
    mask, last = key.last_byte_mask, size - 1
    macs = (digest(mac_key, value, "sha256") for value in normalised)
    return [prefix + mac[:last] + bytes((mac[last] & mask,)) for mac in macs]


class _Uneven(Exception):
    """The batch is not what the fast path is for: an envelope too short, or of an unknown key or version."""


def draw_nonces(count: int) -> bytes:
    """The nonces of a batch, 12 bytes each: the one place that they come from."""
    return os.urandom(NONCE_BYTES * count)


def _nonces(count: int) -> list[bytes]:
    drawn = draw_nonces(count)
    return [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]


def _aads_for(headers: Sequence[bytes], context: FieldContext, rows: Rows) -> list[bytes]:
    prefixes = {header: context.prefix(header, row_bound=rows is not None) for header in set(headers)}
    if rows is None:
        return [prefixes[header] for header in headers]
    return [prefixes[header] + row for header, row in zip(headers, rows, strict=True)]


def _open_all(
    keys: Mapping[bytes, AeadKey],
    context: FieldContext,
    envelopes: Sequence[bytes],
    rows: Rows,
    headers: set[bytes],
) -> list[bytes | None]:
    if min(map(len, envelopes), default=MIN_SEALED_BYTES) < MIN_SEALED_BYTES:
        raise _Uneven
    ciphers = {
        header: keys[header[1:]].cipher for header in headers if header[:1] == VERSION_1 and header[1:] in keys
    }
    if len(ciphers) < len(headers):
        raise _Uneven
    if len(headers) != 1:
        own = [sealed[:HEADER_BYTES] for sealed in envelopes]
        return [
            ciphers[header].decrypt(sealed[_NONCE], sealed[_BODY], aad)
            for header, sealed, aad in zip(own, envelopes, _aads_for(own, context, rows), strict=True)
        ]
    [(header, cipher)] = ciphers.items()
    decrypt, aad = cipher.decrypt, context.prefix(header, row_bound=rows is not None)
    nonce, body = _NONCE, _BODY
    if rows is None:
        return [decrypt(sealed[nonce], sealed[body], aad) for sealed in envelopes]
    return [decrypt(sealed[nonce], sealed[body], aad + row) for sealed, row in zip(envelopes, rows, strict=True)]


def open_one_by_one(
    keys: Mapping[bytes, AeadKey], context: FieldContext, envelopes: Sequence[bytes], rows: Rows
) -> tuple[list[bytes | None], dict[int, OpenError]]:
    """`open_many`, item by item, to find out which failed and why."""
    opened: list[bytes | None] = []
    failures: dict[int, OpenError] = {}
    for position, sealed in enumerate(envelopes):
        try:
            key_id = parse(sealed).key_id
            key = keys.get(key_id)
            if key is None:
                raise KeyNotFound(key_id)
            [aad] = _aads_for([key.header], context, None if rows is None else rows[position : position + 1])
            opened.append(key.open(sealed, aad))
        except OpenError as error:
            opened.append(None)
            failures[position] = error.detached()
    return opened, failures
