"""The `fieldvault.toml` that `fieldvault init` writes: every key that may stand in it, with what it means."""

from __future__ import annotations

import json

_HEAD = """\
# fieldvault.toml: where keys come from, and which fields are sealed.
#
# No secret belongs in this file; one that is found here is refused. Secrets come from the environment, each from a
# variable NAME or from the file that NAME_FILE points to. Paths here are relative to this file. Other programs
# find it by FIELDVAULT_CONFIG=/path/to/fieldvault.toml.

# --- What wraps the data keys: "local" for development, "vault-transit" for production ------------------------
"""

_LOCAL = """\
[kek]
kind = "local"
file = {file}
# "passphrase": FIELDVAULT_KEK_PASSPHRASE, or asked for on a terminal.
# "key": FIELDVAULT_KEK_KEY, 32 bytes in base64url.
protect = {protect}
"""

_VAULT = """\
[kek]
kind = "vault-transit"
# The server's https URL; without it, VAULT_ADDR is used. For http beyond loopback: insecure_http = true
address = {address}
mount = "transit"
key = {key}
# namespace = "team-a"
# The server's CA, a PEM file; without it, the public CAs.
# ca = "vault-ca.pem"
# How to log in:
#   "token"        VAULT_TOKEN
#   "approle"      role_id here, FIELDVAULT_VAULT_SECRET_ID (none is sent with bind_secret_id = false)
#   "kubernetes"   role here; the pod's service account token, or FIELDVAULT_VAULT_JWT
#   "jwt"          role here (optional), FIELDVAULT_VAULT_JWT
# auth_mount is where that login is mounted, by default its own name.
auth = "token"
# auth_mount = "approle"
# role_id = "00000000-0000-0000-0000-000000000000"
# bind_secret_id = true
# role = "customers-app"
# How long a call to the server may take: in all, retries included; to connect; between two reads.
# budget_seconds = 30.0
# connect_seconds = 3.05
# read_seconds = 10.0
"""

