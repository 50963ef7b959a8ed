"""The file as a whole: where it is found, what is refused, and how errors name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.config import load_config
from fieldvault.errors import ConfigurationError


def refusal(load, text: str, **options) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(text, **options)
    return caught.value


def test_file_is_named_by_the_environment_or_lies_in_this_folder(load, tmp_path, monkeypatch) -> None:
    path = load().path
    assert load_config(environ={"FIELDVAULT_CONFIG": str(path)}).path == path
    monkeypatch.chdir(tmp_path)
    assert load_config(environ={}).path == Path("fieldvault.toml")


def test_given_path_wins_over_the_environment(load) -> None:
    path = load().path
    assert load_config(path, environ={"FIELDVAULT_CONFIG": "/nowhere"}).path == path


def test_missing_file_hints_at_init(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing\.toml: there is no such file") as caught:
        load_config(tmp_path / "nothing.toml", environ={})
    assert "fieldvault init" in (caught.value.hint or "")


def test_file_that_is_not_toml(load) -> None:
    error = refusal(load, "[kek\nkind = 'local'", alone=True)
    assert "is not valid TOML" in error.message
    assert "line 1" in error.message


def test_file_that_is_not_utf8(tmp_path) -> None:
    path = tmp_path / "fieldvault.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(ConfigurationError, match="is not UTF-8") as caught:
        load_config(path, environ={})
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        ("[keyrings]\n", "keyrings", "keyring"),
        ("[keyring]\ncache_second = 3\n", "keyring.cache_second", "cache_seconds"),
        ("[schema.a]\nrowid = 'x'\n", "schema.a.rowid", "row_id"),
        ("[schema.a.sealed.b]\nrowbound = false\n", "schema.a.sealed.b.rowbound", "row_bound"),
        ("[schema.a.sealed.b]\npadding = { multipel = 3 }\n", "schema.a.sealed.b.padding.multipel", "multiple"),
        (
            "[schema.a.sealed.b]\nindex = { normalizer = 'email' }\n",
            "schema.a.sealed.b.index.normalizer",
            "normaliser",
        ),
    ],
)
def test_unknown_key_is_refused_with_its_place_and_the_nearest_known(load, tmp_path, text, place, meant) -> None:
    error = refusal(load, text)
    assert error.message == f"{tmp_path / 'fieldvault.toml'}: {place}: there is no such key"
    assert f"did you mean {meant}?" in (error.hint or "")
    assert "known here: " in (error.hint or "")


def test_key_that_is_no_bare_word_is_quoted_in_the_place(load) -> None:
    assert 'schema."a b".x: there is no such key' in refusal(load, "[schema.'a b']\nx = 1\n").message


@pytest.mark.parametrize(
    ("table", "key", "variable"),
    [
        ("kek", "token", "VAULT_TOKEN"),
        ("kek", "secret_id", "FIELDVAULT_VAULT_SECRET_ID"),
        ("kek", "passphrase", "FIELDVAULT_KEK_PASSPHRASE"),
        ("kek", "key", "FIELDVAULT_KEK_KEY"),
        ("keystore", "password", "FIELDVAULT_KEYSTORE_URL"),
    ],
)
def test_secret_in_the_file_is_refused_with_a_hint_where_it_belongs(load, table, key, variable) -> None:
    tables = {"kek": 'kind = "local"', "keystore": 'url = "sqlite:///k.db"'}
    tables[table] += f'\n{key} = "s3cret-canary"'
    text = "".join(f"[{name}]\n{body}\n" for name, body in tables.items())
    error = refusal(load, text, alone=True)
    assert f"{table}.{key}: a secret does not belong in this file" in error.message
    assert variable in (error.hint or "")
    assert "s3cret-canary" not in str(error)


def test_vault_token_in_the_file_is_refused(load) -> None:
    text = """
    [kek]
    kind = "vault-transit"
    address = "https://v"
    key = "k"
    auth = "token"
    token = "hvs.canary"
    """
    error = refusal(load, text, alone=True)
    assert "kek.token: a secret" in error.message
    assert "canary" not in str(error)


NAMES = {
    "schema.s.row_id",
    "schema.s.subject",
    "schema.s.plain.i",
    "schema.s.sealed.f.type",
    "schema.s.sealed.f.index.normaliser",
}
"""What these hold are names of fields, types and normalisers, which errors may show."""

_FULL = {
    "kek.kind": "local",
    "kek.file": "x",
    "kek.protect": "key",
    "keystore.url": "sqlite:///k.db",
    "keystore.timeout_seconds": 1,
    "keyring.cache_seconds": 1,
    "keyring.cache_uses": 1,
    "keyring.lease": 1,
    "schema.s.row_id": "i",
    "schema.s.subject": "i",
    "schema.s.tenancy": "global",
    "schema.s.plain.i": "int",
    "schema.s.sealed.f.type": "str",
    "schema.s.sealed.f.row_bound": True,
    "schema.s.sealed.f.seal_null": False,
    "schema.s.sealed.f.padding.multiple": 3,
    "schema.s.sealed.f.index.normaliser": "email",
    "schema.s.sealed.f.index.bits": 64,
    "schema.s.sealed.f.index.name": "n",
    "schema.s.sealed.f.index.column": "c",
}


def _written(values: dict[str, object]) -> str:
    return "".join(f"{place} = {_toml(value)}\n" for place, value in values.items())


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def test_the_full_set_loads(load) -> None:
    assert load(_written(_FULL), alone=True).schema("s").row_id == ("i",)


@pytest.mark.parametrize("place", _FULL)
def test_no_value_of_the_file_is_in_an_error(load, place) -> None:
    """A secret may stand where another value belongs. A control character makes nearly any text refusable."""
    values = {**_FULL, place: "canary\\u0001"}
    if place in {"kek.file", "keystore.url", "schema.s.sealed.f.index.column"}:
        load(_written(values), alone=True)  # looked at when they are used
        return
    error = refusal(load, _written(values), alone=True)
    if place not in NAMES:
        assert "canary" not in str(error)
    assert error.__context__ is None or "canary" not in str(error.__context__)
    assert place.split(".")[0] in error.message


@pytest.mark.parametrize(
    ("place", "value"),
    [("keyring.cache_uses", True), ("keyring.lease", "1"), ("kek.file", 3), ("schema.s.sealed.f.row_bound", 1)],
)
def test_value_of_another_type_is_refused(load, place, value) -> None:
    error = refusal(load, _written({**_FULL, place: value}), alone=True)
    assert f"{place}: must be" in error.message


def test_policy_that_contradicts_itself_names_its_table(load) -> None:
    assert "keyring: 1 <= lease" in refusal(load, "[keyring]\nlease = 10\nrotate_at = 5\n").message


def test_policy_is_read(load) -> None:
    policy = load("[keyring]\ncache_seconds = 7\nlease = 10\nrotate_at = 20\nrefuse_at = 30\n").policy
    assert (policy.cache_seconds, policy.lease, policy.rotate_at, policy.refuse_at) == (7.0, 10, 20, 30)


def test_schema_by_name_or_the_only_one(load) -> None:
    one = load("[schema.customer.plain]\nid = 'int'\n")
    assert one.schema() is one.schema("customer")
    with pytest.raises(ConfigurationError) as caught:
        one.schema("custmer")
    assert "did you mean customer?" in (caught.value.hint or "")
    two = load("[schema.a.plain]\nid = 'int'\n[schema.b.plain]\nid = 'int'\n")
    with pytest.raises(ConfigurationError, match="several schemas"):
        two.schema()
    with pytest.raises(ConfigurationError, match="no schema"):
        load().schema()


def test_config_does_not_show_its_environment(load) -> None:
    config = load(environ={"FIELDVAULT_KEK_KEY": "canary", "FIELDVAULT_KEYSTORE_URL": "postgresql://u:canary@h/d"})
    assert "canary" not in repr(config)
