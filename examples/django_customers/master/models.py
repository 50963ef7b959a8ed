"""The tables. `Encrypted…` fields are sealed in the database, and protected in memory until they are revealed."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from fieldvault import Scope, current_tenant
from fieldvault.contrib.django import fields
from fieldvault.contrib.django.apps import runtime
from fieldvault.contrib.django.models import EncryptedManager, EncryptedModel
from fieldvault.keyring import FIELDS_PURPOSE
from fieldvault.masking import DateMask, EmailMask, IbanMask, NameMask, PhoneMask
from fieldvault.normalise import Phone


class Member(models.Model):
    """For which tenant a user works."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    tenant = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.user} of {self.tenant}"


class TenantOfScope(models.Expression):
    """The tenant of the scope in which a query runs, which need not be the one in which it was written."""

    output_field = models.CharField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        return "%s", [current_tenant()]


class OfTenant(EncryptedManager):
    """Sees the rows of the scope's tenant. Running a query without a scope raises `ScopeError`."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(tenant=TenantOfScope())


class Customer(EncryptedModel):
    """A person. Sealed under a key of their own, so that they can be erased from every backup."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.CharField(max_length=100, default=current_tenant, editable=False, db_index=True)
    person = models.UUIDField(default=uuid.uuid4, editable=False)  # whose key seals the row
    country = models.CharField(max_length=2)
    erased_at = models.DateTimeField(null=True, editable=False)
    name = fields.EncryptedCharField(max_length=200, null=True, mask=NameMask())
    email = fields.EncryptedEmailField(search=True, unique=True, null=True, mask=EmailMask())
    phone = fields.EncryptedCharField(max_length=40, search=Phone("DE"), null=True, blank=True, mask=PhoneMask())
    born = fields.EncryptedDateField(null=True, blank=True, mask=DateMask())

    objects = OfTenant()

    class Meta:
        permissions: ClassVar = [("reveal_customer", "Can reveal"), ("erase_customer", "Can erase")]

    class Fieldvault:
        schema = "customer"
        tenant_field = "tenant"
        subject_field = "person"
        subject_kind = "customer"
        protected = True

    def __str__(self) -> str:
        return f"customer {self.pk}"  # it goes into the admin's own log, so it has nothing of the person

    def erase(self, at: Any) -> int:
        """Shred the person's key, then empty the row. How many keys there were.

        The key first: if the second step fails, what is left in the row is unreadable already.
        """
        keyring = runtime().keyrings.keyring(Scope(self.tenant, FIELDS_PURPOSE))
        shredded = keyring.shred_subjects([f"customer:{self.person}"])
        self.name = self.email = self.phone = self.born = None
        self.erased_at = at
        self.save()
        return len(shredded)


class Vendor(EncryptedModel):
    """A company. Its name is public; where its money goes is not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.CharField(max_length=100, default=current_tenant, editable=False, db_index=True)
    name = models.CharField(max_length=200)
    email = fields.EncryptedEmailField(search=True, unique=True, mask=EmailMask())
    iban = fields.EncryptedCharField("IBAN", max_length=42, mask=IbanMask())

    objects = OfTenant()

    class Meta:
        permissions: ClassVar = [("reveal_vendor", "Can reveal")]

    class Fieldvault:
        schema = "vendor"
        tenant_field = "tenant"
        protected = True

    def __str__(self) -> str:
        return self.name
