"""A data migration that wraps every legacy password of a Django model, without waiting for logins.

    class Migration(migrations.Migration):
        atomic = False  # each batch is a transaction of its own
        dependencies = [("auth", "0012_alter_user_first_name_max_length")]
        operations = [migrations.RunPython(WrapPasswords("auth.User", [DJANGO_MD5]), migrations.RunPython.noop)]

Rules of this file:

1. Nothing is written before the whole table was looked at: every scheme without a marker has been proved on a known
   password, and the longest result fits the column.
2. A row is replaced only while it still holds what was read, so a password that is changed meanwhile is kept.
3. What is not exactly of a declared scheme stays as it is, and is counted.
4. It can be interrupted and run again: wrapped rows are no legacy rows.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from django.apps.registry import Apps
from django.db import models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from fieldvault.contrib.django.forms import to_django
from fieldvault.contrib.django.legacy_rows import LegacyRow, LegacyRows, WrapReport
from fieldvault.errors import ConfigurationError, SchemeNotProved
from fieldvault.passwords import DJANGO, Expression, KnownPassword, PasswordHasher, Scheme, prove

logger = logging.getLogger(__name__)

FITS_128 = replace(DJANGO, hash_bytes=24)
"""Django's profile with a hash of 192 bits, more than MD5 has: so a wrapped `md5$salt$digest` fits the 128
characters of Django's column."""

_PASSES = 3  # over the table, while rows change under us


class WrapPasswords:
    """For `RunPython`. `schemes` are tried in their order; the first that reads a row is the row's.

    `salt_field` is the model's field with the salt, for schemes that have it apart. `prove_by` is called when a
    scheme without a marker has rows: it returns primary keys and passwords of accounts that you know, at least one
    for each such scheme. `batch` rows are read, hashed in `threads` threads, and written in one transaction.

    Raises `SchemeNotProved`, and `ConfigurationError` for a column that is too short; nothing was written then.
    """

    def __init__(
        self,
        model: str,
        schemes: Sequence[Scheme],
        *,
        field: str = "password",
        salt_field: str | None = None,
        prove_by: Callable[[], Mapping[Any, str]] | None = None,
        hasher: PasswordHasher | None = None,
        batch: int = 500,
        threads: int | None = None,
    ) -> None:
        self.model, self.field, self.salt_field = model, field, salt_field
        self.schemes = tuple(schemes)
        self.prove_by = prove_by
        self.hasher = PasswordHasher(FITS_128) if hasher is None else hasher
        self.batch = batch
        self.threads = threads or min(os.cpu_count() or 1, self.hasher.limits.concurrent)

    def __call__(self, apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        report = self.run(apps.get_model(self.model), schema_editor.connection.alias)
        logger.info(
            "%s.%s: %d rows wrapped, %d kept, %d left as they are",
            *(self.model, self.field, report.wrapped, report.kept, report.left),
        )

    def run(self, model: type[models.Model], alias: str = "default") -> WrapReport:
        """Wrap the model's rows in the database `alias`. `kept` and `left` count the rows of the last look."""
        rows = LegacyRows(
            model, alias, self.schemes, field=self.field, salt_field=self.salt_field, batch=self.batch
        )
        self._check(rows)
        wrapped = 0
        for _ in range(_PASSES):
            report = self._pass(rows, alias)
            wrapped += report.wrapped
            if not report.changed_meanwhile:
                break
        return replace(report, wrapped=wrapped)

    def _pass(self, rows: LegacyRows, alias: str) -> WrapReport:
        report = WrapReport()
        with ThreadPoolExecutor(self.threads) as pool:
            for page in rows.pages(report):
                hashes = list(pool.map(self._wrap, page))
                with transaction.atomic(using=alias):
                    replaced = [rows.replace(row, new) for row, new in zip(page, hashes, strict=True)]
                report.wrapped += sum(replaced)
                report.changed_meanwhile += len(replaced) - sum(replaced)
        return report

    def _wrap(self, row: LegacyRow) -> str:
        return to_django(self.hasher.wrap(row.stored, row.scheme, salt=row.salt))

    def _check(self, rows: LegacyRows) -> None:
        """Rule 1."""
        unmarked: set[Scheme] = set()
        longest: LegacyRow | None = None
        for page in rows.pages(WrapReport()):
            unmarked.update(row.scheme for row in page if isinstance(row.scheme, Expression))
            longest = max([*page, *filter(None, [longest])], key=_room, default=None)
        if unmarked:
            self._prove(rows, unmarked)
        if longest is not None and rows.room is not None:
            needed = len(self._wrap(longest))
            del longest
            if needed > rows.room:
                raise ConfigurationError(
                    f"{self.model}.{self.field} holds {rows.room} characters; a wrapped password needs {needed}",
                    hint="widen the field first (AlterField), or wrap with a profile of fewer hash_bytes",
                )

    def _prove(self, rows: LegacyRows, unmarked: set[Scheme]) -> None:
        passwords = self.prove_by() if self.prove_by is not None else {}
        known: dict[Scheme, list[KnownPassword]] = {scheme: [] for scheme in unmarked}
        for row in rows.of(list(passwords)):
            known.setdefault(row.scheme, []).append(KnownPassword(passwords[row.pk], row.stored, row.salt))
        del passwords
        if not all(known.values()):
            raise SchemeNotProved(
                "a scheme without a marker has rows, and no known password was given for it",
                hint="WrapPasswords(…, prove_by=lambda: {primary_key: password})",
            )
        for scheme, of_it in known.items():
            prove(scheme, of_it).or_raise()


def _room(row: LegacyRow) -> int:
    # An escaped byte takes three characters; the name escapes spaces only, and has few.
    setting = row.scheme.read(row.stored, row.salt).setting
    return len(row.scheme.name) + sum(1 if 0x21 <= byte <= 0x7E and byte not in b"$%" else 3 for byte in setting)
