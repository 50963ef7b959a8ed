"""KEK and key store from the file and the environment."""

from __future__ import annotations

import secrets
import sqlite3
import warnings
from contextlib import closing

import pytest

from fieldvault import RecordCipher
from fieldvault.config import LocalKekConfig, VaultKekConfig
from fieldvault.errors import ConfigurationError
from fieldvault.kek.local import LocalKek, LocalKekWarning, ProtectionKey
from fieldvault.kek.vault_transit import VaultTransitKek

VAULT = """
[keystore]
url = "sqlite:///keys.db"
[kek]
kind = "vault-transit"
address = "https://vault.example.com:8200"
key = "customers"
"""


@pytest.fixture
def _local_kek_is_meant():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LocalKekWarning)
        yield


@pytest.mark.usefixtures("_local_kek_is_meant")
@pytest.mark.parametrize("by_file", [False, True])
def test_keyrings_put_together_from_file_and_environment(load, tmp_path, by_file) -> None:
    key = secrets.token_urlsafe(32)
    (tmp_path / "kek.key").write_text(key + "\n")
    environ = {"FIELDVAULT_KEK_KEY_FILE": str(tmp_path / "kek.key")} if by_file else {"FIELDVAULT_KEK_KEY": key}
    text = '[kek]\nkind="local"\nprotect="key"\nfile="sub/my.kek"\n[keystore]\nurl="sqlite:///sub/keys.db"\n'
    text += "[schema.s.sealed]\nf = {row_bound = false}\n"
    (tmp_path / "sub").mkdir()
    LocalKek.create(tmp_path / "sub" / "my.kek", ProtectionKey(key))
    config = load(text, alone=True, environ=environ)
    with config.build_keystore() as store:
        store.create()
    keyrings = config.keyrings()
    cipher = RecordCipher(config.schema(), keyrings, tenant="t")
    assert cipher.open(cipher.seal({"f": "x"})) == {"f": "x"}
    with closing(sqlite3.connect(tmp_path / "sub" / "keys.db")) as database:
        assert database.execute("SELECT count(*) FROM fieldvault_data_keys").fetchone() == (1,)


@pytest.mark.usefixtures("_local_kek_is_meant")
def test_passphrase_is_asked_for_only_where_the_environment_has_none(load, tmp_path) -> None:
    asked: list[str] = []

    def prompt(what: str) -> str:
        asked.append(what)
        return "from the person"

    config = load(environ={"FIELDVAULT_KEK_PASSPHRASE": "from the environment"})
    assert isinstance(config.kek, LocalKekConfig)
    made = LocalKek.create(config.kek.file, config.kek.protection(config.environment, prompt))
    assert asked == []
    assert config.build_kek(prompt).name == made.name
    other = load(environ={})
    with pytest.raises(Exception, match="does not open the local KEK"):
        other.build_kek(prompt)
    assert asked == [f"Passphrase of {tmp_path / 'fieldvault.kek'}"]


@pytest.mark.usefixtures("_local_kek_is_meant")
@pytest.mark.parametrize("protect", ["passphrase", "key"])
def test_missing_secret_names_both_variables(load, protect) -> None:
    config = load(f'[kek]\nkind="local"\nprotect="{protect}"\n[keystore]\nurl="sqlite:///k.db"\n', alone=True)
    with pytest.raises(ConfigurationError) as caught:
        config.build_kek()
    name = f"FIELDVAULT_KEK_{protect.upper()}"
    assert name in caught.value.message
    assert f"{name}_FILE" in (caught.value.hint or "")


def test_secret_in_two_places_is_refused(load) -> None:
    config = load(environ={"FIELDVAULT_KEK_PASSPHRASE": "canary", "FIELDVAULT_KEK_PASSPHRASE_FILE": "/x"})
    with pytest.raises(ConfigurationError, match="both FIELDVAULT_KEK_PASSPHRASE and") as caught:
        config.build_kek()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "environ"),
    [
        ('auth = "token"', {"VAULT_TOKEN": "t"}),
        ('auth = "token"', {"VAULT_TOKEN_FILE": "/run/token"}),
        ('auth = "approle"\nrole_id = "r"', {"FIELDVAULT_VAULT_SECRET_ID": "s"}),
        ('auth = "approle"\nrole_id = "r"\nbind_secret_id = false', {}),
        ('auth = "kubernetes"\nrole = "r"\nauth_mount = "k8s/a"', {}),
        ('auth = "kubernetes"\nrole = "r"', {"FIELDVAULT_VAULT_JWT_FILE": "/run/jwt"}),
        ('auth = "jwt"\nrole = "r"', {"FIELDVAULT_VAULT_JWT": "j"}),
    ],
)
def test_each_login_builds(load, keys, environ) -> None:
    kek = load(f"{VAULT}{keys}\nnamespace = 'n'\nmount = 'm'\n", alone=True, environ=environ).build_kek()
    assert isinstance(kek, VaultTransitKek)
    assert kek.name == "vault-transit:m/customers@n"


