"""`doctor`: each thing that can be wrong is found, and nothing is changed."""

from __future__ import annotations

import json

import pytest


def checks(result) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_sound_project(sealed, run) -> None:
    before = (sealed.parent / "fieldvault-keys.db").read_bytes()
    result = run("doctor", "--json")
    assert result.exit_code == 0
    found = checks(result)
    assert {name: check["status"] for name, check in found.items()} == {
        "configuration": "ok",
        "file permissions": "ok",
        "KEK": "warning",
        "round trip": "ok",
        "key store": "ok",
        "keys": "ok",
        "clock": "ok",
        "core": "ok",
    }
    assert (sealed.parent / "fieldvault-keys.db").read_bytes() == before
    assert "0 failed, 1 with a warning" in run("doctor").stderr


def test_configuration_that_does_not_load_ends_it(project, run) -> None:
    (project / "fieldvault.toml").write_text("[kek]\nkinds = 'local'\n")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert list(checks(result)) == ["configuration"]
    assert "did you mean kind?" in checks(result)["configuration"]["hint"]


def test_kek_that_does_not_open(sealed, run, monkeypatch) -> None:
    monkeypatch.setenv("FIELDVAULT_KEK_KEY_FILE", "/nowhere")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    found = checks(result)
    assert found["KEK"]["status"] == "failed"
    assert found["key store"]["status"] == "ok"  # the rest is still looked at
    assert "keys" not in found


@pytest.mark.parametrize(
    ("file", "mode"), [("fieldvault.toml", 0o666), ("kek.key", 0o644), ("fieldvault-keys.db", 0o664)]
)
def test_open_files_are_warned_of(project, run, file, mode) -> None:
    (project / file).chmod(mode)
    result = run("doctor", "--json")
    assert result.exit_code == 0
    check = checks(result)["file permissions"]
    assert check["status"] == "warning"
    assert file in check["detail"]
    assert check["hint"].startswith("chmod ")


def test_public_kek_file_fails(project, run) -> None:
    (project / "fieldvault.kek").chmod(0o640)
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert "chmod 600" in checks(result)["KEK"]["hint"]


def test_missing_key_store(project, run) -> None:
    (project / "fieldvault-keys.db").unlink()
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert checks(result)["key store"]["status"] == "failed"
    assert not (project / "fieldvault-keys.db").exists()


def test_keys_of_another_kek(sealed, run, tmp_path, monkeypatch) -> None:
    (sealed.parent / "fieldvault.kek").unlink()
    (sealed.parent / "fieldvault.toml").unlink()
    assert run("init", "--protect", "key").exit_code == 0
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert "acme/fields version 1" in checks(result)["keys"]["detail"]


def test_worn_key(sealed, run) -> None:
    toml = sealed.parent / "fieldvault.toml"
    toml.write_text(toml.read_text().replace("[keyring]", "[keyring]\nlease = 1000\nrotate_at = 1100000"))
    result = run("doctor", "--json")
    assert result.exit_code == 0
    assert "1,048,576 of 1,100,000" in checks(result)["key use"]["detail"]


VAULT = """
[kek]
kind = "vault-transit"
address = "{address}"
mount = "{mount}"
key = "{key}"
auth = "token"
budget_seconds = 2
[keystore]
url = "sqlite:///fieldvault-keys.db"
[schema.s.sealed]
f = {{ row_bound = false }}
"""


@pytest.fixture
def vault_project(project, openbao):
    """The project with a transit key of the real server as its KEK; returns the server and the key's name."""
    key = openbao.create_key()
    text = VAULT.format(address=openbao.address, mount=openbao.mount, key=key)
    (project / "fieldvault.toml").write_text(text)
    return openbao, key


def test_least_privileged_token(vault_project, run, monkeypatch) -> None:
    openbao, key = vault_project
    monkeypatch.setenv("VAULT_TOKEN", openbao.create_token(openbao.least_privilege(key), ttl="1h"))
    result = run("doctor", "--json")
    assert result.exit_code == 0, result.output
    found = checks(result)
    assert found["Vault server"]["status"] == "ok"
    assert found["Vault capabilities"]["status"] == "ok"
    assert found["Vault round trip"]["status"] == "ok"


def test_root_token_is_warned_of_and_never_shown(vault_project, run, monkeypatch) -> None:
    openbao, _ = vault_project
    monkeypatch.setenv("VAULT_TOKEN", openbao.root)
    result = run("--verbose", "doctor", "--json")
    assert result.exit_code == 0
    found = checks(result)
    assert found["Vault token"]["status"] == "warning"
    assert found["Vault capabilities"]["status"] == "warning"
    assert openbao.root not in result.output


def test_token_without_the_right(vault_project, run, monkeypatch) -> None:
    openbao, _ = vault_project
    monkeypatch.setenv("VAULT_TOKEN", openbao.create_token("default"))
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert checks(result)["Vault capabilities"]["status"] == "failed"


def test_server_that_is_not_there(project, run, monkeypatch) -> None:
    text = VAULT.format(address="http://127.0.0.1:1", mount="transit", key="k")
    (project / "fieldvault.toml").write_text(text)
    monkeypatch.setenv("VAULT_TOKEN", "canary-token")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert checks(result)["Vault server"]["status"] == "failed"
    (project / "f.jsonl").write_text('{"f": "x"}\n')
    sealing = run("--verbose", "seal", "f.jsonl", "-o", "s.jsonl", "--tenant", "t")
    assert sealing.exit_code == 4
    assert "canary" not in result.output + sealing.output


def test_seal_and_open_under_the_vault(vault_project, run, monkeypatch, project) -> None:
    openbao, key = vault_project
    monkeypatch.setenv("VAULT_TOKEN", openbao.create_token(openbao.least_privilege(key), ttl="1h"))
    (project / "f.jsonl").write_text('{"f": "x"}\n' * 3)
    assert run("seal", "f.jsonl", "-o", "s.jsonl", "--tenant", "t").exit_code == 0
    assert run("open", "s.jsonl", "-o", "o.jsonl", "--tenant", "t").exit_code == 0
    assert (project / "o.jsonl").read_text().count('"x"') == 3
    [listed] = run("keys", "list", "--json").stdout.splitlines()
    assert json.loads(listed)["kek_version"] == 1
