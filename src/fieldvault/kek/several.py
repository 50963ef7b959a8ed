"""SeveralKeks: one KEK that wraps, and others that are still unwrapped with, while keys are moved between them.

kek = SeveralKeks(old, new)         # in every process first: wraps under `old`, reads both
kek = SeveralKeks(new, old)         # once all keys are moved: wraps under `new`, reads both
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Never

from fieldvault.attempts import attempt
from fieldvault.errors import ConfigurationError, KeyWrapRefused
from fieldvault.ports import KekProvider


class SeveralKeks:
    """A `KekDirectory`. It is called by the name of `wrapping`, and wraps under it. Which of them unwraps a key is
    said by the name that is stored beside the key; no other is tried. Raises `ConfigurationError`.
    """

    def __init__(self, wrapping: KekProvider, *others: KekProvider) -> None:
        self._wrapping = wrapping
        self._by_name = {kek.name: kek for kek in (wrapping, *others)}
        if len(self._by_name) != 1 + len(others):
            raise ConfigurationError(f"two of these KEKs are the same one, {wrapping.name}")

    @property
    def name(self) -> str:
        """The name of the KEK that wraps."""
        return self._wrapping.name

    def named(self, name: str) -> KekProvider | None:
        """See `KekDirectory.named`."""
        return self._by_name.get(name)

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        """See `KekProvider.wrap`."""
        outcome = attempt(self._wrapping.wrap, keys)
        del keys  # an error that is raised from here keeps this frame
        return outcome.or_raise()

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """With the KEK that wraps; for another one's, ask `named`. See `KekProvider.unwrap`."""
        outcome = attempt(self._wrapping.unwrap, wrapped)
        del wrapped
        return outcome.or_raise()

    def version_of(self, wrapped: bytes) -> int:
        """See `KekProvider.version_of`."""
        outcome = attempt(self._wrapping.version_of, wrapped)
        del wrapped
        return outcome.or_raise()

    def __repr__(self) -> str:
        return f"<SeveralKeks {', '.join(self._by_name)}>"

    def __reduce__(self) -> Never:
        raise TypeError("KEKs cannot be pickled or copied")