_REST = """\
# --- Where the wrapped keys are kept: a few tables beside the data ---------------------------------------------
[keystore]
# sqlite:///file, postgresql://user@host/database or mysql://user@host/database. FIELDVAULT_KEYSTORE_URL replaces
# it; that is the place for a URL with a password.
url = "sqlite:///fieldvault-keys.db"
# timeout_seconds = 10.0

# --- How keys are used ------------------------------------------------------------------------------------------
[keyring]
# How long an unwrapped key is kept. A shredded key stops working in other processes after at most this long.
# cache_seconds = 300
# How many values it seals or opens before it is unwrapped anew; how many data keys and subjects' keys are kept.
# cache_uses = 2147483648
# cache_keys = 10000
# cache_subjects = 20000
# How many encryptions a process reserves at a time; at how many a new key is made; how many are never exceeded.
# lease = 1048576
# rotate_at = 2147483648
# refuse_at = 4294967295

# --- The application's own database, for `fieldvault lint` and what mends tables ---------------------------------
# [database]
# As keystore.url. FIELDVAULT_DATABASE_URL replaces it; that is the place for a URL with a password.
# url = "sqlite:///app.db"
# timeout_seconds = 60

# --- The tables of [database] that are sealed, all of them: for `fieldvault index`, and for `keys retire` --------
# [rotation]
# The longest time from sealing a record to the commit of its row, and from index_values to the end of its query.
# slowest_write_seconds = 60
# How long a run of `fieldvault keys` that was killed keeps others out.
# lock_seconds = 60
# [rotation.table.customer]
# schema = "customer"
# name = "public.customer"
# Columns that are unique together, by default the schema's row_id.
# key = "customer_id"
# Where rows of several tenants are in it: the column that says whose a row is.
# tenant_column = "tenant"
# How index values are written: "binary" or "text".
# form = "binary"

# --- Which fields are sealed: one [schema.NAME] for each table or file. Change this example. ---------------------
[schema.customer]
# The plain field (or a list of them) that names a row for ever. A row-bound value opens in its own row only.
row_id = "customer_id"
# The plain field that says whose data a row is. Then each person has a key, and shredding it erases the person.
# Schemas that hold data of the same persons name their kind alike; a field alone makes persons of this schema only.
# subject = "customer_id"
# subject = { field = "customer_id", kind = "customer" }
# "per-tenant": each tenant has its own keys. "global": one set for all, for what must be unique over tenants.
tenancy = "per-tenant"

# Columns that stay readable, with their types. Types: str, bytes, int, bool, float, Decimal, date, datetime, time,
# UUID, json.
[schema.customer.plain]
customer_id = "int"
country = "str"

# Columns that are sealed: NAME = "type", or a table.
[schema.customer.sealed]
name = { type = "str", padding = { multiple = 32 } }
date_of_birth = "date"

[schema.customer.sealed.email]
type = "str"
# Bound to its row: it cannot be moved to another one. (This is the default.)
row_bound = true
# Seal empty cells too, so that nobody sees which are empty. Not with an index.
# seal_null = false
# Hide the length: { multiple = 32 }, { power_of_two = 16 } or { to = 64 }.
padding = { multiple = 32 }
# Make it searchable by equality; a list of tables makes several indexes.
#   normaliser: email, phone, name, text or exact; phone takes region = "GB" for numbers without a country code
#   bits: fewer make values collide on purpose
#   name: tells a field's indexes apart
#   column: where the values go, by default FIELD_NAME
#   unique = true: no two rows may share a value; a second column, COLUMN_next, keeps that while keys are rotated
#   shared = "e-mail": equal values in every table that shares the name, so that they join
#   few_values = true: accept that an index on a bool, or on an enum of fewer than 16, shows the whole column
#   kind: "exact" if left out; "prefix" and "suffix" with lengths = [3]; "word"; "leaky-ngram" with size = 3;
#     "md5" with steps = ["trim", "lower"] in place of a normaliser, over what a legacy column md5(email) holds
index = { normaliser = "email", bits = 128, name = "index", column = "email_index" }

# Searchable by several fields together.
# [[schema.customer.compound]]
# name = "person"
# parts = { name = "name", date_of_birth = "exact" }
"""

_PASSWORDS = """\
# --- A table of MD5 passwords that is to become Argon2id: `fieldvault passwords`. It needs nothing of the above. --
[passwords]
# As keystore.url. FIELDVAULT_PASSWORDS_URL replaces it; that is the place for a URL with a password.
url = "sqlite:///app.db"
table = "users"
# schema = "public"
# A unique column, or a list of columns that are unique together.
id = "id"
# The column of the stored passwords. It must hold text of 512 characters.
column = "password"
# The salt's column, for schemes whose salt is apart; a scheme may name another one.
# salt = "salt"
# Where rows of several schemes look alike: the column that says which scheme made a row; see `when`.
# scheme_from = "hash_type"
# For `report` and `expire`: when a user logged in last, and when the old hashes are to be gone.
# last_login = "last_login"
# deadline = 2027-06-30
# What a new hash costs: "rfc-9106-low-memory" (64 MiB), "rfc-9106-high-memory", "owasp-minimum", "django", or
# { memory_kib = 65536, passes = 3, lanes = 4 }. `fieldvault passwords calibrate` measures this machine.
profile = "rfc-9106-low-memory"
# memory_kib = 65536
# passes = 3
# lanes = 4
# All hashes under way together take no more than this.
# memory_mib = 1024
# A key of the Vault of [kek]: what is hashed is first put through its HMAC there. Every later login then needs the
# Vault, and hashers in programs need the pepper of the same name (by default the key's). Not to be changed later.
# pepper = "password-pepper"
# pepper_name = "password-pepper"
# Two Unicode spellings of a password are two passwords ("as-given"), or one ("nfc").
# text = "as-given"

# Shapes with a marker (Django's md5$, {MD5}, {SMD5}, $1$, $apr1$, Sun's $md5, phpass, MediaWiki's) are recognised.
# Those without one are declared here, each under a name, and proved by `fieldvault passwords prove`.
#   md5(x) sha1(x) hmac_md5(key, x) raw(digest) upper(x) lower(x) trim(x) left(x, n) + 'literal'
#   password, salt, and site_key: a salt of the whole site, from FIELDVAULT_PASSWORDS_SITE_KEY
#   encoding: utf-8, latin-1, cp1252 or utf-16-le; form: hex, upper-hex, base64 or raw
#   salt_after, salt_before: the salt is in the same column, after or before the digest and this separator
#   marked: "postgresql-md5", whose salt is the role's name in a column of its own
[passwords.scheme.forum]
expression = "md5(md5(password) + salt)"
# encoding = "utf-8"
# form = "hex"
# salt_after = ":"
# salt_before = ":"
# marked = "postgresql-md5"
salt = "salt"
# when = "vb3"
"""

