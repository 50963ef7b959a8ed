"""`[passwords]`: read, checked, and made into a migration's parts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fieldvault.config import load_passwords, template
from fieldvault.config.config import load_config
from fieldvault.errors import ConfigurationError
from fieldvault.passwords import OWASP_MINIMUM, POSTGRESQL_MD5, RFC_9106_LOW_MEMORY, Expression

SMALL = '[passwords]\nurl = "sqlite:///app.db"\ntable = "users"\n'


@pytest.fixture
def loaded(tmp_path: Path):
    def load(text: str, **environ: str):
        path = tmp_path / "fieldvault.toml"
        path.write_text(text, encoding="utf-8")
        return load_passwords(path, environ=environ)

    return load


def test_a_file_may_hold_nothing_else(loaded) -> None:
    config = loaded(SMALL)
    assert (config.table, config.column, config.id) == ("users", "password", ("id",))
    assert config.argon2() == RFC_9106_LOW_MEMORY
    assert config.schemes == ()


def test_the_template_loads_without_its_comment_marks(loaded, tmp_path) -> None:
    text = template.for_local(file="k", protect="key")
    start = text.index("# [passwords]\n")
    config = loaded("".join(line.removeprefix("# ") for line in text[start:].splitlines(keepends=True)))
    [forum] = config.schemes
    assert config.scheme(forum).name == "md5(md5(password)+salt)"
    assert config.build_column().others == ("salt",)


def test_the_whole_file_may_have_the_section_and_load_config_passes_over_it(tmp_path) -> None:
    path = tmp_path / "fieldvault.toml"
    path.write_text(template.for_local(file="k", protect="key") + SMALL, encoding="utf-8")
    assert load_config(path, environ={}).schemas


def test_every_key(loaded) -> None:
    config = loaded(
        SMALL
        + """
schema = "app"
id = ["tenant", "user"]
column = "hash"
salt = "salt"
scheme_from = "kind"
last_login = "seen"
deadline = 2027-06-30
profile = "owasp-minimum"
text = "nfc"
memory_mib = 512

[passwords.scheme.forum]
expression = "md5(password + salt)"
encoding = "latin-1"
when = "f"

[passwords.scheme.shop]
expression = "md5(salt + password)"
salt_after = ":"

[passwords.scheme.roles]
marked = "postgresql-md5"
salt = "rolname"
"""
    )
    assert config.argon2() == OWASP_MINIMUM
    assert config.deadline == datetime(2027, 6, 30, tzinfo=UTC)
    assert config.nfc
    column = config.build_column(last_login=True)
    assert column.name == "app.users.hash"
    assert column.others == ("salt", "rolname", "kind", "seen")
    declared = {one.label: one for one in config.build_sorter().declared}
    assert declared["forum"].scheme == Expression("md5(password+salt)", encoding="latin-1")
    assert not declared["shop"].scheme.salt_is_apart
    assert declared["roles"].scheme is POSTGRESQL_MD5


def test_a_profile_of_ones_own(loaded) -> None:
    config = loaded(SMALL + "profile = { memory_kib = 16, passes = 2, lanes = 1 }\n")
    assert (config.argon2().memory_kib, config.argon2().passes, config.argon2().lanes) == (16, 2, 1)
    assert config.build_hasher().profile == config.argon2()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[passwords]\ntable = "users"\n', "passwords.url"),
        ('[passwords]\nurl = "sqlite:///a"\n', "passwords.table"),
        ('[passwords]\nurl = "postgresql://u:canary@h/d"\ntable = "users"\n', "passwords.url"),
        (SMALL + 'tabel = "x"\n', "passwords.tabel"),
        (SMALL + 'password = "canary"\n', "passwords.password"),
        (SMALL + 'deadline = "soon"\n', "passwords.deadline"),
        (SMALL + 'profile = "best"\n', "passwords.profile"),
        (SMALL + "profile = { memory_kib = 16 }\n", "passwords.profile.passes"),
        (SMALL + '[passwords.scheme.a]\nexpression = "md5(canary"\n', "passwords.scheme.a.expression"),
        (SMALL + '[passwords.scheme.a]\nexpression = "md5(password + salt)"\n', "passwords.scheme.a.salt"),
        (SMALL + '[passwords.scheme.a]\nexpression = "md5(password)"\nwhen = "x"\n', "passwords.scheme.a.when"),
        (SMALL + '[passwords.scheme.a]\nexpression = "md5(password)"\nsite_key = "canary"\n', "scheme.a.site_key"),
        (SMALL + '[passwords.scheme.a]\nmarked = "postgresql-md5"\n', "passwords.scheme.a.salt"),
    ],
)
def test_what_is_wrong_is_named_by_its_place_and_no_value_is_shown(loaded, text: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        loaded(text)
    assert place in str(raised.value)
    assert "canary" not in str(raised.value)


def test_a_file_without_the_section_says_so(loaded) -> None:
    with pytest.raises(ConfigurationError, match=r"\[passwords\]"):
        loaded("[keystore]\n")


def test_the_environment_replaces_the_url_and_holds_the_site_key(loaded, tmp_path) -> None:
    secret = tmp_path / "site.key"
    secret.write_text("pepper\n")
    text = SMALL + '[passwords.scheme.a]\nexpression = "md5(site_key + password)"\n'
    config = loaded(
        text, FIELDVAULT_PASSWORDS_URL="sqlite:///other.db", FIELDVAULT_PASSWORDS_SITE_KEY_FILE=str(secret)
    )
    assert config.url == "sqlite:///other.db"
    expected = Expression("md5(site_key+password)", site_key="pepper")
    assert config.scheme(config.schemes[0]).digest("p", b"") == expected.digest("p", b"")
    assert "other" not in repr(config)
    with pytest.raises(ConfigurationError, match="FIELDVAULT_PASSWORDS_SITE_KEY"):
        loaded(text).build_sorter()


VAULT = '[kek]\nkind = "vault-transit"\naddress = "https://v:8200"\nkey = "k"\nauth = "token"\n'


def test_a_pepper_is_of_the_vault_of_the_same_file(loaded) -> None:
    config = loaded(VAULT + SMALL + 'pepper = "peppers"\npepper_name = "main"\n', VAULT_TOKEN="canary")
    assert "peppered" in repr(config.build_hasher())
    assert "canary" not in repr(config)


@pytest.mark.parametrize("kek", ["", '[kek]\nkind = "local"\n'])
def test_a_pepper_without_a_vault_is_refused(loaded, kek: str) -> None:
    with pytest.raises(ConfigurationError, match=r"passwords\.pepper"):
        loaded(kek + SMALL + 'pepper = "peppers"\n')
