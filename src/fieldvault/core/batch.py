"""The batch core, chosen once: the native one or its pure-Python twin, which give the same bytes.

`core/native.py` says how it is chosen. Nothing above this module knows which one runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldvault.core import native

if TYPE_CHECKING or native.MODULE is None:
    from fieldvault.core._pure import (
        headers_of,
        index_many,
        open_many,
        open_packed,
        seal_many,
        seal_many_mixed,
    )
    from fieldvault.core._pure_packing import (
        Packed,
        as_list,
        extent,
        pack_bytes,
        pack_ints,
        pack_texts,
        row_suffixes,
        unpack_bytes,
        unpack_texts,
    )
    from fieldvault.core._pure_shortcuts import (
        gather,
        plain_emails,
        plain_names,
        plain_texts,
        types_of,
        with_cells,
    )
else:
    from fieldvault.core._native import (
        Packed,
        as_list,
        extent,
        headers_of,
        index_many,
        open_many,
        open_packed,
        pack_bytes,
        pack_ints,
        pack_texts,
        row_suffixes,
        seal_many,
        seal_many_mixed,
        unpack_bytes,
        unpack_texts,
    )
    from fieldvault.core._native_shortcuts import (
        gather,
        plain_emails,
        plain_names,
        plain_texts,
        types_of,
        with_cells,
    )

CORE = native.NAME

__all__ = [
    "CORE",
    "Packed",
    "as_list",
    "extent",
    "gather",
    "headers_of",
    "index_many",
    "open_many",
    "open_packed",
    "pack_bytes",
    "pack_ints",
    "pack_texts",
    "plain_emails",
    "plain_names",
    "plain_texts",
    "row_suffixes",
    "seal_many",
    "seal_many_mixed",
    "types_of",
    "unpack_bytes",
    "unpack_texts",
    "with_cells",
]
