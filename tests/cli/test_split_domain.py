"""A split domain by the command line and fieldvault.toml, as two AppRoles on a real server.

Each role has one configuration and one login. Whoever pseudonymises is refused the reversal by the server's policy;
whoever reidentifies records its event under a transit key of the audit log's own, and is refused everything else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from plugins.openbao_server import AppRole, OpenBao

Run = Callable[..., Result]

CONFIG = """
[kek]
kind = "vault-transit"
address = "{address}"
insecure_http = true
mount = "{mount}"
key = "{joining}"
auth = "approle"
role_id = "{role_id}"

[keystore]
url = "sqlite:///keys.db"

[audit]
file = "audit.jsonl"
kek_key = "{audit}"

[domain.partner]
url = "sqlite:///tokens.db"
sealing_key = "{sealing}"
[domain.partner.columns]
email = {{ token = "lookup", normaliser = "email" }}

[domain.other]
url = "sqlite:///tokens.db"
sealing_key = "{sealing}"
[domain.other.columns]
email = {{ token = "lookup", normaliser = "email" }}
"""
SCOPE = ("--domain", "partner", "--tenant", "acme")


@dataclass(frozen=True)
class Office:
    """The two roles; `run_as` runs a command with one role's configuration and login."""

    folder: Path
    run: Run
    monkeypatch: pytest.MonkeyPatch
    pseudonymiser: AppRole
    reidentifier: AppRole

    def run_as(self, role: AppRole, *command: str) -> Result:
        self.monkeypatch.setenv("FIELDVAULT_CONFIG", str(self.folder / f"{role.name}.toml"))
        self.monkeypatch.setenv("FIELDVAULT_VAULT_SECRET_ID", role.secret_id)
        return self.run(*command)

    def events(self) -> list[str]:
        lines = (self.folder / "audit.jsonl").read_text().splitlines()
        return [json.loads(line)["event"]["action"] for line in lines]


@pytest.fixture
def office(openbao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Office:
    from fieldvault.keystore import SqlKeyStore

    keys = {name: openbao.create_key() for name in ("joining", "sealing", "audit")}

    def role(name: str, *allowed: tuple[str, str]) -> AppRole:
        paths = [(f"{openbao.mount}/{work}/{keys[key]}", "update") for work, key in allowed]
        made = openbao.create_approle(openbao.write_policy(f"{name}-{keys['joining']}", *paths))
        parts = {"address": openbao.address, "mount": openbao.mount, "role_id": made.role_id}
        (tmp_path / f"{made.name}.toml").write_text(CONFIG.format(**parts, **keys))
        return made

    recording = (("encrypt", "audit"), ("decrypt", "audit"))
    making = (("encrypt", "joining"), ("decrypt", "joining"), ("encrypt", "sealing"))
    monkeypatch.chdir(tmp_path)
    with SqlKeyStore("sqlite:///keys.db") as store:
        store.create()
    pseudonymiser = role("pseudonymise", *making, *recording)
    reidentifier = role("reidentify", ("decrypt", "sealing"), *recording)
    return Office(tmp_path, run, monkeypatch, pseudonymiser, reidentifier)


def test_each_role_does_its_own_and_is_refused_the_others(office: Office) -> None:
    people = office.folder / "people.csv"
    people.write_text("email\nAnn@Example.com\nbo@example.com\nann@example.com\n")
    making, revealing = office.pseudonymiser, office.reidentifier
    for command in (
        ("domains", "create-table", "partner"),
        ("domains", "create", "partner", "--tenant", "acme", "--reason", "study 12"),
        ("domains", "create", "other", "--tenant", "acme", "--reason", "study 13"),
        ("pseudonymise", "people.csv", *SCOPE, "-o", "tokens.csv"),
    ):
        done = office.run_as(making, *command)
        assert done.exit_code == 0, done.stderr

    back = ("reidentify", "tokens.csv", *SCOPE, "--reason", "ticket 4", "-o", "back.csv")
    link = ("domains", "link", "tokens.csv", "--from", "partner", "--to", "other", "--tenant", "acme")
    for command in (back, (*link, "--reason", "curious", "-o", "back.csv")):
        refused = office.run_as(making, *command)
        assert refused.exit_code != 0
        assert "permission denied" in refused.stderr
        assert not (office.folder / "back.csv").exists()

    done = office.run_as(revealing, *back)
    assert done.exit_code == 0, done.stderr
    assert (office.folder / "back.csv").read_text() == "email\nann@example.com\nbo@example.com\nann@example.com\n"
    assert office.events()[-2:] == ["reidentify", "reidentified"]
    for command in (
        ("pseudonymise", "people.csv", *SCOPE, "-o", "more.csv"),
        (*link, "--reason", "curious", "-o", "more.csv"),
    ):
        refused = office.run_as(revealing, *command)
        assert refused.exit_code != 0
        assert "permission denied" in refused.stderr
        assert not (office.folder / "more.csv").exists()
    verified = office.run_as(revealing, "audit", "verify")
    assert verified.exit_code == 0, verified.stderr