_DOMAINS = """\
# --- Who revealed, linked or destroyed what, and why. Without it nothing of a domain is revealed. -----------------
[audit]
file = "audit.jsonl"
# The log's name, where several hosts write logs of their own; a transit key that signs checkpoints.
# name = "audit"
# sign_key = "audit-signing"
# A transit key that wraps the audit keys, in place of [kek]'s, for roles that may use no other data key.
# kek_key = "audit-wrapping"

# --- A recipient or a purpose that files are pseudonymised for: `fieldvault domains`, `pseudonymise` --------------
[domain.research]
# "per-tenant": a domain of each tenant. "global": one over all tenants.
tenancy = "per-tenant"
# The token table, for look-up tokens; as keystore.url. FIELDVAULT_TOKENS_URL replaces it.
url = "sqlite:///tokens.db"
# A second key of the Vault of [kek]: whoever may only encrypt under it pseudonymises and cannot reverse.
# sealing_key = "research-reveal"

# What becomes of each column; one without a rule is refused. NAME = "kind", or a table. name and version belong to
# every kind of token: columns and files that share a name join, and who changes a rule takes the next version.
[domain.research.columns]
country = "keep"                                         # readable; type = "int" where it is no text
name = "drop"
customer_id = { token = "siv", type = "int" }            # ft1.…, reversible
email = { token = "siv", normaliser = "email" }          # also: region, for the normaliser phone
nickname = { token = "one-way", bits = 128 }             # fp1.…, nobody can reverse it
iban = "lookup"                                          # fl1.…, random, its value in the token table
note_id = "fresh-lookup"                                 # the same, another one each time
phone = { token = "phone", region = "GB" }
card = { token = "card", luhn = "invalid", keep_first = 0, keep_last = 4 }
national_id = { token = "format", alphabet = "0123456789", keep_first = 2 }
born = { token = "date-shift", days = 30, subject = "customer_id", name = "dates" }
died = { token = "never-zero-date-shift", days = 30, subject = "customer_id", type = "date" }
"""


def for_local(*, file: str, protect: str) -> str:
    """A file for a local KEK, with the Vault's keys as comments."""
    chosen = _LOCAL.format(file=_quoted(file), protect=_quoted(protect))
    other = _VAULT.format(address=_quoted("https://vault.example.com:8200"), key=_quoted("customers"))
    return f"{_HEAD}{chosen}\n{_as_comment(other)}\n{_REST}\n{_as_comment(_DOMAINS)}\n{_as_comment(_PASSWORDS)}"


def for_vault(*, address: str, key: str) -> str:
    """A file for a Vault's transit key, with the local KEK's keys as comments."""
    chosen = _VAULT.format(address=_quoted(address), key=_quoted(key))
    other = _LOCAL.format(file=_quoted("fieldvault.kek"), protect=_quoted("passphrase"))
    return f"{_HEAD}{chosen}\n{_as_comment(other)}\n{_REST}\n{_as_comment(_DOMAINS)}\n{_as_comment(_PASSWORDS)}"


def _as_comment(text: str) -> str:
    return "".join(f"# {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _quoted(text: str) -> str:
    # A JSON string of printable text is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)
