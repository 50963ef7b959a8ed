"""Every row of a table under the present key: re-encrypted in batches, beside the application, and resumable."""

from fieldvault.rotation.reencrypt.column_move import ColumnMove
from fieldvault.rotation.reencrypt.pace import Pace, PauseWhile, ReplicationLag, RowsPerSecond
from fieldvault.rotation.reencrypt.reencryption import Reencryption
from fieldvault.rotation.reencrypt.results import ReencryptionProgress, ReencryptionResult, TableResult
from fieldvault.rotation.reencrypt.run import ReencryptionOptions
from fieldvault.rotation.reencrypt.stopping import Stop
from fieldvault.rotation.reencrypt.table import SealedTable

__all__ = [
    "ColumnMove",
    "Pace",
    "PauseWhile",
    "Reencryption",
    "ReencryptionOptions",
    "ReencryptionProgress",
    "ReencryptionResult",
    "ReplicationLag",
    "RowsPerSecond",
    "SealedTable",
    "Stop",
    "TableResult",
]
