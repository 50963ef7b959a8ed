"""Models of every shape: keys made by the database or in Python, inheritance, tenants, subjects, all types."""

from __future__ import annotations

import uuid

from django.db import models

from fieldvault import Tenancy
from fieldvault.contrib.django import fields
from fieldvault.contrib.django.models import EncryptedModel
from fieldvault.masking import EmailMask
from fieldvault.normalise import NAME


class Customer(EncryptedModel):
    """The usual one: a key from the database, so rows are bound to an id of their own."""

    name = fields.EncryptedCharField("full name", max_length=100, search=NAME, null=True)
    email = fields.EncryptedEmailField(search=True, unique=True, null=True, blank=True, mask=EmailMask())
    age = fields.EncryptedIntegerField(null=True, blank=True)
    notes = fields.EncryptedTextField(default="", blank=True)
    extra = fields.EncryptedJSONField(null=True, blank=True)
    city = models.CharField(max_length=50, default="", blank=True)

    def __str__(self) -> str:
        return f"customer {self.pk}"


class Vip(Customer):
    """A proxy."""

    class Meta:
        proxy = True


class Order(models.Model):
    """Plain, with a relation to an encrypted model."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders", null=True)
    total = models.IntegerField(default=0)


class Contact(models.Model):
    """Abstract, and no EncryptedModel itself."""

    phone = fields.EncryptedCharField(max_length=30, search=True, null=True)

    class Meta:
        abstract = True


class Vendor(EncryptedModel, Contact):
    """A key from Python: rows are bound to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    iban = fields.EncryptedCharField(max_length=34, search=True, unique=True)


class Party(EncryptedModel):
    """A parent of another table."""

    name = fields.EncryptedCharField(max_length=100, search=True)


class Company(Party):
    """Its child: two tables, two schemas."""

    tax_number = fields.EncryptedCharField(max_length=20, search=True, null=True)


class Ticket(EncryptedModel):
    """The row says whose it is."""

    tenant = models.CharField(max_length=50)
    text = fields.EncryptedTextField(search=True, null=True)

    class Fieldvault:
        tenant_field = "tenant"


class Login(EncryptedModel):
    """One set of keys for all tenants, and a value that any row may hold."""

    email = fields.EncryptedEmailField(search=True, row_bound=False, null=True)

    class Fieldvault:
        tenancy = Tenancy.GLOBAL


class Patient(EncryptedModel):
    """Sealed under a key of each person's own."""

    person = models.CharField(max_length=50)
    diagnosis = fields.EncryptedTextField(null=True)

    class Fieldvault:
        schema = "patient"
        subject_field = "person"


class Member(EncryptedModel):
    """The row is the person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    phone = fields.EncryptedCharField(max_length=30, search=True, null=True)

    class Fieldvault:
        subject_field = "id"


class Employee(EncryptedModel):
    """Attributes are protected."""

    email = fields.EncryptedEmailField(search=True, null=True, mask=EmailMask())
    salary = fields.EncryptedDecimalField(max_digits=10, decimal_places=2, null=True)

    class Fieldvault:
        protected = True


class Everything(EncryptedModel):
    """Every type, each beside the plain field of it."""

    char = fields.EncryptedCharField(max_length=50, null=True)
    text = fields.EncryptedTextField(null=True)
    email = fields.EncryptedEmailField(null=True)
    url = fields.EncryptedURLField(null=True)
    slug = fields.EncryptedSlugField(null=True)
    ip = fields.EncryptedGenericIPAddressField(null=True)
    uuid = fields.EncryptedUUIDField(null=True, search=True)
    boolean = fields.EncryptedBooleanField(null=True)
    floating = fields.EncryptedFloatField(null=True)
    integer = fields.EncryptedIntegerField(null=True, search=True)
    big = fields.EncryptedBigIntegerField(null=True)
    small = fields.EncryptedSmallIntegerField(null=True)
    positive = fields.EncryptedPositiveIntegerField(null=True)
    decimal = fields.EncryptedDecimalField(max_digits=8, decimal_places=2, null=True, search=True)
    date = fields.EncryptedDateField(null=True, search=True)
    datetime = fields.EncryptedDateTimeField(null=True, search=True)
    time = fields.EncryptedTimeField(null=True)
    duration = fields.EncryptedDurationField(null=True)
    binary = fields.EncryptedBinaryField(null=True)
    json = fields.EncryptedJSONField(null=True)


class Plain(models.Model):
    """The plain fields of the same types."""

    char = models.CharField(max_length=50, null=True)
    text = models.TextField(null=True)
    email = models.EmailField(null=True)
    url = models.URLField(null=True)
    slug = models.SlugField(null=True)
    ip = models.GenericIPAddressField(null=True)
    uuid = models.UUIDField(null=True)
    boolean = models.BooleanField(null=True)
    floating = models.FloatField(null=True)
    integer = models.IntegerField(null=True)
    big = models.BigIntegerField(null=True)
    small = models.SmallIntegerField(null=True)
    positive = models.PositiveIntegerField(null=True)
    decimal = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    date = models.DateField(null=True)
    datetime = models.DateTimeField(null=True)
    time = models.TimeField(null=True)
    duration = models.DurationField(null=True)
    binary = models.BinaryField(null=True)
    json = models.JSONField(null=True)


class Migrating(EncryptedModel):
    """A column on its way: dual write and backfill."""

    email = models.CharField(max_length=100, null=True)
    email_sealed = fields.EncryptedEmailField(
        copies="email", sealed_as="email", search=True, unique=True, null=True
    )


class CutOver(EncryptedModel):
    """A column that has arrived, and is written in plain text for those that still read it."""

    email = fields.EncryptedEmailField(copied_to="email_plain", db_column="email_sealed", search=True, null=True)
    email_plain = models.CharField(max_length=100, null=True, db_column="email")
