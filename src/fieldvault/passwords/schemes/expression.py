"""Expression: an unmarked legacy scheme, declared by the operator and proved (spec password-v1 §6).

Rules of this file:

1. Text is encoded where it is hashed; the salt and the site key are bytes from the start.
2. Reading is strict. A digest of the wrong length, case or alphabet is refused, since hashing it would bury it.
3. A site key never goes into the scheme's name, for the name is stored with each row.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from fieldvault.errors import ConfigurationError, StoredHashMalformed
from fieldvault.passwords.schemes import syntax
from fieldvault.passwords.schemes.base import LegacyHash
from fieldvault.passwords.schemes.evaluate import Environment, evaluate

Encoding = Literal["utf-8", "latin-1", "cp1252", "utf-16-le"]
ENCODINGS: tuple[Encoding, ...] = ("utf-8", "latin-1", "cp1252", "utf-16-le")
_DIGEST_BYTES = {"md5": 16, "sha1": 20, "hmac_md5": 16}


class DigestForm(StrEnum):
    """How the digest stands in the column. It matters until the row is wrapped, and not after."""

    HEX = "hex"
    UPPER_HEX = "upper-hex"
    BASE64 = "base64"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class SaltColumn:
    """The salt is in a column of its own; a str is encoded as the scheme's texts are."""


@dataclass(frozen=True, slots=True)
class SaltAfter:
    """The column holds digest, separator, salt: `5f4d…cf99:Xy7z` (Joomla, osCommerce)."""

    separator: str = ":"


