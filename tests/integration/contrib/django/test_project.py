"""Settings, system checks, management commands, migrations: what a project meets before its first row."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.test import override_settings
from plugins import django_site
from plugins.django_site import ROUTED

from fieldvault.errors import ConfigurationError, SchemaError
from fieldvault.kek.local import LocalKek, LocalKekWarning, Passphrase

SECRET = "correct horse battery staple"


@pytest.fixture(autouse=True)
def project(shop_databases: None) -> None: ...


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings with a KEK that is there, and a key store in a SQLite file of its own."""
    monkeypatch.setenv("FIELDVAULT_KEK_PASSPHRASE", SECRET)
    with pytest.warns(LocalKekWarning):
        LocalKek.create(tmp_path / "test.kek", Passphrase(lambda: SECRET))
    return {
        "kek": {"kind": "local", "file": str(tmp_path / "test.kek")},
        "keystore": {"url": f"sqlite:///{tmp_path}/keys.db"},
        "tenant": "acme",
    }


def ids() -> set[str]:
    return {one.id or "" for one in checks.run_checks(tags=["fieldvault"])}


def test_settings_that_are_missing_or_wrong_are_one_error_with_the_key_in_it() -> None:
    for wrong, named in (
        (None, "FIELDVAULT is missing"), ([], "must be a dict"), ({}, "kek.kind"), ({"keks": {}}, "keks"),
        ({"kek": {"kind": "local", "passphrase": "hunter2"}}, "passphrase"),
        ({"kek": {"kind": "remote"}}, "kek.kind"),
    ):  # fmt: skip
        with override_settings(FIELDVAULT=wrong):
            [found] = [one for one in checks.run_checks(tags=["fieldvault"]) if one.id == "fieldvault.E001"]
            assert named in found.msg
            assert "hunter2" not in f"{found.msg} {found.hint}"


def test_checks_say_what_is_not_fit_for_production(given: dict[str, Any]) -> None:
    with override_settings(FIELDVAULT=given | {"gate": "plugins.django_site.keys.GATE"}, DEBUG=False):
        assert ids() == {"fieldvault.W002"}
    with override_settings(FIELDVAULT=given, DEBUG=True):
        assert ids() == {"fieldvault.E003"}
    del given["tenant"]
    logging = {"version": 1, "loggers": {"django.db.backends": {"level": "DEBUG"}}}
    with override_settings(FIELDVAULT=given, LOGGING=logging, DEBUG=True):
        assert ids() == {"fieldvault.E003", "fieldvault.I001", "fieldvault.W005"}
    with override_settings(FIELDVAULT=given | {"keystore": {}}, DEBUG=True):
        assert "fieldvault.W004" in ids()
    with override_settings(FIELDVAULT=given | {"keystore": {"database": "nowhere"}}, DEBUG=True):
        assert "fieldvault.E002" in ids()
    vault = {"kind": "vault-transit", "address": "https://vault", "key": "k", "auth": "token"}
    with override_settings(FIELDVAULT=given | {"kek": vault}, DEBUG=True):
        assert "fieldvault.W003" in ids()


def test_a_plain_admin_of_an_encrypted_model_is_an_error() -> None:
    from django.contrib import admin
    from plugins.django_site.shop.models import Vendor

    assert "fieldvault.E006" not in ids()
    admin.site.register(Vendor)
    try:
        assert "fieldvault.E006" in ids()
    finally:
        admin.site.unregister(Vendor)


def made(**attributes: Any) -> Any:
    """A model made here and now, with an encrypted e-mail address."""
    from django.apps import apps

    from fieldvault.contrib.django.fields import EncryptedEmailField
    from fieldvault.contrib.django.models import EncryptedModel

    base = attributes.pop("base", EncryptedModel)
    name = f"Made{len(apps.all_models['shop'])}"
    fields = {"email": EncryptedEmailField(search=True)} | attributes
    try:
        return type(name, (base,), {"__module__": "plugins.django_site.shop.models", **fields})
    finally:
        apps.all_models["shop"].pop(name.lower(), None)
        apps.clear_cache()


