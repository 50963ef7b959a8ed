"""`inspect` and `keys`: what is known without a key."""

from __future__ import annotations

import json

import pytest

from fieldvault.config import load_config
from fieldvault.core.context import Scope
from fieldvault.core.envelope import from_text


@pytest.fixture
def envelopes(sealed) -> list[str]:
    return [json.loads(line)["email"] for line in sealed.read_text().splitlines()]


def test_envelope_says_version_key_and_length(envelopes, run, monkeypatch) -> None:
    monkeypatch.delenv("FIELDVAULT_KEK_KEY_FILE")  # the KEK is not needed
    result = run("inspect", envelopes[0], "--json")
    assert result.exit_code == 0
    [said] = [json.loads(line) for line in result.stdout.splitlines()]
    assert (said["item"], said["version"], said["plaintext_length"]) == (1, 1, 32)
    assert said["key_id"] == from_text("fv1.", envelopes[0])[1:17].hex()
    assert said["key"] == {"scope": "acme/fields", "state": "version 1, active"}


@pytest.mark.parametrize("prefix", ["", "0x", "\\x"])
def test_hexadecimal_is_taken(envelopes, run, prefix) -> None:
    text = prefix + from_text("fv1.", envelopes[0]).hex()
    assert json.loads(run("inspect", text, "--json").stdout)["plaintext_length"] == 32


def test_lines_of_stdin(envelopes, run) -> None:
    result = run("inspect", stdin="\n".join(envelopes) + "\n")
    assert result.exit_code == 0
    assert result.stdout.count("acme/fields, version 1, active") == 3


def test_what_is_no_envelope_fails_without_being_shown(envelopes, run) -> None:
    result = run("inspect", envelopes[0], "asha.canary@example.com", "--json")
    assert result.exit_code == 1
    good, bad = [json.loads(line) for line in result.stdout.splitlines()]
    assert good["item"] == 1
    assert bad["error"]["class"] == "EnvelopeMalformed"
    assert "canary" not in result.output


def test_without_a_configuration_it_says_what_the_envelope_says(envelopes, run, tmp_path, monkeypatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert json.loads(run("inspect", envelopes[0], "--json").stdout)["key"] is None
    assert run("--config", "nothing.toml", "inspect", envelopes[0]).exit_code == 3


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_column_of_a_file_is_counted_by_key(project, run, suffix) -> None:
    file = project / f"s.{suffix}"
    assert run("seal", "customers.jsonl", "-o", file, "--tenant", "acme").exit_code == 0
    result = run("inspect", "--file", file, "--column", "date_of_birth", "--json")
    assert result.exit_code == 0
    counted = json.loads(result.stdout)
    assert (counted["envelopes"], counted["nulls"], counted["refused"]) == (2, 1, 0)
    assert [key["count"] for key in counted["keys"]] == [2]
    plain = run("inspect", "--file", file, "--column", "country", "--json")
    assert plain.exit_code == 1
    assert json.loads(plain.stdout)["refused"] == 3
    assert run("inspect", "--file", file, "--column", "nothing").exit_code == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.csv", b'email\n"canary\n'), ("x.jsonl", b'{"email": "canary'), ("x.csv", b"email\n\xffcanary\n")],
)
def test_malformed_file_is_refused_without_its_content(project, run, name, content) -> None:
    (project / name).write_bytes(content)
    result = run("inspect", "--file", name, "--column", "email")
    assert result.exit_code == 3
    assert "canary" not in result.output


def test_subject_keys_and_shredded_ones_are_known(project, run) -> None:
    toml = project / "fieldvault.toml"
    toml.write_text(toml.read_text().replace('# subject = "', 'subject = "'))
    assert run("seal", "customers.jsonl", "-o", "s.jsonl", "--tenant", "acme").exit_code == 0
    with load_config().build_keystore() as store:
        import datetime

        store.shred_subjects(Scope("acme", "fields"), ["customer:2"], at=datetime.datetime.now(datetime.UTC))
    result = run("inspect", "--file", "s.jsonl", "--column", "email")
    assert result.exit_code == 0
    assert result.stdout.count("acme/fields, a subject's key") == 2
    assert result.stdout.count("shredded on 2") == 1


@pytest.mark.parametrize(
    "arguments", [("--file", "customers.jsonl"), ("--column", "x"), ("fv1.x", "--column", "x")]
)
def test_inspect_called_wrongly(project, run, arguments) -> None:
    assert run("inspect", *arguments).exit_code == 2


def test_keys_are_listed_without_the_kek(sealed, run, monkeypatch) -> None:
    monkeypatch.delenv("FIELDVAULT_KEK_KEY_FILE")
    result = run("keys", "list", "--json")
    keys = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(key["tenant"], key["purpose"], key["version"], key["state"]) for key in keys] == [
        ("acme", "fields", 1, "active"),
        ("acme", "index", 1, "active"),
    ]
    assert (keys[0]["uses"], keys[0]["kek_version"]) == (2**20, 1)
    assert keys[0]["kek"].startswith("local:")
    table = run("keys", "list").stdout
    assert "acme/fields" in table
    assert "1,048,576" in table
    assert "0.02%" in table
    assert "wrapped" not in table


def test_keys_of_one_tenant(sealed, run) -> None:
    assert len(run("keys", "list", "--tenant", "acme", "--json").stdout.splitlines()) == 2
    other = run("keys", "list", "--tenant", "globex")
    assert (other.exit_code, other.stdout) == (0, "")


def test_create_tables_may_be_repeated(project, run) -> None:
    assert run("keys", "create-tables").exit_code == 0
    assert run("keys", "create-tables").exit_code == 0
