"""IronCore Alloy, standalone: documents of many fields, and a document a value. Its calls are coroutines."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from peers.base import Peer, library


class AlloyDocuments(Peer):
    name = "IronCore Alloy, documents of 1000"
    distribution = "ironcore-alloy"
    note = "no associated data; a key a document"
    share = 0.2
    fields = 1000

    def __init__(self) -> None:
        alloy = self._alloy = library("ironcore_alloy")
        secret = alloy.StandaloneSecret(1, alloy.Secret(os.urandom(32)))
        configuration = alloy.StandaloneConfiguration(
            alloy.StandardSecrets(1, [secret]),
            {"": alloy.RotatableSecret(secret, None)},
            {"": alloy.VectorSecret(1.0, alloy.RotatableSecret(secret, None))},
        )
        self._client = alloy.Standalone(configuration).standard()
        self._metadata = alloy.AlloyMetadata.new_simple("acme")
        self._loop = asyncio.new_event_loop()

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[Any]:
        documents = [
            {str(at): value for at, value in enumerate(plaintexts[start : start + self.fields])}
            for start in range(0, len(plaintexts), self.fields)
        ]

        async def all_of_them() -> list[Any]:
            return [await self._client.encrypt(document, self._metadata) for document in documents]

        return self._loop.run_until_complete(all_of_them())

    def open(self, sealed: Sequence[Any], aad: bytes) -> list[bytes]:
        async def all_of_them() -> list[Any]:
            return [await self._client.decrypt(document, self._metadata) for document in sealed]

        documents = self._loop.run_until_complete(all_of_them())
        return [document[str(at)] for document in documents for at in range(len(document))]

    def stored_bytes(self, sealed: Any) -> int:
        return len(sealed.edek) + sum(map(len, sealed.document.values()))

    def close(self) -> None:
        self._loop.close()


class AlloyDocumentEach(AlloyDocuments):
    name = "IronCore Alloy, a document a value"
    note = "no associated data"
    share = 0.05
    fields = 1
