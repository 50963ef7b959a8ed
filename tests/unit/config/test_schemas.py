"""[schema.NAME] makes the same Schema as Python does."""

from __future__ import annotations

import re
import tomllib

import pytest

from fieldvault import Subject, Tenancy
from fieldvault.codec import NoPadding, PadTo, PadToMultiple, PadToPowerOfTwo
from fieldvault.config import template
from fieldvault.config.config import KEYRING_COUNTS, TABLES
from fieldvault.config.kek import APPROLE_KEYS, LOCAL_KEYS, TIME_KEYS, VAULT_KEYS
from fieldvault.config.passwords import PASSWORDS_KEYS, PROFILE_KEYS, SCHEME_KEYS
from fieldvault.config.schemas import INDEX_KEYS, PADDING_KEYS, SCHEMA_KEYS, SEALED_KEYS
from fieldvault.errors import ConfigurationError

CUSTOMER = """
[schema.customer]
row_id = ["customer_id", "branch"]
subject = "customer_id"
tenancy = "global"

[schema.customer.plain]
customer_id = "int"
branch = "str"

[schema.customer.sealed]
notes = "json"
vip = { type = "bool", row_bound = false, seal_null = true, padding = { to = 16 } }

[schema.customer.sealed.email]
padding = { multiple = 32 }
index = [{ normaliser = "email", bits = 64, column = "email_ix" }, { normaliser = "exact", name = "same" }]

[schema.customer.sealed.phone]
padding = { power_of_two = 16 }
index = { normaliser = "phone@1", region = "GB" }
"""


def test_every_key_has_its_meaning(load) -> None:
    schema = load(CUSTOMER).schema("customer")
    assert schema.row_id == ("customer_id", "branch")
    assert schema.subject == Subject("customer_id", kind="customer")
    assert schema.tenancy is Tenancy.GLOBAL
    assert schema.plain["customer_id"].codec.python_type is int
    notes, vip, email, phone = (schema.sealed[name] for name in ("notes", "vip", "email", "phone"))
    assert notes.codec.name == "json"
    assert (notes.row_bound, notes.seal_null, notes.padding) == (True, False, NoPadding())
    assert (vip.row_bound, vip.seal_null, vip.padding) == (False, True, PadTo(16))
    assert email.codec.python_type is str
    assert email.padding == PadToMultiple(32)
    assert [(index.normaliser.name, index.bits, email.index_column(index)) for index in email.indexes] == [
        ("email@1", 64, "email_ix"),
        ("exact@1", 128, "email_same"),
    ]
    assert phone.padding == PadToPowerOfTwo(16)
    assert repr(phone.indexes[0].normaliser) == "Phone(default_region='GB')"


def test_tenancy_is_per_tenant_unless_said(load) -> None:
    assert load("[schema.a.plain]\nid = 'int'\n").schema().tenancy is Tenancy.PER_TENANT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[schema.a.plain]\nid = 'integer'", r"schema\.a\.plain\.id: there is no field type"),
        ("[schema.a.sealed]\nf = 'text'", r"schema\.a\.sealed\.f: there is no field type"),
        ("[schema.a.sealed.f]\ntype = 'text'", r"schema\.a\.sealed\.f\.type: there is no field type"),
        ("[schema.a.sealed]\nf = 3", r"schema\.a\.sealed\.f: must be a table"),
        ("[schema.a.sealed]\nf = 'str'", r"schema\.a: .*no row_id"),
        ("[schema.a]\nsubject = 's'", r"schema\.a: .*one of the plain fields"),
        ("[schema.a]\ntenancy = 'one'", r"schema\.a\.tenancy: is not one of"),
        ("[schema.a.sealed.f]\npadding = { to = 16, multiple = 3 }", r"sealed\.f\.padding: must say one thing"),
        ("[schema.a.sealed.f]\npadding = {}", r"sealed\.f\.padding: must say one thing"),
        ("[schema.a.sealed.f]\npadding = { to = 1 }", r"sealed\.f\.padding\.to: a padding's length"),
        ("[schema.a.sealed.f]\npadding = { power_of_two = 17 }", r"padding\.power_of_two: .*power of two"),
        ("[schema.a.sealed.f]\nindex = { bits = 3 }", r"sealed\.f\.index\.normaliser: is missing"),
        ("[schema.a.sealed.f]\nindex = { normaliser = 'mail' }", r"index\.normaliser: there is no normaliser"),
        (
            "[schema.a.sealed.f]\nindex = { normaliser = 'email', region = 'GB' }",
            r"normaliser: email@1 has no region",
        ),
        (
            "[schema.a.sealed.f]\nindex = { normaliser = 'phone', region = 'XX' }",
            r"normaliser: the phone normaliser",
        ),
        ("[schema.a.sealed.f]\nindex = 'email'", r"sealed\.f\.index: must be a table"),
        ("[schema.a.sealed.f]\nseal_null = true\nindex = { normaliser = 'email' }", r"sealed\.f: .*sealed null"),
    ],
)
def test_what_a_schema_refuses_is_reported_with_its_place(load, text, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(text)


@pytest.mark.parametrize("protect", ["passphrase", "key"])
def test_template_for_a_local_kek_loads(load, protect) -> None:
    config = load(template.for_local(file='odd "name\\.kek', protect=protect), alone=True)
    assert config.kek.protect == protect  # type: ignore[union-attr]
    assert config.kek.file.name == 'odd "name\\.kek'  # type: ignore[union-attr]
    assert set(config.schema("customer").sealed) == {"name", "date_of_birth", "email"}


def test_template_for_a_vault_loads(load) -> None:
    config = load(template.for_vault(address="https://v:8200", key="k"), alone=True)
    assert config.kek.address == "https://v:8200"  # type: ignore[union-attr]


def test_template_shows_every_key_and_every_commented_key_is_real(load) -> None:
    text = template.for_vault(address="https://v:8200", key="k")
    known = {*TABLES, *LOCAL_KEYS, *VAULT_KEYS, *APPROLE_KEYS, *TIME_KEYS, *KEYRING_COUNTS, "cache_seconds"}
    known |= {*SCHEMA_KEYS, *SEALED_KEYS, *PADDING_KEYS, *INDEX_KEYS, "url", "timeout_seconds"}
    known |= {*PASSWORDS_KEYS, *SCHEME_KEYS, *PROFILE_KEYS}
    assert not {key for key in known if key not in text}
    # Uncomment what is an assignment: the local KEK's lines replace none of the Vault's.
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    assignments = [line for line in lines if re.fullmatch(r"[a-z_]+ = [^ ].*", line) and '= "type"' not in line]
    names = {line.split(" = ")[0] for line in assignments}
    assert {"ca", "namespace", "role_id", "seal_null", "subject", "file", "protect", "cache_subjects"} <= names
    assert names - known <= {"name", "customer_id", "country", "date_of_birth"}
    for line in assignments:
        tomllib.loads(line)
