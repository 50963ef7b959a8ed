"""Fields declared once; everything else reads the declaration."""

from fieldvault.schema.fields import PlainField, SealedField
from fieldvault.schema.indexes import DeclaredIndex
from fieldvault.schema.schema import Schema, Tenancy
from fieldvault.schema.subject import Subject

__all__ = ["DeclaredIndex", "PlainField", "Schema", "SealedField", "Subject", "Tenancy"]
