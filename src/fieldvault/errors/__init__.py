"""Every error that fieldvault raises, in one tree: one file for each part of the library that raises them."""

from fieldvault.errors.audit import AuditError
from fieldvault.errors.base import FieldvaultError, Stage
from fieldvault.errors.batches import BatchError
from fieldvault.errors.declared import ConfigurationError, MissingExtra, SchemaError, ScopeError
from fieldvault.errors.kek import KekDenied, KekError, KekMisconfigured, KekUnavailable
from fieldvault.errors.keystore import KeyStoreConflict, KeyStoreError, KeyStoreNotReady, KeyStoreUnavailable
from fieldvault.errors.opening import (
    AuthenticationFailed,
    DecodeError,
    EnvelopeMalformed,
    EnvelopeVersionRefused,
    KeyCommitmentMismatch,
    KeyDestroyed,
    KeyNotFound,
    KeyWrapRefused,
    OpenError,
)
from fieldvault.errors.passwords import (
    HashingFailed,
    HashParametersRefused,
    PasswordError,
    PasswordRefused,
    PasswordTooLong,
    SchemeNotProved,
    SchemeUnknown,
    StoredHashMalformed,
    TooManyHashes,
)
from fieldvault.errors.sealing import KeyExhausted, NotIndexable, SealError, ValueRefused

__all__ = [
    "AuditError",
    "AuthenticationFailed",
    "BatchError",
    "ConfigurationError",
    "DecodeError",
    "EnvelopeMalformed",
    "EnvelopeVersionRefused",
    "FieldvaultError",
    "HashParametersRefused",
    "HashingFailed",
    "KekDenied",
    "KekError",
    "KekMisconfigured",
    "KekUnavailable",
    "KeyCommitmentMismatch",
    "KeyDestroyed",
    "KeyExhausted",
    "KeyNotFound",
    "KeyStoreConflict",
    "KeyStoreError",
    "KeyStoreNotReady",
    "KeyStoreUnavailable",
    "KeyWrapRefused",
    "MissingExtra",
    "NotIndexable",
    "OpenError",
    "PasswordError",
    "PasswordRefused",
    "PasswordTooLong",
    "SchemaError",
    "SchemeNotProved",
    "SchemeUnknown",
    "ScopeError",
    "SealError",
    "Stage",
    "StoredHashMalformed",
    "TooManyHashes",
    "ValueRefused",
]