@pytest.mark.parametrize(
    ("auth", "name"),
    [
        ('auth = "token"', "VAULT_TOKEN"),
        ('auth = "approle"\nrole_id = "r"', "FIELDVAULT_VAULT_SECRET_ID"),
        ('auth = "jwt"', "FIELDVAULT_VAULT_JWT"),
    ],
)
def test_login_without_its_secret_says_which_variable(load, auth, name) -> None:
    config = load(f"{VAULT}{auth}\n", alone=True)
    with pytest.raises(ConfigurationError, match=f"{name} is not set"):
        config.build_kek()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (VAULT, "kek.auth: is missing"),
        (VAULT + "auth = 'ldap'", "kek.auth: is not one of"),
        (VAULT + "auth = 'approle'", "kek.role_id: is missing"),
        (VAULT + "auth = 'kubernetes'", "kek.role: is missing"),
        (VAULT.replace("key =", "mount =") + "auth = 'token'", "kek.key: is missing"),
        (VAULT + "auth = 'token'\nbudget_seconds = 0", "kek.budget_seconds: must be more than 0"),
        ("[kek]\nfile = 'x'", "kek.kind: is missing"),
    ],
)
def test_incomplete_kek_is_refused(load, text, place) -> None:
    with pytest.raises(ConfigurationError, match=place):
        load(text, alone=True)


def test_vault_address_may_come_from_the_environment_and_the_file_wins(load) -> None:
    text = VAULT + "auth = 'token'"
    kek = load(text, alone=True, environ={"VAULT_ADDR": "https://elsewhere"}).kek
    assert isinstance(kek, VaultKekConfig)
    assert kek.address == "https://vault.example.com:8200"
    without = load(
        text.replace('address = "https://vault.example.com:8200"', ""),
        alone=True,
        environ={"VAULT_ADDR": "https://elsewhere"},
    ).kek
    assert isinstance(without, VaultKekConfig)
    assert without.address == "https://elsewhere"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:canary@host/db",
        "postgresql+psycopg://user:can/ary@host/db",
        "mysql://user:@host/db",
        "postgresql://host/db?password=canary",
        "postgresql://host/db?sslmode=require&sslpassword=canary",
    ],
)
def test_password_in_the_files_url_is_refused(load, url) -> None:
    with pytest.raises(ConfigurationError, match="a password does not belong in this file") as caught:
        load(f'[kek]\nkind="local"\n[keystore]\nurl="{url}"\n', alone=True)
    assert "FIELDVAULT_KEYSTORE_URL" in (caught.value.hint or "")
    assert "ary" not in str(caught.value).replace("Summary", "")


@pytest.mark.parametrize(
    "url",
    ["postgresql://user@host/db", "postgresql://host:5432/db", "sqlite:////var/lib/k.db", "sqlite:///a@b:c.db"],
)
def test_url_without_a_password_is_taken(load, url) -> None:
    assert load(f'[kek]\nkind="local"\n[keystore]\nurl="{url}"\n', alone=True).keystore.url == url


def test_url_of_the_environment_wins_and_may_hold_a_password(load) -> None:
    store = load(environ={"FIELDVAULT_KEYSTORE_URL": "postgresql://u:canary@h/d"}).keystore
    assert store.url.startswith("postgresql://")
    assert "canary" not in repr(store)
    assert "canary" not in repr(store.build())


def test_relative_sqlite_path_is_relative_to_where_it_was_written(load, tmp_path, monkeypatch) -> None:
    assert load().keystore.sqlite_file() == tmp_path / "keys.db"
    monkeypatch.chdir("/")
    by_environment = load(environ={"FIELDVAULT_KEYSTORE_URL": "sqlite:///there/keys.db"}).keystore
    assert str(by_environment.sqlite_file()) == "/there/keys.db"


def test_missing_url_is_refused(load) -> None:
    with pytest.raises(ConfigurationError, match=r"keystore\.url: is missing"):
        load('[kek]\nkind="local"\n', alone=True)
