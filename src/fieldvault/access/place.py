"""Where a protected value belongs."""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.masking import FullMask, Mask
from fieldvault.schema import Schema
from fieldvault.scoping import current_acting

_ALL_HIDDEN = FullMask()


@dataclass(frozen=True, slots=True)
class Place:
    """Which field's values these are, and whose. One for all values of a column."""

    tenant: str | None
    schema: str
    field: str
    mask: Mask = _ALL_HIDDEN

    @classmethod
    def of(cls, schema: Schema, field: str, tenant: str | None) -> Place:
        """The place of a schema's field, with the mask that the field declares. Raises `SchemaError`."""
        return cls(tenant, schema.name, field, schema.field(field).mask or _ALL_HIDDEN)

    def owner(self) -> str | None:
        """The tenant whose values these are; None where they are global."""
        return self.tenant

    def goes_to(self, other: Place) -> bool:
        """Whether a value from here may be sealed there, unseen: in its own field only."""
        return (self.tenant, self.schema, self.field) == (other.tenant, other.schema, other.field)

    def __str__(self) -> str:
        return f"{self.schema}.{self.field}"


@dataclass(frozen=True, slots=True)
class InputPlace(Place):
    """Where a value is that a caller has just handed in: it belongs to no field yet, and may be sealed in any."""

    tenant: str | None = None
    schema: str = "input"
    field: str = "value"

    def owner(self) -> str | None:
        """Whoever's scope this is."""
        acting = current_acting()
        return None if acting is None else acting.tenant

    def goes_to(self, other: Place) -> bool:  # noqa: ARG002 - to any
        return True
