"""The demo's fieldvault.toml, as anybody would write it."""

from __future__ import annotations

import json

SCHEMAS = """
# The customer master: each person's values are sealed under a key of their own, which can be shredded.
[schema.customer]
row_id = "customer_id"
subject = "customer_id"

[schema.customer.plain]
customer_id = "int"
country = "str"

[schema.customer.sealed]
name = { padding = { multiple = 32 } }
contact_person = { padding = { multiple = 32 } }
email = { padding = { multiple = 32 }, index = { normaliser = "email" } }
phone = { padding = { to = 32 } }
date_of_birth = "date"

# The vendor master: companies, sealed under the tenant's key.
[schema.vendor]
row_id = "vendor_id"

[schema.vendor.plain]
vendor_id = "int"
country = "str"

[schema.vendor.sealed]
name = { index = { normaliser = "name" } }
address = "str"
email = { index = { normaliser = "email" } }
phone = "str"
"""

_KEYSTORE = """
[keystore]
url = "sqlite:///keys.db"
"""


def for_local() -> str:
    return f'[kek]\nkind = "local"\nfile = "demo.kek"\nprotect = "key"\n{_KEYSTORE}{SCHEMAS}'


def for_vault(*, address: str, key: str, role_id: str) -> str:
    lines = [
        "[kek]",
        'kind = "vault-transit"',
        f"address = {json.dumps(address)}",
        f"key = {json.dumps(key)}",
        'auth = "approle"',
        f"role_id = {json.dumps(role_id)}",
    ]
    return "\n".join(lines) + f"\n{_KEYSTORE}{SCHEMAS}"
