"""The migration of a table of legacy passwords to Argon2id, at once: every row is wrapped, in batches that resume.

    database = Database("postgresql://app@db/app")
    table = PasswordTable(database, PasswordColumn("users", "password", others=("salt",)))
    sorter = Sorter([Declared("forum", Expression("md5(md5(password) + salt)"), salt="salt")])
    prove(database, table, sorter, hasher, [KnownRow((17,), "the password of a test account")])
    Migration(database, table, sorter, hasher, threads=4).run()

The same as `fieldvault passwords …`, for programs.
"""

from fieldvault.password_migration.calibrate import Measured, fit, measure
from fieldvault.password_migration.checkpoint import Checkpoint
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.expire import Expired, expire
from fieldvault.password_migration.failures import MigrationTakenOver, PasswordTableError, PasswordTableUnavailable
from fieldvault.password_migration.migrate import Migration, MigrationResult, Progress
from fieldvault.password_migration.prove import KnownRow, ProofResult, prove
from fieldvault.password_migration.rehearsal import Rehearsal, rehearse
from fieldvault.password_migration.sorting import Declared, Kind, Sorter
from fieldvault.password_migration.survey import Dormancy, Survey, survey
from fieldvault.password_migration.table import PasswordColumn, PasswordTable
from fieldvault.password_migration.throttle import NoThrottle, RowsPerSecond

__all__ = [
    "Checkpoint",
    "Database",
    "Declared",
    "Dormancy",
    "Expired",
    "Kind",
    "KnownRow",
    "Measured",
    "Migration",
    "MigrationResult",
    "MigrationTakenOver",
    "NoThrottle",
    "PasswordColumn",
    "PasswordTable",
    "PasswordTableError",
    "PasswordTableUnavailable",
    "Progress",
    "ProofResult",
    "Rehearsal",
    "RowsPerSecond",
    "Sorter",
    "Survey",
    "expire",
    "fit",
    "measure",
    "prove",
    "rehearse",
    "survey",
]
