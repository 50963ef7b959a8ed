"""No log, error, repr or debug page shows a value; and many threads and tasks agree on one cold keyring."""

from __future__ import annotations

import asyncio
import logging
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test.utils import CaptureQueriesContext
from plugins.django_site import keys
from plugins.secrecy import found_in, shown_by

from fieldvault.errors import (
    FieldvaultError,
)

CANARY = f"canary-{uuid.uuid4().hex}"


def sql(alias: str, statement: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


def test_no_log_no_error_and_no_debug_page_shows_a_value(
    m: Any, shop: str, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import IntegrityError, transaction
    from django.test import RequestFactory
    from django.views.debug import ExceptionReporter

    shown: list[str] = []
    with caplog.at_level(logging.DEBUG), CaptureQueriesContext(connections[shop]) as queries:
        email = f"{CANARY}@example.org"
        one = m.Customer.objects.create(email=email, name=CANARY, notes=CANARY, extra={CANARY: CANARY})
        one.name = CANARY.upper()
        one.save()
        m.Customer.objects.bulk_update([one], ["name"])
        [again] = m.Customer.objects.filter(email=email)
        shown += [repr(again), str(again.email == email), repr(vars(again)), repr(again.__dict__)]
        shown += [
            str(m.Customer.objects.filter(email=email).query),
            repr(m.Customer.objects.filter(email=email).query),
        ]
        shown += [repr(list(m.Customer.objects.values())), m.Customer.objects.filter(email=email).explain()]
        try:
            with transaction.atomic(using=shop):
                sql(shop, "UPDATE shop_customer SET city = 'x'")
                type(again)(email=again.email).save()
        except IntegrityError as error:
            # Django's page shows the locals of frames; those below the model's constructor are ours and Django's.
            frame = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown += ["".join(frame.format())]
            reporter = ExceptionReporter(RequestFactory().get("/"), type(error), error, error.__traceback__)
            frames = [one for one in reporter.get_traceback_frames() if "test_canaries" not in one["filename"]]
            shown += [repr([(one["filename"], one["vars"]) for one in frames])]
        for wrong in ({"age": CANARY}, {"email": CANARY}, {"extra": {1: CANARY}}):
            try:
                m.Customer(**wrong).save()
            except FieldvaultError as error:
                shown += [shown_by(error)]
        try:
            m.Customer.objects.filter(email__contains=CANARY)
        except FieldvaultError as error:
            shown += [str(error), repr(vars(error))]
    assert len(shown) == 15
    shown += [repr(queries.captured_queries)]
    shown += [f"{record.getMessage()} {record.args!r} {vars(record)!r}" for record in caplog.records]
    own_frame = [text.replace(f"email = '{email}'", "") for text in shown]
    assert [found_in(text, [CANARY, CANARY.upper()]) for text in own_frame] == [[]] * len(own_frame)


def test_eight_threads_on_one_cold_keyring(database: str) -> None:
    from plugins.django_site.shop.models import Login

    def work(number: int) -> str:
        try:
            one = Login.objects.create(email=f"{database}{number}@x.org")
            return str(Login.objects.get(email=f"{database}{number}@x.org", pk=one.pk).email)
        finally:
            connections[database].close()

    try:
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(work, range(8))) == [f"{database}{number}@x.org" for number in range(8)]
        assert len([one for one in Login.objects.all() if one.email.startswith(database)]) == 8
        # One key that seals and one for the index; a thread that lost the race has wrapped one in vain.
        assert sum(len(keys.KEYS.store.behind.data_keys(one)) for one in keys.KEYS.store.behind.scopes()) == 2
    finally:
        Login.objects.all().delete()


def test_two_hundred_tasks_on_one_cold_keyring(database: str) -> None:
    from plugins.django_site.shop.models import Login

    async def one(number: int) -> str:
        await Login.objects.acreate(email=f"t{number}@x.org")
        found = await Login.objects.aget(email=f"t{number}@x.org")
        return str(found.email)

    async def all_of_them() -> list[str]:
        try:
            return await asyncio.gather(*(one(number) for number in range(200)))
        finally:
            await sync_to_async(lambda: connections[database].close())()

    try:
        assert asyncio.run(all_of_them()) == [f"t{number}@x.org" for number in range(200)]
    finally:
        Login.objects.all().delete()
