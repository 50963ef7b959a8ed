"""[schema.NAME] makes the same Schema as Python does."""

from __future__ import annotations

import re
import tomllib

import pytest

from fieldvault import Subject, Tenancy
from fieldvault.codec import NoPadding, PadTo, PadToMultiple, PadToPowerOfTwo
from fieldvault.config import template
from fieldvault.config.config import KEYRING_COUNTS, TABLES
from fieldvault.config.domains import DOMAIN_KEYS
from fieldvault.config.indexes import COMMON_KEYS, COMPOUND_KEYS, KINDS
from fieldvault.config.kek import APPROLE_KEYS, LOCAL_KEYS, TIME_KEYS, VAULT_KEYS
from fieldvault.config.passwords import PASSWORDS_KEYS, PROFILE_KEYS, SCHEME_KEYS
from fieldvault.config.rotation import TABLE_KEYS
from fieldvault.config.rules import RULE_KEYS
from fieldvault.config.schemas import PADDING_KEYS, SCHEMA_KEYS, SEALED_KEYS
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


def test_every_kind_of_index(load) -> None:
    schema = load(
        """
[schema.people]
row_id = "id"
[schema.people.plain]
id = "int"
[schema.people.sealed]
email = { index = { normaliser = "email", unique = true, shared = "e-mail" } }
old = { index = { kind = "md5", steps = ["trim", "lower"], name = "md5", unique = true } }
born = "date"
phone = { index = { kind = "suffix", normaliser = "phone", region = "GB", lengths = 4 } }
[schema.people.sealed.name]
index = [
  { kind = "prefix", normaliser = "name", lengths = [1, 3], bits = 32 },
  { kind = "word", normaliser = "name", column = "words" },
  { kind = "leaky-ngram", normaliser = "name", size = 4 },
]
[[schema.people.compound]]
name = "person"
parts = { name = "name", born = "exact" }
bits = 96
"""
    ).schema("people")
    assert [(type(one.index).__name__, *one.columns) for one in schema.indexes] == [
        ("ExactIndex", "email_index", "email_index_next"),
        ("Md5Index", "old_md5", "old_md5_next"),
        ("SuffixIndex", "phone_suffix_4"),
        ("PrefixIndex", "name_prefix_1", "name_prefix_3"),
        ("WordIndex", "words"),
        ("LeakyNgramIndex", "name_ngrams"),
        ("CompoundIndex", "person_index"),
    ]
    places = [slot.place for one in schema.indexes for slot in one.slots]
    assert [(place.kind, place.normaliser, place.bits) for place in places] == [
        ("exact", "email@1", 128), ("md5", "md5-trim-lower@1", 128), ("suffix-4", "phone@1", 128),
        ("prefix-1", "name@1", 32), ("prefix-3", "name@1", 32), ("word", "name@1", 128), ("ngram-4", "name@1", 16),
        ("compound", "name@1,exact@1", 96),
    ]  # fmt: skip
    assert places[0].domain == "e-mail"


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
        ("[schema.a.sealed.f]\nindex = { kind = 'word', unique = true }", r"sealed\.f\.index\.unique: there is no"),
        ("[schema.a.sealed.f]\nindex = { kind = 'words' }", r"sealed\.f\.index\.kind: is not one of"),
        (
            "[schema.a.sealed.f]\nindex = { normaliser = 'email', unique = true, bits = 32 }",
            r"f\.index: a unique index of 32 bits",
        ),
        ("[schema.a.sealed.f]\nindex = { kind = 'md5', steps = ['upper'] }", r"f\.index: a recipe's steps"),
        (
            "[schema.a.sealed.f]\nindex = { kind = 'prefix', normaliser = 'name', lengths = 'x' }",
            r"index\.lengths: must be a whole number",
        ),
        ("[[schema.a.compound]]\nname = 'c'\nparts = { f = 'name' }", r"compound\.parts\.f: is not a sealed field"),
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
    known |= {*SCHEMA_KEYS, *SEALED_KEYS, *PADDING_KEYS, *COMMON_KEYS, *COMPOUND_KEYS, "url", "timeout_seconds"}
    known |= {key for keys in KINDS.values() for key in keys}
    known |= {*PASSWORDS_KEYS, *SCHEME_KEYS, *PROFILE_KEYS}
    known |= {*TABLE_KEYS, "slowest_write_seconds", "lock_seconds", "sign_key", "kek_key"}
    known |= {*DOMAIN_KEYS, *RULE_KEYS, *(key for keys in RULE_KEYS.values() for key in keys)}
    assert not {key for key in known if key not in text}
    # Uncomment what is an assignment: the local KEK's lines replace none of the Vault's.
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    assignments = [line for line in lines if re.fullmatch(r"[a-z_]+ = [^ ].*", line) and '= "type"' not in line]
    names = {line.split(" = ")[0] for line in assignments}
    assert {"ca", "namespace", "role_id", "seal_null", "subject", "file", "protect", "cache_subjects"} <= names
    columns = {"email", "nickname", "iban", "note_id", "phone", "card", "national_id", "born", "died"}
    assert names - known <= {"name", "customer_id", "country", "date_of_birth"} | columns
    for line in assignments:
        tomllib.loads(line)
