"""From one index key to the next, and from MD5 to keyed index values, while writers and readers go on."""

from fieldvault.rotation.backfill import Backfill, BackfillProgress, BackfillResult
from fieldvault.rotation.index_rotation import IndexRotation, RotationState
from fieldvault.rotation.md5_upgrade import Md5Phase, Md5Upgrade, Md5UpgradeResult
from fieldvault.rotation.reencrypt import (
    ColumnMove,
    Pace,
    PauseWhile,
    Reencryption,
    ReencryptionOptions,
    ReencryptionProgress,
    ReencryptionResult,
    ReplicationLag,
    RowsPerSecond,
    SealedTable,
    Stop,
    TableResult,
)
from fieldvault.rotation.table import IndexedTable

__all__ = [
    "Backfill",
    "BackfillProgress",
    "BackfillResult",
    "ColumnMove",
    "IndexRotation",
    "IndexedTable",
    "Md5Phase",
    "Md5Upgrade",
    "Md5UpgradeResult",
    "Pace",
    "PauseWhile",
    "Reencryption",
    "ReencryptionOptions",
    "ReencryptionProgress",
    "ReencryptionResult",
    "ReplicationLag",
    "RotationState",
    "RowsPerSecond",
    "SealedTable",
    "Stop",
    "TableResult",
]
