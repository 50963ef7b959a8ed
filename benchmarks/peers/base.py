"""What a peer is, and how its library is found."""

from __future__ import annotations

import importlib
import importlib.metadata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class PeerMissing(Exception):
    """The library is not installed, or cannot run here. The message says which."""


class Peer(ABC):
    """Seals and opens lists of values. Built once: its key is set up and warm before anything is timed."""

    name: str
    distribution: str
    note = ""
    """What it does not do, or does otherwise."""
    share = 1.0
    """The share of the values that it is given: a peer that takes a hundred times as long gets fewer."""
    waits = False
    """It waits for another process, so it is timed by the clock on the wall."""

    @abstractmethod
    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[Any]: ...

    @abstractmethod
    def open(self, sealed: Sequence[Any], aad: bytes) -> list[bytes]: ...

    def overhead(self, plaintexts: Sequence[bytes], aad: bytes) -> float:
        """Bytes stored beyond the value's own, the mean over these values."""
        stored = sum(map(self.stored_bytes, self.seal(plaintexts, aad)))
        return (stored - sum(map(len, plaintexts))) / len(plaintexts)

    def stored_bytes(self, sealed: Any) -> int:
        return len(sealed)

    def close(self) -> None:  # noqa: B027 most have nothing to close
        pass


def library(name: str) -> Any:
    """A module by name: the peers are not among the project's own dependencies. Raises `PeerMissing`."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise PeerMissing(f"{name} is not installed: {error}") from None


def version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "?"
