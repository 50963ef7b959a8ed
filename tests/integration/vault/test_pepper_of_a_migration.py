"""`fieldvault passwords migrate` with a pepper at a real server."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from plugins.openbao_server import OpenBao
from plugins.passwords_kit import Users, django_row, password_of

from fieldvault.cli.app import app
from fieldvault.kek.vault_transit import TokenAuth
from fieldvault.passwords import CHEAPEST, PasswordHasher
from fieldvault.peppers import TransitPepper


def test_rows_are_wrapped_under_the_pepper_and_verify_with_it(
    openbao: OpenBao, tmp_path: Path, monkeypatch
) -> None:
    key = openbao.create_key(type="hmac", key_size=32)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAULT_TOKEN", openbao.root)
    Path("fieldvault.toml").write_text(
        f"""
[kek]
kind = "vault-transit"
address = "{openbao.address}"
mount = "{openbao.mount}"
key = "unused"
auth = "token"

[passwords]
url = "sqlite:///app.db"
table = "users"
profile = {{ memory_kib = 8, passes = 1, lanes = 1 }}
pepper = "{key}"
pepper_name = "main"
"""
    )
    people = Users(f"sqlite:///{tmp_path / 'app.db'}")
    people.fill([django_row(number) for number in range(1, 21)])
    result = CliRunner().invoke(app, ["passwords", "migrate", "--threads", "2"])
    assert result.exit_code == 0, result.output
    pepper = TransitPepper(
        address=openbao.address, key=key, mount=openbao.mount, name="main", auth=TokenAuth(openbao.root)
    )
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored = people.stored()
    assert all("$main:1$argon2id$" in one for one in stored.values())
    assert hasher.verify(password_of(7), stored[7])
    assert not hasher.verify(password_of(8), stored[7])
