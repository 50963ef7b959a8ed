"""One sealed field as a record from which positive vectors are written and negative ones derived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from generator import typed
from generator.places import Row, Scope, field_aad
from generator.primitives import b64url, derive, gcm_seal

Vector = dict[str, Any]

ACME = Scope("acme")


@dataclass(frozen=True)
class Sealed:
    """Everything that goes into one envelope. What is None, and the nonce, follow from the rest."""

    name: str
    value: typed.Value
    scope: Scope = ACME
    schema: str = "people"
    field: str = "email"
    row: Row | None = None
    zeros: int | None = None
    declared: typed.Value | None = None
    version: int = 0x01
    plaintext: bytes | None = None
    key: bytes | None = None
    key_id: bytes | None = None
    note: str | None = None

    def with_(self, **changes: Any) -> Sealed:
        return replace(self, **changes)

    @property
    def the_key(self) -> bytes:
        return self.key or key_of(self.scope)

    @property
    def the_key_id(self) -> bytes:
        return self.key_id or self.scope.key_id(self.the_key)

    @property
    def header(self) -> bytes:
        return bytes([self.version]) + self.the_key_id

    @property
    def nonce(self) -> bytes:
        return derive(f"nonce/{self.name}", 12)

    @property
    def typed_plaintext(self) -> bytes:
        return typed.encode(self.value, zeros=self.zeros) if self.plaintext is None else self.plaintext

    @property
    def aad(self) -> bytes:
        return field_aad(self.header, self.scope.tenant, self.schema, self.field, self.row)

    @property
    def envelope(self) -> bytes:
        return self.header + self.nonce + gcm_seal(self.the_key, self.nonce, self.typed_plaintext, self.aad)

    @property
    def the_declared(self) -> typed.Value:
        return {"type": self.value["type"], "nulls_sealed": False} | (self.declared or {})

    def place(self) -> Vector:
        return {
            "tenant": self.scope.tenant,
            "purpose": self.scope.purpose,
            "subject": self.scope.subject,
            "schema": self.schema,
            "field": self.field,
            "row": self.row,
        }

    def store_row(self, **changes: Any) -> Vector:
        """The row of the key store that holds this envelope's key."""
        scope = {"tenant": self.scope.tenant, "purpose": self.scope.purpose, "subject": self.scope.subject}
        key = {"key_id": self.the_key_id.hex(), "key": self.the_key.hex(), "state": "active"}
        return scope | key | changes

    def positive(self) -> Vector:
        vector = {
            "name": self.name,
            "place": self.place(),
            "key": self.the_key.hex(),
            "key_id": self.the_key_id.hex(),
            "nonce": self.nonce.hex(),
            "declared": self.the_declared,
            "value": self.value,
            "padding_zeros": self.zeros,
            "typed_plaintext": self.typed_plaintext.hex(),
            "aad": self.aad.hex(),
            "envelope": self.envelope.hex(),
            "text_form": "fv1." + b64url(self.envelope),
        }
        return vector if self.note is None else {**vector, "note": self.note}


def key_of(scope: Scope) -> bytes:
    return derive(f"key/{scope.tenant}/{scope.purpose}/{scope.subject}")


def negative(
    sealed: Sealed,
    name: str,
    stage: str,
    breaks: str,
    *,
    envelope: bytes | None = None,
    text_form: str | None = None,
    key_store: list[Vector] | None = None,
    read_as: Vector | None = None,
    declared: typed.Value | None = None,
) -> Vector:
    """What differs from opening `sealed` where it belongs is named; the rest is as in its positive."""
    if text_form is None:
        form = {"envelope": (sealed.envelope if envelope is None else envelope).hex()}
    else:
        form = {"text_form": text_form}
    return {
        "name": name,
        "stage": stage,
        "breaks": breaks,
        "of": sealed.name,
        "key_store": [sealed.store_row()] if key_store is None else key_store,
        "read_as": sealed.place() | (read_as or {}),
        "declared": sealed.the_declared | (declared or {}),
        **form,
    }