def test_what_a_model_declares_that_cannot_hold_is_an_error() -> None:
    from django.db import models

    from fieldvault.contrib.django.fields import EncryptedCharField, EncryptedEmailField, EncryptedJSONField
    from fieldvault.normalise import TEXT
    from fieldvault.tokens import ExactIndex

    def errors(model: Any) -> set[str]:
        return {one.id for one in model.check(databases=[]) if one.id.startswith("fieldvault")}

    assert errors(made()) == set()
    unique = [models.UniqueConstraint(fields=["email"], name="u")]
    assert errors(made(Meta=type("Meta", (), {"constraints": unique}))) == {"fieldvault.E005"}
    assert errors(made(Meta=type("Meta", (), {"ordering": ["-email"]}))) == {"fieldvault.E005"}
    assert errors(made(Meta=type("Meta", (), {"unique_together": [("email", "id")]}))) == {"fieldvault.E005"}
    assert errors(made(email=EncryptedEmailField(search=True, blank=True))) == {"fieldvault.E004"}
    assert errors(made(objects=models.Manager())) == {"fieldvault.E007"}
    for wrong in (
        lambda: made(base=models.Model), lambda: made(Fieldvault=type("F", (), {"tenent_field": "x"})),
        lambda: made(Fieldvault=type("F", (), {"tenant_field": "nothing"})),
        lambda: EncryptedCharField(primary_key=True), lambda: EncryptedCharField(db_index=True),
        lambda: EncryptedCharField(unique=True), lambda: EncryptedCharField(db_default="x"),
        lambda: EncryptedCharField(search=ExactIndex(TEXT, bits=16)), lambda: EncryptedJSONField(search=True),
    ):  # fmt: skip
        with pytest.raises(SchemaError):
            wrong()


def test_migrations_have_plain_columns_and_nothing_of_fieldvault(tmp_path: Path) -> None:
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.migrations.state import ProjectState
    from django.db.migrations.writer import MigrationWriter

    state = ProjectState.from_apps(apps)
    asked = MigrationQuestioner(specified_apps={"shop"}, dry_run=True)
    changes = MigrationAutodetector(ProjectState(), state, asked).changes(graph=_no_graph())
    text = "".join(MigrationWriter(one).as_string() for one in changes["shop"])
    assert "fieldvault." not in text
    assert "plugins" not in text
    assert "('email', models.BinaryField(null=True))" in text
    assert "('email_index', models.BinaryField(null=True, unique=True))" in text
    assert "('iban_index_next', models.BinaryField(null=True, unique=True))" in text
    assert "('phone_index', models.BinaryField(db_index=True, null=True))" in text
    assert "('fieldvault_row_id', models.BinaryField(null=True))" in text
    before, after = ProjectState.from_apps(apps), ProjectState.from_apps(apps)
    assert not MigrationAutodetector(before, after, asked).changes(graph=_no_graph())


def _no_graph() -> Any:
    from django.db.migrations.graph import MigrationGraph

    return MigrationGraph()


