"""Readers of what other libraries wrote, so that their columns can be moved to envelopes. None of them writes."""

from fieldvault.rotation.formats.base import LegacyFormat, LegacyValue, PlainValues
from fieldvault.rotation.formats.django_cryptography import DjangoCryptography
from fieldvault.rotation.formats.django_fernet_fields import DjangoFernetFields
from fieldvault.rotation.formats.fernet import FernetTokens
from fieldvault.rotation.formats.pgcrypto import Pgcrypto
from fieldvault.rotation.formats.sqlalchemy_utils_aes import AesPadding, SqlalchemyUtilsAes
from fieldvault.rotation.formats.sqlalchemy_utils_aes_gcm import SqlalchemyUtilsAesGcm

__all__ = [
    "AesPadding",
    "DjangoCryptography",
    "DjangoFernetFields",
    "FernetTokens",
    "LegacyFormat",
    "LegacyValue",
    "Pgcrypto",
    "PlainValues",
    "SqlalchemyUtilsAes",
    "SqlalchemyUtilsAesGcm",
]
