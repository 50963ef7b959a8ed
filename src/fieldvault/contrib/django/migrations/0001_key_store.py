"""The key store's tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from fieldvault.contrib.django.key_store_operation import CreateKeyStore


class Migration(migrations.Migration):
    """Each table is created only where it is missing, so a release that adds one needs no change here but the next
    migration, which is the same."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [CreateKeyStore()]
