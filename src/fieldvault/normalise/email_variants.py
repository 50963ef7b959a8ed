"""`email-untagged@1` and `email-undotted@1`: one person, whatever tag or dots they add to their address.

Only where asked for. What `+tag` and dots mean is the affair of each mail host: for some, `a.b@` and `ab@` are two
people, whom these normalisers take for one. Compare what was opened before acting on it.
"""

from __future__ import annotations

from fieldvault.errors import NotIndexable
from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.email import EMAIL, normalise_email_part
from fieldvault.normalise.text import fold_canonical


class UntaggedEmailNormaliser(Normaliser[str]):
    """`email-untagged@1`: `email@1`, and the local part ends before its first `+` (RFC 5233 sub-addressing).

    Refused: an address whose local part begins with `+`, and what `email@1` refuses.
    """

    name = "email-untagged@1"

    def normalise(self, value: str) -> bytes:
        local, _, domain = EMAIL.normalise(value).rpartition(b"@")
        untagged = local.partition(b"+")[0].rstrip(b".")
        if not untagged:
            raise NotIndexable("the e-mail address is a tag without a mailbox")
        return untagged + b"@" + domain

    def normalise_part(self, value: str) -> bytes:
        return normalise_email_part(value, self.name)


class UndottedEmailNormaliser(Normaliser[str]):
    """`email-undotted@1`: `email-untagged@1` without the dots of the local part, which is then folded again."""

    name = "email-undotted@1"

    def normalise(self, value: str) -> bytes:
        local, _, domain = EMAIL_UNTAGGED.normalise(value).rpartition(b"@")
        undotted = local.replace(b".", b"")
        if not undotted.isascii():
            # A mark behind a dot joins the letter before it.
            undotted = fold_canonical(undotted.decode()).encode()
        return undotted + b"@" + domain

    def normalise_part(self, value: str) -> bytes:
        return normalise_email_part(value, self.name)


EMAIL_UNTAGGED = UntaggedEmailNormaliser()
EMAIL_UNDOTTED = UndottedEmailNormaliser()
