"""pyarrow, asked for only where a Parquet file is."""

from __future__ import annotations

from types import ModuleType

from fieldvault.errors import MissingExtra

SEALED_MARK = {b"fieldvault": b"sealed"}
"""In the metadata of a sealed file's schema, so that it is not sealed twice."""


def arrow() -> ModuleType:
    """Raises `MissingExtra`."""
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra("Parquet", extra="arrow") from None
    return pyarrow  # type: ignore[no-any-return]


def parquet() -> ModuleType:
    """Raises `MissingExtra`."""
    arrow()
    from pyarrow import parquet as library

    return library  # type: ignore[no-any-return]


def compute() -> ModuleType:
    """Raises `MissingExtra`."""
    arrow()
    from pyarrow import compute as library

    return library  # type: ignore[no-any-return]
