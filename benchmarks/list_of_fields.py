"""Sealing and opening a list of fields, beside every peer: same plaintexts, same associated data, one run.

Ours is `seal_column` and `open_column` of a list of str: envelopes with key id and type byte. `row-bound` binds
each value to its row too. The peers get bytes. Prints two tables; `make bench` writes them.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from openbao import openbao
from peers.asherah_session import AsherahSession
from peers.aws_sdk import AwsEncryptionSdk
from peers.base import Peer, PeerMissing, version_of
from peers.cryptography_loop import CryptographyLoop
from peers.fernet import Fernet
from peers.ironcore_alloy import AlloyDocumentEach, AlloyDocuments
from peers.mongocrypt import MongoCrypt
from peers.openbao_transit import OpenBaoTransit
from peers.sqlalchemy_utils_engine import AesGcmEngine
from peers.tink_aead import TinkAead
from report import Table, table
from rounds import Contender, Timing, interleave
from samples import ROW_BOUND, associated_data, cipher, plaintexts, texts

OURS, OURS_ROW_BOUND = "fieldvault", "fieldvault, row-bound"
FAST: list[type[Peer]] = [CryptographyLoop, TinkAead]
OTHERS: list[type[Peer]] = [
    AsherahSession,
    AesGcmEngine,
    Fernet,
    AlloyDocuments,
    AlloyDocumentEach,
    MongoCrypt,
    AwsEncryptionSdk,
]


def measure(count: int, rounds: int, *, every_peer: bool) -> list[Table]:
    """The tables of sealing and of opening, Tink as the base."""
    values, given, rows = texts(count), plaintexts(count), list(range(count))
    ours, bound = cipher(), cipher(ROW_BOUND)
    sealed, sealed_in_rows = ours.seal_column("note", values), bound.seal_column("note", values, row_ids=rows)
    aad = associated_data(sealed[0])
    seal: dict[str, Contender] = {
        OURS: Contender(lambda: ours.seal_column("note", values)),
        OURS_ROW_BOUND: Contender(lambda: bound.seal_column("note", values, row_ids=rows)),
    }
    open_: dict[str, Contender] = {
        OURS: Contender(lambda: ours.open_column("note", sealed)),
        OURS_ROW_BOUND: Contender(lambda: bound.open_column("note", sealed_in_rows, row_ids=rows)),
    }
    sizes: dict[str, float] = {OURS: len(sealed[0]) - len(given[0])}
    shares: dict[str, float] = {}
    notes: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for peer in _peers(stack, every_peer):
            few = given[: max(400, int(count * peer.share))]
            theirs = peer.seal(few, aad)
            if peer.open(theirs, aad) != few:
                raise AssertionError(f"{peer.name} does not open what it sealed")
            seal[peer.name] = Contender(_call(peer.seal, few, aad), peer.waits)
            open_[peer.name] = Contender(_call(peer.open, theirs, aad), peer.waits)
            shares[peer.name] = count / len(few)
            notes[peer.name] = peer.note
            sizes[f"{peer.name} {version_of(peer.distribution)}"] = round(peer.overhead(few, aad), 1)
        sealing, opening = interleave(seal, rounds), interleave(open_, rounds)
    extra = {
        "bytes beyond the value": sizes,
        "values": f"{count} of {len(given[0])} bytes, {len(aad)} bytes of context",
    }
    return [
        table("seal_list", "Sealing a list", "field", _scaled(sealing, shares), count, TinkAead.name, notes, extra),
        table("open_list", "Opening a list", "field", _scaled(opening, shares), count, TinkAead.name, notes),
    ]


def _peers(stack: contextlib.ExitStack, every_peer: bool) -> Iterator[Peer]:
    for kind in FAST + (OTHERS if every_peer else []):
        with _missing_is_said(kind.name):
            peer = kind()
            stack.callback(peer.close)
            yield peer
    if every_peer:
        with _missing_is_said(OpenBaoTransit.name):
            transit = OpenBaoTransit(stack.enter_context(openbao()))
            stack.callback(transit.close)
            yield transit


@contextlib.contextmanager
def _missing_is_said(name: str) -> Iterator[None]:
    try:
        yield
    except PeerMissing as missing:
        print(f"left out: {name}: {missing}")


def _call(function: Callable[..., Any], values: Any, aad: bytes) -> Callable[[], Any]:
    return lambda: function(values, aad)


def _scaled(timings: dict[str, Timing], shares: dict[str, float]) -> dict[str, Timing]:
    return {name: timing.times(shares.get(name, 1.0)) for name, timing in timings.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fields", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()
    for one in measure(options.fields, options.rounds, every_peer=True):
        one.show()


if __name__ == "__main__":
    main()
