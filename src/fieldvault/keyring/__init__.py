"""Keys in use: handles, cache, leases, and who may seal or open with which."""

from fieldvault.keyring.data_key import FIELDS_PURPOSE, INDEX_PURPOSE, SUBJECTS_PURPOSE, DataKey
from fieldvault.keyring.keyring import Keyring
from fieldvault.keyring.keyrings import Keyrings
from fieldvault.keyring.policy import KeyringPolicy

__all__ = ["FIELDS_PURPOSE", "INDEX_PURPOSE", "SUBJECTS_PURPOSE", "DataKey", "Keyring", "KeyringPolicy", "Keyrings"]
