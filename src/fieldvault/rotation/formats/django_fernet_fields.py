"""django-fernet-fields 0.6 and its forks: Fernet tokens under a key that is derived from the site's SECRET_KEY."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fieldvault.rotation.formats.fernet import FernetTokens

_INFO = b"django-fernet-fields"
_SALT = b"django-fernet-fields-hkdf-salt"


class DjangoFernetFields(FernetTokens):
    """Under any of `secrets`: FERNET_KEYS, or the site's SECRET_KEY where that is not set.

    Where a site has FERNET_USE_HKDF = False, its keys are Fernet keys as they are: read it by `FernetTokens`.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__([_derived(one.encode()) for one in secrets])


def _derived(secret: bytes) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=_SALT, info=_INFO).derive(secret)
    return base64.urlsafe_b64encode(derived)
