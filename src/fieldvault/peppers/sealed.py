"""SealedPhc: the stored string as an envelope under a data key (spec password-v1 §7.2).

Changing this pepper needs no login: `PasswordHasher.reseal` opens a row and seals it under the new primary key.
"""

from __future__ import annotations

from fieldvault.attempts import attempt
from fieldvault.core import batch
from fieldvault.core.context import FieldContext
from fieldvault.core.envelope import ENVELOPE_PREFIX, from_text, parse, to_text
from fieldvault.errors import DecodeError, EnvelopeMalformed, OpenError
from fieldvault.keyring.keyring import Keyring

TEXT_TYPE = b"\x02"
"""The type byte of text (spec envelope-v1 §5.3)."""


class SealedPhc:
    """A `HashSealer` over a keyring, best of a scope with a purpose of its own: `Scope(None, "passwords")`.

    `schema` and `field` name where the column is, as for any sealed field; an envelope opens only there. It is not
    bound to its row, because a hasher does not know the row: whoever writes the database can put one user's hash in
    another's row, sealed or not. `MemoryKeyStore` and others raise `KeyStoreError`; a KEK's outage is a `KekError`
    once the keyring's cache is cold.
    """

    def __init__(self, keyring: Keyring, *, schema: str, field: str = "password") -> None:
        self._keyring = keyring
        self._context = FieldContext(keyring.scope.tenant, schema, field)
        self._context.prefix(b"", row_bound=False)  # raises SchemaError for a malformed name

    def seal(self, stored: str) -> str:
        """See `HashSealer.seal`."""
        sealed = attempt(self._seal, stored)
        del stored
        return sealed.or_raise()

    def is_sealed(self, stored: str) -> bool:
        """See `HashSealer.is_sealed`."""
        return stored.startswith(ENVELOPE_PREFIX)

    def open(self, sealed: str) -> str:
        """See `HashSealer.open`."""
        stored = attempt(self._open, sealed)
        del sealed
        return stored.or_raise()

    def is_current(self, sealed: str) -> bool:
        """See `HashSealer.is_current`. Raises `EnvelopeMalformed`."""
        key_id = parse(from_text(ENVELOPE_PREFIX, sealed)).key_id
        return key_id == self._keyring.primary(uses=0).key_id

    def __repr__(self) -> str:
        return f"<SealedPhc in {self._keyring.scope}>"

    def _seal(self, stored: str) -> str:
        key = self._keyring.primary(uses=1)
        [envelope] = batch.seal_many(key.aead, self._context, [TEXT_TYPE + stored.encode()], None)
        return to_text(ENVELOPE_PREFIX, envelope)

    def _open(self, sealed: str) -> str:
        if len(sealed) > 16_384:
            raise EnvelopeMalformed("too long to be a sealed password hash")
        envelope = from_text(ENVELOPE_PREFIX, sealed)
        key_id = parse(envelope).key_id
        key = self._keyring.keys([key_id])[key_id]
        if isinstance(key, OpenError):
            raise key
        header = envelope[:17]
        plaintext = key.aead.open(envelope, self._context.prefix(header, row_bound=False))
        if plaintext[:1] != TEXT_TYPE:
            raise DecodeError("a sealed password hash is not text")
        return plaintext[1:].decode("utf-8", errors="replace")
