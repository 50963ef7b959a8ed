"""Where a run is: the last row's key as text, so that the checkpoint is the same in every database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fieldvault.errors import SchemaError

_READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "str": str,
    "bytes": bytes.fromhex,
    "UUID": UUID,
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def encoded(position: Sequence[Any]) -> str:
    """One type and text for each part of the key. Raises `SchemaError` for a key of another type."""
    return json.dumps([_part(part) for part in position])


def decoded(text: str) -> tuple[Any, ...]:
    """What `encoded` was given."""
    return tuple(_READERS[kind](value) for kind, value in json.loads(text))


def _part(part: Any) -> tuple[str, str]:
    kind = type(part).__name__
    if kind not in _READERS:
        raise SchemaError(
            f"a key of type {kind} cannot be a checkpoint", hint=f"possible are: {', '.join(_READERS)}"
        )
    if isinstance(part, bytes):
        return kind, part.hex()
    return kind, part.isoformat() if isinstance(part, date) else str(part)