def test_the_commands_read_the_key_store_and_the_kek(
    given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from plugins.django_site.shop.models import Login

    ROUTED.alias = "sqlite"
    try:
        with override_settings(FIELDVAULT=given), pytest.warns(LocalKekWarning):  # noqa: PT031 - all of it warns
            call_command("migrate", "fieldvault", database="default", verbosity=0)  # readies the file of the URL
            Login.objects.create(email="ann@x.org")
            call_command("fieldvault", "keys", "list", "--json")
            listed = capsys.readouterr().out
            assert '"purpose": "fields"' in listed
            assert '"purpose": "index"' in listed
            call_command("fieldvault", "doctor")
            assert "data keys unwrap" in capsys.readouterr().out
    finally:
        Login.objects.all().delete()
        ROUTED.alias = None


def test_a_command_that_cannot_work_says_why() -> None:
    with pytest.raises(SystemExit):
        call_command("fieldvault", "doctor")
    with pytest.raises(CommandError, match="copies"):
        call_command("fieldvault", "backfill", "shop.Vendor")


def test_without_the_application_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.apps import apps

    from fieldvault.contrib.django.apps import runtime

    monkeypatch.delitem(apps.app_configs, "fieldvault")
    with pytest.raises(ConfigurationError, match="not installed"):
        runtime()


# --- the backfill --------------------------------------------------------------------------------


@pytest.fixture
def plain_rows(shop: str) -> Any:
    from django.db import connections
    from plugins.django_site.shop.models import Migrating

    with connections[shop].cursor() as cursor:
        for number in range(25):
            cursor.execute("INSERT INTO shop_migrating (email) VALUES (%s)", [f"e{number}@x.org"])
        cursor.execute("INSERT INTO shop_migrating (email) VALUES (NULL)")
    return Migrating


def run_backfill(*arguments: str) -> str:
    out = io.StringIO()
    call_command(
        "fieldvault", "backfill", "shop.Migrating", "--database", str(ROUTED.alias), *arguments, stdout=out
    )
    return out.getvalue()


def test_the_backfill_seals_every_row_and_can_be_run_again(plain_rows: Any) -> None:
    assert "sealed 25, changed meanwhile 0, left 0" in run_backfill("--tenant", "acme", "--batch", "7")
    assert "sealed 0, changed meanwhile 0, left 0" in run_backfill("--tenant", "acme")
    assert plain_rows.objects.get(email_sealed="E7@x.org").email == "e7@x.org"
    assert plain_rows.objects.get(email=None).email_sealed is None


def test_the_backfill_mends_what_old_code_changed_and_keeps_what_new_code_writes(
    plain_rows: Any, shop: str
) -> None:
    from django.db import connections

    from fieldvault.contrib.django import backfilling

    run_backfill("--tenant", "acme")
    connections[shop].cursor().execute("UPDATE shop_migrating SET email = 'old@x.org' WHERE email = 'e3@x.org'")
    connections[shop].cursor().execute("UPDATE shop_migrating SET email = NULL WHERE email = 'e4@x.org'")
    write, stolen = backfilling._write, []

    def write_after_somebody_else(table: Any, unequal: Any, *rest: Any) -> bool:
        if not stolen:
            stolen.append(unequal.row.pk)
            other = plain_rows.objects.get(pk=unequal.row.pk)
            other.email = "newer@x.org"
            other.save()
        return write(table, unequal, *rest)

    backfilling._write = write_after_somebody_else
    try:
        report = backfilling.backfill(plain_rows, using=shop)
    finally:
        backfilling._write = write
    assert (report.changed_meanwhile, report.left, len(stolen)) == (1, 0, 1)
    for one in plain_rows.objects.all():
        assert one.email == one.email_sealed
    assert plain_rows.objects.filter(email_sealed="newer@x.org").count() == 1
    assert not plain_rows.objects.filter(email_sealed__in=["e3@x.org", "e4@x.org"]).exists()


def test_the_backfill_lists_what_cannot_be_sealed(plain_rows: Any, shop: str) -> None:
    from django.db import connections

    connections[shop].cursor().execute("UPDATE shop_migrating SET email = 'canary' WHERE email = 'e3@x.org'")
    connections[shop].cursor().execute("UPDATE shop_migrating SET email = 'E5@x.org' WHERE email = 'e6@x.org'")
    out = io.StringIO()
    with pytest.raises(CommandError, match="2 rows"):
        call_command("fieldvault", "backfill", "shop.Migrating", "--database", shop, stdout=out)
    assert "sealed 23, changed meanwhile 0, left 2" in out.getvalue()
    assert "canary" not in out.getvalue()
    assert "no" not in {one.email_sealed for one in plain_rows.objects.all()}


def test_while_it_is_migrated_both_columns_are_written_by_every_way(plain_rows: Any) -> None:
    from fieldvault.errors import WriteRefused

    run_backfill("--tenant", "acme")
    made = plain_rows.objects.create(email="new@x.org")
    made.email = "newer@x.org"
    made.save(update_fields=["email"])
    plain_rows.objects.bulk_create([plain_rows(email="bulk@x.org")])
    one = plain_rows.objects.get(email="e1@x.org")
    one.email = "e1@y.org"
    plain_rows.objects.bulk_update([one], ["email"])
    with pytest.raises(WriteRefused):
        plain_rows.objects.update(email="x@y.org")
    for row in plain_rows.objects.all():
        assert row.email == row.email_sealed
    assert plain_rows.objects.filter(email_sealed__in=["newer@x.org", "bulk@x.org", "e1@y.org"]).count() == 3


def test_after_the_cut_over_the_plain_column_is_written_too(shop: str) -> None:
    from plugins.django_site.shop.models import CutOver

    made = CutOver.objects.create(email="ann@x.org")
    assert CutOver.objects.get(email_plain="ann@x.org").email == "ann@x.org"
    made.email = "bob@x.org"
    made.save(update_fields=["email"])
    CutOver.objects.bulk_create([CutOver(email="eve@x.org")])
    for row in CutOver.objects.all():
        assert row.email == row.email_plain
    made.refresh_from_db()
    made.email = "carol@x.org"
    CutOver.objects.bulk_update([made], ["email"])
    assert CutOver.objects.get(email_plain="carol@x.org").email == "carol@x.org"


def test_the_test_project_is_configured_once() -> None:
    django_site.configure()
