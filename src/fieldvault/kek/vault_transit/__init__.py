"""The transit engine of HashiCorp Vault or OpenBao as KEK.

    kek = VaultTransitKek(
        address="https://vault.example.com:8200",
        key="customers",
        auth=AppRoleAuth(role_id="…", secret_id=Path("/run/secrets/vault-secret-id")),
        ca="/etc/ssl/vault-ca.pem",
    )

Nothing is taken from the environment: no VAULT_TOKEN, no ~/.vault-token, no VAULT_CACERT, no proxy variables and no
~/.netrc. What reaches the server is what the constructor was given.
"""

from fieldvault.kek.vault_transit.address import InsecureHttp
from fieldvault.kek.vault_transit.auth import AppRoleAuth, JwtAuth, KubernetesAuth, TokenAuth, VaultAuth
from fieldvault.kek.vault_transit.health import Check, CheckStatus
from fieldvault.kek.vault_transit.provider import VaultTransitKek
from fieldvault.kek.vault_transit.retry import RetryPolicy, Timeouts
from fieldvault.kek.vault_transit.signing import TransitSigner

__all__ = [
    "AppRoleAuth",
    "Check",
    "CheckStatus",
    "InsecureHttp",
    "JwtAuth",
    "KubernetesAuth",
    "RetryPolicy",
    "Timeouts",
    "TokenAuth",
    "TransitSigner",
    "VaultAuth",
    "VaultTransitKek",
]
