"""`init`: what it writes, with which modes, and that it neither overwrites nor shows anything."""

from __future__ import annotations

import stat

import pytest

from fieldvault.config import load_config


def test_files_and_modes(project) -> None:
    assert load_config().path.name == "fieldvault.toml"
    for private in ("fieldvault.kek", "kek.key", "fieldvault-keys.db"):
        assert stat.S_IMODE((project / private).stat().st_mode) == 0o600


def test_key_is_written_and_never_shown(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init", "--protect", "key", "--key-file", "kek.key")
    key = (tmp_path / "kek.key").read_text().strip()
    assert len(key) == 43
    assert key not in result.output
    assert f"FIELDVAULT_KEK_KEY_FILE={tmp_path / 'kek.key'}" in result.stderr
    assert result.stdout == ""
    assert "a local KEK is for development" in result.stderr


def test_passphrase_from_the_environment(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIELDVAULT_KEK_PASSPHRASE", "canary passphrase")
    result = run("init")
    assert result.exit_code == 0
    assert "canary" not in result.output
    assert run("doctor").exit_code == 0
    monkeypatch.setenv("FIELDVAULT_KEK_PASSPHRASE", "another")
    assert run("doctor").exit_code == 1


def test_nobody_to_ask_and_nothing_set_leaves_nothing_behind(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init")
    assert result.exit_code == 3
    assert "FIELDVAULT_KEK_PASSPHRASE" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(project, run) -> None:
    before = {path: path.read_bytes() for path in project.iterdir()}
    result = run("init", "--protect", "key")
    assert result.exit_code == 3
    assert "exists already" in result.stderr
    assert {path: path.read_bytes() for path in project.iterdir()} == before


@pytest.mark.parametrize("there", ["fieldvault.kek", "kek.key"])
def test_present_key_file_stops_it_and_stays(tmp_path, monkeypatch, run, there) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / there).write_text("precious")
    result = run("init", "--protect", "key", "--key-file", "kek.key")
    assert result.exit_code in (3, 4)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "precious")]


def test_key_store_that_cannot_be_made_undoes_the_rest(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIELDVAULT_KEYSTORE_URL", "sqlite:///no/such/folder/keys.db")
    result = run("init", "--protect", "key", "--key-file", "kek.key")
    assert result.exit_code == 5
    assert list(tmp_path.iterdir()) == []


def test_config_option_says_where(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc").mkdir()
    assert run("--config", "etc/mine.toml", "init", "--protect", "key", "--key-file", "k").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == [
        "fieldvault-keys.db",
        "fieldvault.kek",
        "mine.toml",
    ]


def test_for_a_vault(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init", "--kek", "vault-transit", "--address", "https://v.example:8200", "--key", "customers")
    assert result.exit_code == 0
    assert load_config(environ={}).kek.address == "https://v.example:8200"  # type: ignore[union-attr]
    assert not (tmp_path / "fieldvault.kek").exists()


def test_key_store_with_keys_of_another_kek_is_pointed_out(sealed, run) -> None:
    for name in ("fieldvault.toml", "fieldvault.kek"):
        (sealed.parent / name).unlink()
    result = run("init", "--protect", "key")
    assert result.exit_code == 0
    assert "already has keys" in result.stderr
    assert run("doctor").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--protect", "key"),
        ("--key-file", "k"),
        ("--key", "k"),
        ("--kek", "vault-transit"),
        ("--kek", "vault-transit", "--address", "https://v", "--key", "k", "--key-file", "f"),
    ],
)
def test_contradicting_options(tmp_path, monkeypatch, run, arguments) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", *arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == []
