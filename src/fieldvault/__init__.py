"""fieldvault: field-level encryption and pseudonymisation for Python.

Declare a `Schema`, put a KEK and a key store together as `Keyrings`, and seal with a `RecordCipher`.
"""

from fieldvault._version import __version__
from fieldvault.columns.form import BinaryForm, TextForm
from fieldvault.columns.result import BatchResult
from fieldvault.core.context import Scope
from fieldvault.core.native import use_threads
from fieldvault.errors import BatchError, FieldvaultError, OpenError, SealError, Stage
from fieldvault.keyring import Keyring, KeyringPolicy, Keyrings
from fieldvault.record import RecordCipher
from fieldvault.schema import PlainField, Schema, SealedField, Subject, Tenancy
from fieldvault.scoping import current_tenant, scope
from fieldvault.tokens import ExactIndex

__all__ = [
    "BatchError",
    "BatchResult",
    "BinaryForm",
    "ExactIndex",
    "FieldvaultError",
    "Keyring",
    "KeyringPolicy",
    "Keyrings",
    "OpenError",
    "PlainField",
    "RecordCipher",
    "Schema",
    "Scope",
    "SealError",
    "SealedField",
    "Stage",
    "Subject",
    "Tenancy",
    "TextForm",
    "__version__",
    "current_tenant",
    "scope",
    "use_threads",
]
