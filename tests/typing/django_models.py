"""Type-checks as a Django user would: nothing here runs, mypy reads it (`make lint`)."""

from __future__ import annotations

from typing import Any, assert_type

from django.db import models

from fieldvault import ExactIndex, Tenancy
from fieldvault.codec import PadTo
from fieldvault.contrib.django.admin import EncryptedModelAdmin
from fieldvault.contrib.django.backfilling import BackfillReport, backfill
from fieldvault.contrib.django.fields import EncryptedCharField, EncryptedDateField, EncryptedEmailField
from fieldvault.contrib.django.models import EncryptedManager, EncryptedModel, EncryptedQuerySet
from fieldvault.contrib.django.sealing.sealed import Sealed
from fieldvault.masking import EmailMask
from fieldvault.normalise import NAME, TEXT


class CustomerQuerySet(EncryptedQuerySet["Customer"]):
    def of_country(self, country: str) -> CustomerQuerySet:
        return self.filter(country=country)


class Customer(EncryptedModel):
    name = EncryptedCharField(max_length=100, search=NAME, padding=PadTo(128))
    email = EncryptedEmailField("address", search=True, unique=True, mask=EmailMask(), null=True)
    code = EncryptedCharField(search=ExactIndex(TEXT, bits=64), row_bound=False, sealed_as="number")
    born = EncryptedDateField(null=True, blank=True)
    country: Any = models.CharField(max_length=2)

    class Fieldvault:
        schema = "customer"
        tenancy = Tenancy.GLOBAL


class CustomerAdmin(EncryptedModelAdmin):
    list_display = ("name", "email")


def use() -> None:
    assert_type(EncryptedManager(), EncryptedManager)
    report = backfill(Customer, batch=100, using="default", on_rows=print)
    assert_type(report, BackfillReport)
    assert_type(report.left, int)


def opened(sealed: Sealed) -> Any:
    assert_type(sealed.text, str)
    return sealed.open(row_id=b"", tenant="acme")


def what_a_checker_must_refuse(customer: Customer) -> None:
    EncryptedCharField(padding=16)  # type: ignore[arg-type]
    EncryptedCharField(search="email")  # type: ignore[arg-type]
    backfill(customer)  # type: ignore[arg-type]
