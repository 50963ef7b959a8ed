"""`fieldvault.toml` and the environment, to a KEK, a key store, keyrings and schemas: a composition root.

    config = load_config()                      # FIELDVAULT_CONFIG, or fieldvault.toml in this folder
    cipher = RecordCipher(config.schema("customer"), config.keyrings(), tenant="acme")

What may stand in the file is shown, with comments, by `fieldvault init` (`fieldvault.config.template`).
"""

from fieldvault.config.config import Config, load_config, load_passwords
from fieldvault.config.environment import Prompt
from fieldvault.config.kek import KekConfig, LocalKekConfig, VaultKekConfig
from fieldvault.config.keystore import KeyStoreConfig
from fieldvault.config.passwords import PasswordsConfig

__all__ = [
    "Config",
    "KekConfig",
    "KeyStoreConfig",
    "LocalKekConfig",
    "PasswordsConfig",
    "Prompt",
    "VaultKekConfig",
    "load_config",
    "load_passwords",
]
