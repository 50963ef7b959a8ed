"""Keys in use: handles, cache, leases, and who may seal or open with which."""

from fieldvault.keyring.data_key import (
    AUDIT_PURPOSE,
    DOMAIN_PURPOSE_PREFIX,
    FIELDS_PURPOSE,
    INDEX_PURPOSE,
    SUBJECTS_PURPOSE,
    DataKey,
)
from fieldvault.keyring.index_keys import IndexKeys
from fieldvault.keyring.keyring import Keyring
from fieldvault.keyring.keyrings import Keyrings
from fieldvault.keyring.policy import KeyringPolicy

__all__ = [
    "AUDIT_PURPOSE",
    "DOMAIN_PURPOSE_PREFIX",
    "FIELDS_PURPOSE",
    "INDEX_PURPOSE",
    "SUBJECTS_PURPOSE",
    "DataKey",
    "IndexKeys",
    "Keyring",
    "KeyringPolicy",
    "Keyrings",
]
