"""A KEK in one file, for development (spec keyring-v1 §7).

    kek = LocalKek.create("dev.kek", Passphrase(Environment("FIELDVAULT_PASSPHRASE")))
    kek = LocalKek.open("dev.kek", Passphrase(Environment("FIELDVAULT_PASSPHRASE")))

Both warn (`LocalKekWarning`), because a local KEK sits beside the data that it protects. Who means it filters the
warning in the standard way: `warnings.filterwarnings("ignore", category=LocalKekWarning)`.
"""

from fieldvault.kek.local.argon2_parameters import CHEAPEST, RFC_9106_LOW_MEMORY, Argon2Parameters
from fieldvault.kek.local.protection import Passphrase, Protection, ProtectionKey
from fieldvault.kek.local.provider import LocalKek, LocalKekWarning
from fieldvault.kek.local.secret_source import Environment, SecretSource

__all__ = [
    "CHEAPEST",
    "RFC_9106_LOW_MEMORY",
    "Argon2Parameters",
    "Environment",
    "LocalKek",
    "LocalKekWarning",
    "Passphrase",
    "Protection",
    "ProtectionKey",
    "SecretSource",
]
