"""Many at once: threads and tasks of several tenants on cold keyrings, and a writer beside the backfill."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from plugins.django_site import keys

import fieldvault

TENANTS = ("acme", "beta", "gamma")


def test_eight_threads_of_three_tenants(database: str) -> None:
    from plugins.django_site.shop.models import Customer

    def work(number: int) -> bool:
        email = f"{database}{number}@x.org"
        try:
            with fieldvault.scope(tenant=TENANTS[number % 3]):
                Customer.objects.create(email=email)
                found = Customer.objects.get(email=email)
            with fieldvault.scope(tenant=TENANTS[(number + 1) % 3]):
                assert not Customer.objects.filter(email=email).exists()
            return bool(found.email == email)
        finally:
            connections[database].close()

    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(work, range(24)))
        # For each tenant one key that seals and one for the index.
        assert sum(len(keys.KEYS.store.behind.data_keys(one)) for one in keys.KEYS.store.behind.scopes()) == 6
    finally:
        Customer.objects.all().delete()


def test_two_hundred_tasks_of_three_tenants(database: str) -> None:
    from plugins.django_site.shop.models import Customer

    async def one(number: int) -> bool:
        email = f"t{number}@x.org"
        with fieldvault.scope(tenant=TENANTS[number % 3]):
            await Customer.objects.acreate(email=email, name="n")
            found = await Customer.objects.aget(email=email)
            return bool((found.email, found.name) == (email, "n"))

    async def all_of_them() -> list[bool]:
        try:
            return await asyncio.gather(*(one(number) for number in range(200)))
        finally:
            await sync_to_async(lambda: connections[database].close())()

    try:
        assert asyncio.run(all_of_them()) == [True] * 200
    finally:
        Customer.objects.all().delete()


def test_a_writer_beside_the_backfill_loses_nothing(database: str) -> None:
    from plugins.django_site.shop.models import Migrating

    from fieldvault.contrib.django.backfilling import backfill

    with connections[database].cursor() as cursor:
        for number in range(200):
            cursor.execute("INSERT INTO shop_migrating (email) VALUES (%s)", [f"e{number}@x.org"])
    done = threading.Event()
    written: dict[int, str] = {}

    def write() -> None:
        try:
            with fieldvault.scope(tenant="acme"):
                for turn in range(1_000):
                    row = Migrating.objects.order_by("pk")[turn * 7 % 200 : turn * 7 % 200 + 1].get()
                    row.email = written[row.pk] = f"w{turn}@x.org"
                    row.save()
                    if done.is_set() and turn >= 20:
                        return
        finally:
            connections[database].close()

    try:
        with fieldvault.scope(tenant="acme"), ThreadPoolExecutor(1) as threads:
            writer = threads.submit(write)
            reports: list[Any] = [backfill(Migrating, batch=10, using=database)]
            done.set()
            writer.result()
            reports.append(backfill(Migrating, batch=10, using=database))
            assert reports[-1].left == 0
            rows = {one.pk: one for one in Migrating.objects.all()}
            assert {row.email for row in rows.values()} == {row.email_sealed for row in rows.values()}
            assert all(row.email == row.email_sealed for row in rows.values())
            assert {key: rows[key].email for key in written} == written
            some = rows[next(iter(written))]
            assert Migrating.objects.get(email_sealed=some.email).pk == some.pk
    finally:
        Migrating.objects.all().delete()
