"""`email@1`: one mailbox, however its address is written.

The local part is case-folded. RFC 5321 §2.4 lets a host tell `Smith@` from `smith@`; hardly any does, and people
type either, so the index takes them for one. Dots and sub-addresses (`+tag`) stay: what they mean is the host's
affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from fieldvault.core.batch import Packed, plain_emails
from fieldvault.errors import MissingExtra, NotIndexable
from fieldvault.normalise.base import Normaliser, text_of
from fieldvault.normalise.text import WHITE_SPACE, fold_canonical

MAX_BYTES = 250
"""Of an address in UTF-8, as given and normalised. RFC 5321 allows 254; the rest is room for `_ENDING`."""

# email-validator refuses domains that are not for the Internet (corp.local, acme.test, localhost), judging by
# their ending, and offers no way to allow them; a customer file has them. So the address is checked with an
# ending that means nothing: ISO 3166 reserves zz for users, so it is no top-level domain and never will be.
_ENDING = ".zz"

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


class EmailNormaliser(Normaliser[str]):
    """`email@1`: trim White_Space; check the syntax; the local part as NFC(casefold(NFD(local))); `@`; the domain
    as lower-case A-labels (UTS #46, non-transitional). In UTF-8, at most 250 bytes.

    Refused: a quoted local part, a display name, a comment, an address literal, an empty domain label (a trailing
    dot too). Domains are not looked up, and a domain without a dot is accepted. Raises `MissingExtra` without
    email-validator.
    """

    name = "email@1"

    def normalise(self, value: str) -> bytes:
        text = text_of(value, self.name).strip(WHITE_SPACE)
        _parser()  # A missing package shows at the first address, not at the first that is not plain.
        if len(text) <= MAX_BYTES and _PLAIN_ADDRESS.fullmatch(text):
            # The same bytes as by the library, in a fifteenth of the time; a property test compares the two.
            return text.lower().encode()
        return normalise_by_library(text)

    def normalise_part(self, value: str) -> bytes:
        return normalise_email_part(value, self.name)

    def pack_many(self, values: Sequence[str]) -> Packed:
        _parser()
        return self._completed(values, plain_emails(values))


def normalise_email_part(value: str, normaliser: str) -> bytes:
    """A part of an address: trimmed and case-folded. A domain beyond ASCII is sought by its A-labels."""
    return fold_canonical(text_of(value, normaliser).strip(WHITE_SPACE)).encode()


def normalise_by_library(text: str) -> bytes:
    """`email@1` of a trimmed text without lone surrogates, by email-validator. Raises `NotIndexable`."""
    parts = _parser()(text + _ENDING) if len(text.encode()) <= MAX_BYTES else None
    if parts is None:
        raise NotIndexable(
            "the text is not an e-mail address",
            hint=f"expected local@domain, without display name, quotes or trailing dot, up to {MAX_BYTES} bytes",
        )
    local, domain = parts
    normalised = f"{fold_canonical(local)}@{domain.removesuffix(_ENDING).lower()}".encode()
    if len(normalised) > MAX_BYTES:
        raise NotIndexable(f"the e-mail address is longer than {MAX_BYTES} bytes when normalised")
    return normalised


@cache
def _parser() -> Callable[[str], tuple[str, str] | None]:
    """A function from an address to its local part in NFC and its domain in A-labels, or None."""
    try:
        from email_validator import EmailNotValidError, validate_email
    except ImportError:
        raise MissingExtra("the email normaliser", extra="search") from None

    def parse(address: str) -> tuple[str, str] | None:
        try:
            # Every option is given: the library lets an application change its defaults.
            valid = validate_email(
                address,
                allow_smtputf8=True,
                allow_empty_local=False,
                allow_quoted_local=False,
                allow_domain_literal=False,
                allow_display_name=False,
                strict=False,
                check_deliverability=False,
                test_environment=False,
                globally_deliverable=True,
            )
        except EmailNotValidError:
            return None
        return valid.local_part, valid.ascii_domain

    return parse


EMAIL = EmailNormaliser()
