"""Each example's own tests, run as its Makefile runs them: in a process of their own, on a fresh database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from plugins.openbao_server import OpenBao

EXAMPLES = Path(__file__).parents[2] / "examples"
DJANGO = ("manage.py", "test", "--settings=customers_admin.test_settings")


def run(example: str, *command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=EXAMPLES / example,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    output = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, output
    return output


def test_fastapi(postgresql_database: str) -> None:
    output = run("fastapi_customers", "-m", "pytest", "-c", "pytest.ini", DATABASE_URL=postgresql_database)
    assert "25 passed" in output


def test_django(postgresql_database: str) -> None:
    assert "Ran 14 tests" in run("django_customers", *DJANGO, DATABASE_URL=postgresql_database)


def test_django_with_its_kek_in_vault(postgresql_database: str, openbao: OpenBao) -> None:
    key = openbao.create_key()
    output = run(
        "django_customers",
        *(*DJANGO, "master.tests.test_tenants"),
        DATABASE_URL=postgresql_database,
        KEK="vault",
        VAULT_ADDR=openbao.address,
        VAULT_TOKEN=openbao.create_token(openbao.least_privilege(key)),
        VAULT_MOUNT=openbao.mount,
        VAULT_KEY=key,
    )
    assert "Ran 6 tests" in output


def test_the_migrations_of_the_django_example_are_complete(postgresql_database: str) -> None:
    check = ("manage.py", "makemigrations", "--check", "--dry-run")
    run("django_customers", *check, DATABASE_URL=postgresql_database, AUDIT_LOG=os.devnull)


def test_fastapi_with_its_kek_in_vault(postgresql_database: str, openbao: OpenBao, tmp_path: Path) -> None:
    key = openbao.create_key()
    shipped = (EXAMPLES / "fastapi_customers/fieldvault.vault.toml").read_text()
    config = tmp_path / "fieldvault.toml"
    config.write_text(shipped.replace('key = "customers"', f'mount = "{openbao.mount}"\nkey = "{key}"'))
    output = run(
        "fastapi_customers",
        *("-m", "pytest", "-c", "pytest.ini", "tests/test_tenants.py"),
        DATABASE_URL=postgresql_database,
        VAULT_ADDR=openbao.address,
        VAULT_TOKEN=openbao.create_token(openbao.least_privilege(key)),
        FIELDVAULT_CONFIG=str(config),
    )
    assert "5 passed" in output