@dataclass(frozen=True, slots=True)
class SaltBefore:
    """The column holds salt, separator, digest. The separator may be empty: the digest's length is known."""

    separator: str = ":"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Expression:
    """`Expression("md5(md5(password) + salt)")`: how the old application made its digests.

    Variables: `password`, `salt`, `site_key`. Functions: `md5(x)`, `sha1(x)`, `hmac_md5(key, message)`, which give
    lower-case hexadecimal, `raw(digest)` its bytes; `upper(x)`, `lower(x)` of ASCII letters; `trim(x)` of what
    PHP's trim takes away; `left(x, n)`; `+` joins; `'literal'`. The outermost must be a digest.

    `encoding` is what texts are hashed in; `form` how the digest is stored; `salt_from` where the salt is.
    `site_key` is a salt common to all rows that the old application kept in its configuration: a row wrapped with
    it is verified only by a hasher whose `schemes` has this scheme. (A literal in the expression is stored with
    each row instead.) Raises `ConfigurationError`, without quoting the expression.
    """

    name: str
    form: DigestForm
    salt_from: SaltColumn | SaltAfter | SaltBefore
    encoding: Encoding
    _tree: syntax.Hash = field(repr=False)
    _site_key: bytes | None = field(repr=False)
    _salted: bool = field(repr=False)
    _hashes: int = field(repr=False)

    def __init__(
        self,
        expression: str,
        *,
        encoding: Encoding = "utf-8",
        form: DigestForm | Literal["hex", "upper-hex", "base64", "raw"] = DigestForm.HEX,
        salt_from: SaltColumn | SaltAfter | SaltBefore | None = None,
        site_key: str | bytes | None = None,
    ) -> None:
        tree = syntax.parse(expression)
        keyed = site_key is not None
        key = site_key.encode("utf-8", "surrogatepass") if isinstance(site_key, str) else site_key
        del expression, site_key  # either may be a secret, and an error keeps this frame
        why = _contradiction(tree, encoding, form, salt_from, keyed)
        if why is not None or isinstance(tree, syntax.NotAnExpression):
            del key, self  # half made, it has no repr
            raise ConfigurationError(
                why or "not an expression", hint="e.g. Expression('md5(md5(password) + salt)')"
            )
        used = syntax.variables(tree)
        put = object.__setattr__
        put(self, "name", syntax.spell(tree) + ("" if encoding == "utf-8" else f";{encoding}"))
        put(self, "form", DigestForm(form))
        put(self, "salt_from", salt_from or SaltColumn())
        put(self, "encoding", encoding)
        put(self, "_tree", tree)
        put(self, "_site_key", key)
        put(self, "_salted", "salt" in used)
        put(self, "_hashes", sum(isinstance(node, syntax.Hash) for node in syntax.walk(tree)))

    @property
    def salted(self) -> bool:
        """Does the salt occur in it?"""
        return self._salted

    @property
    def salt_is_apart(self) -> bool:
        """Is there a salt, and in another column?"""
        return self._salted and isinstance(self.salt_from, SaltColumn)

    @property
    def lacks_site_key(self) -> bool:
        """Does it need a site key that it was not given? Then it computes nothing."""
        return self._site_key is None and "site_key" in syntax.variables(self._tree)

    def read(self, stored: str | bytes, salt: str | bytes | None = None) -> LegacyHash:
        """See `Scheme.read`."""
        outcome = self._read(stored, salt)
        del stored, salt
        if isinstance(outcome, StoredHashMalformed):
            raise outcome
        return outcome

    def rounds(self, setting: bytes) -> int:
        """See `Scheme.rounds`."""
        unsalted = bool(setting) and not self._salted
        del setting
        if unsalted:
            raise StoredHashMalformed("a wrapped hash with a salt that its scheme does not use")
        return self._hashes

    def digest(self, password: str, setting: bytes) -> str | None:
        """See `Scheme.digest`. Raises `ConfigurationError` where the site key is needed and was not given."""
        if self.lacks_site_key:
            del password, setting
            raise ConfigurationError("this expression needs its site_key")
        return evaluate(self._tree, Environment(password, setting, self._site_key or b"", self.encoding))

    def __repr__(self) -> str:
        return f"<Expression {syntax.spell(self._tree, literals=False)}, {self.encoding}, {self.form}>"

    def _read(self, stored: str | bytes, salt: str | bytes | None) -> LegacyHash | StoredHashMalformed:
        if self._salted and isinstance(self.salt_from, SaltColumn) == (salt is None):
            return StoredHashMalformed(
                "the row's salt column is NULL or was not given" if salt is None else "a salt too many was given"
            )
        if not self._salted and salt is not None:
            return StoredHashMalformed("a salt was given to a scheme that uses none")
        hex_digits = 2 * _DIGEST_BYTES[self._tree.name]
        if self.form is DigestForm.RAW:
            if not isinstance(stored, bytes) or len(stored) * 2 != hex_digits:
                return StoredHashMalformed(f"not a raw digest of {hex_digits // 2} bytes")
            digest: str | None = stored.hex()
        else:
            text = stored.decode("utf-8", errors="replace") if isinstance(stored, bytes) else stored
            text, salt = self._split(text, hex_digits, salt)
            digest = _hex_of(text, self.form, hex_digits)
        if digest is None:
            return StoredHashMalformed(f"not a digest of {hex_digits // 2} bytes in {self.form}")
        setting = self._salt_bytes(salt) if self._salted else b""
        if setting is None or len(setting) > 512:
            return StoredHashMalformed(f"a salt that {self.encoding} cannot encode, or of more than 512 bytes")
        return LegacyHash(setting, digest)

    def _split(self, text: str, hex_digits: int, salt: str | bytes | None) -> tuple[str, str | bytes | None]:
        if not self._salted or isinstance(self.salt_from, SaltColumn):
            return text, salt
        length = hex_digits if self.form is not DigestForm.BASE64 else 4 * -(-hex_digits // 6)
        separator = self.salt_from.separator
        if isinstance(self.salt_from, SaltAfter):
            ours = text[length : length + len(separator)] == separator
            return (text[:length], text[length + len(separator) :]) if ours else ("", salt)
        start = len(text) - length
        ours = start >= len(separator) and text[start - len(separator) : start] == separator
        return (text[start:], text[: start - len(separator)]) if ours else ("", salt)

    def _salt_bytes(self, salt: str | bytes | None) -> bytes | None:
        if isinstance(salt, bytes):
            return salt
        try:
            return (salt or "").encode(self.encoding)
        except UnicodeEncodeError:
            return None


def _contradiction(
    tree: syntax.Hash | syntax.NotAnExpression,
    encoding: str,
    form: str,
    salt_from: SaltColumn | SaltAfter | SaltBefore | None,
    keyed: bool,
) -> str | None:
    """Why this is no scheme, or None."""
    if isinstance(tree, syntax.NotAnExpression):
        return f"not an expression: {tree}"
    used = syntax.variables(tree)
    if encoding not in ENCODINGS:
        return f"the encoding must be one of {', '.join(ENCODINGS)}"
    if form not in tuple(DigestForm):
        return f"the form of a digest must be one of {', '.join(DigestForm)}"
    if salt_from is not None and "salt" not in used:
        return "salt_from is given, but the salt does not occur in the expression"
    if keyed and "site_key" not in used:
        return "a site_key is given, but does not occur in the expression"
    if form == DigestForm.RAW and isinstance(salt_from, SaltAfter | SaltBefore):
        return "a raw digest has its salt in another column, or none"
    return None


def _hex_of(text: str, form: DigestForm, hex_digits: int) -> str | None:
    """Lower-case hex of a digest in the given form; None where it is not exactly that."""
    if form is DigestForm.BASE64:
        try:
            data = base64.b64decode(text, validate=True) if text.isascii() else b""
        except binascii.Error:
            data = b""
        return data.hex() if 2 * len(data) == hex_digits and base64.b64encode(data).decode() == text else None
    alphabet = "0-9A-F" if form is DigestForm.UPPER_HEX else "0-9a-f"
    return text.lower() if re.fullmatch(f"[{alphabet}]{{{hex_digits}}}", text) else None
