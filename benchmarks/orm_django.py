"""Encrypted fields in Django against the same model with plain columns: 5 fields, 2 of them indexed.

    python benchmarks/orm_django.py [--rows 10000] [--rounds 5] [--postgresql postgresql://user@host/database]

SQLite in a temporary file, and PostgreSQL where one is given (its tables are made, and dropped again). Processor
time of this process, so what the database server spends is not counted; look-ups are also measured by the clock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rounds import Timing, interleave, machine, ratio

from fieldvault import Keyrings
from fieldvault.testing import memory_keyrings

KEYRINGS = memory_keyrings()


def build() -> Keyrings:
    """What `FIELDVAULT['keyrings']` names."""
    return KEYRINGS


def configure(folder: Path, postgresql: str | None) -> list[str]:
    """Set Django up; the aliases to measure."""
    import django
    from django.conf import settings

    databases: dict[str, Any] = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "benchmark.db")}
    }
    if postgresql is not None:
        url = urlsplit(postgresql)
        databases["postgresql"] = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path.lstrip("/"),
            "USER": url.username or "",
            "PASSWORD": url.password or "",
            "HOST": url.hostname or "",
            "PORT": str(url.port or ""),
        }
    settings.configure(
        DATABASES=databases,
        INSTALLED_APPS=["fieldvault.contrib.django"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        FIELDVAULT={"keyrings": f"{__name__}.build", "tenant": "acme"},
    )
    django.setup()
    return list(databases)


def models_of() -> tuple[Any, Any]:
    """The plain model and the encrypted one."""
    from django.db import models

    from fieldvault.contrib.django import fields
    from fieldvault.contrib.django.models import EncryptedModel

    class Plain(models.Model):
        name: Any = models.CharField(max_length=100)
        email: Any = models.EmailField(db_index=True)
        phone: Any = models.CharField(max_length=30, db_index=True)
        born: Any = models.DateField()
        notes: Any = models.TextField()

        class Meta:
            app_label = "benchmark"

    class Encrypted(EncryptedModel):
        name = fields.EncryptedCharField(max_length=100)
        email = fields.EncryptedEmailField(search=True)
        phone = fields.EncryptedCharField(max_length=30, search=True)
        born = fields.EncryptedDateField()
        notes = fields.EncryptedTextField()

        class Meta:
            app_label = "benchmark"

    return Plain, Encrypted


def values(number: int) -> dict[str, Any]:
    """One row's."""
    return {
        "name": f"Person Number {number}",
        "email": f"person{number}@example.com",
        "phone": f"+44 20 7946 {number:04}",
        "born": date(1950 + number % 50, 1 + number % 12, 1 + number % 28),
        "notes": "Prefers to be called in the morning. " * 2,
    }


def measure(alias: str, rows: int, rounds: int) -> None:
    """Print the ratios for one database."""
    from django.db import connections

    plain, encrypted = MODELS
    connection = connections[alias]
    with connection.schema_editor() as editor:
        editor.create_model(plain)
        editor.create_model(encrypted)
    try:
        print(f"\n{connection.vendor}: {rows} rows, {rounds} rounds; median ratio (least to greatest)")
        show("bulk_create", {one: bulk_create(one, alias, rows) for one in MODELS}, rounds)
        for one in MODELS:
            one.objects.using(alias).all().delete()
        show("save, one by one", {one: save_each(one, alias, rows // 10) for one in MODELS}, rounds)
        for one in MODELS:
            one.objects.using(alias).all().delete()
            one.objects.using(alias).bulk_create([one(**values(number)) for number in range(rows)])
        show("select and read every attribute", {one: read_all(one, alias) for one in MODELS}, rounds)
        show("select and read none", {one: read_none(one, alias) for one in MODELS}, rounds)
        show("bulk_update of one field", {one: bulk_update(one, alias, rows // 10) for one in MODELS}, rounds)
        show("look up by e-mail, 500 times", {one: look_up(one, alias) for one in MODELS}, rounds, clock=True)
        print(
            "  plan of a look-up: " + encrypted.objects.using(alias).filter(email="person7@example.com").explain()
        )
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(plain)
            editor.delete_model(encrypted)


def show(what: str, contenders: dict[Any, Callable[[], object]], rounds: int, *, clock: bool = False) -> None:
    """One line of the result. `clock` measures the time on the wall, where the server's work is what matters."""
    plain, encrypted = contenders
    named = {"plain": contenders[plain], "encrypted": contenders[encrypted]}
    timings = by_the_clock(named, rounds) if clock else interleave(named, rounds)
    shown = {name: sorted(timing.seconds)[len(timing.seconds) // 2] * 1000 for name, timing in timings.items()}
    print(
        f"  {what}: {ratio(timings['encrypted'], timings['plain'])}"
        f"   plain {shown['plain']:.0f} ms, encrypted {shown['encrypted']:.0f} ms"
    )


def by_the_clock(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """As `interleave`, by the clock on the wall."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return {name: Timing(taken) for name, taken in seconds.items()}


def bulk_create(model: Any, alias: str, rows: int) -> Callable[[], object]:
    """Make instances and insert them."""
    from django.db import transaction

    def run() -> None:
        with transaction.atomic(using=alias):
            model.objects.using(alias).bulk_create([model(**values(number)) for number in range(rows)])
            transaction.set_rollback(True, using=alias)

    return run


def save_each(model: Any, alias: str, rows: int) -> Callable[[], object]:
    """`save()` for each, in one transaction."""
    from django.db import transaction

    def run() -> None:
        with transaction.atomic(using=alias):
            for number in range(rows):
                model(**values(number)).save(using=alias)
            transaction.set_rollback(True, using=alias)

    return run


def read_all(model: Any, alias: str) -> Callable[[], object]:
    """Every attribute of every row."""

    def run() -> int:
        read = 0
        for one in model.objects.using(alias).all():
            read += len(one.name) + len(one.email) + len(one.phone) + one.born.day + len(one.notes)
        return read

    return run


def read_none(model: Any, alias: str) -> Callable[[], object]:
    """Rows, and none of their attributes."""
    return lambda: sum(1 for _ in model.objects.using(alias).all())


def bulk_update(model: Any, alias: str, rows: int) -> Callable[[], object]:
    """A new value in one field."""
    from django.db import transaction

    def run() -> None:
        found = list(model.objects.using(alias).order_by("pk")[:rows])
        for one in found:
            one.email = "x" + one.email
        with transaction.atomic(using=alias):
            model.objects.using(alias).bulk_update(found, ["email"])
            transaction.set_rollback(True, using=alias)

    return run


def look_up(model: Any, alias: str) -> Callable[[], object]:
    """One row by its e-mail, read."""

    def run() -> None:
        for number in range(500):
            found = model.objects.using(alias).get(email=f"person{number}@example.com")
            assert found.pk

    return run


def main() -> None:
    """See the top."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgresql")
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        aliases = configure(Path(folder), given.postgresql)
        MODELS[:] = models_of()
        for alias in aliases:
            measure(alias, given.rows, given.rounds)
        from django.db import connections

        connections.close_all()


MODELS: list[Any] = []

if __name__ == "__main__":
    main()
