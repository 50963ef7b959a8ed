"""Which side of sealing a file is on."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What the cells of a file's sealed fields hold."""

    OPENED = "opened"
    """Plaintext values. The file has the schema's fields and no index columns."""
    SEALED = "sealed"
    """Envelopes. The index columns stand beside their fields."""
