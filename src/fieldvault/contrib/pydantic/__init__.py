"""Pydantic, and so FastAPI and SQLModel: fields that are validated as usual and serialised masked."""

from fieldvault.errors import MissingExtra

try:
    import pydantic as _pydantic
except ModuleNotFoundError:  # pragma: no cover
    raise MissingExtra("fieldvault.contrib.pydantic", extra="pydantic") from None
del _pydantic

from fieldvault.contrib.pydantic.model import SealedModel  # noqa: E402
from fieldvault.contrib.pydantic.sealed import Sealed, SealedAs  # noqa: E402

__all__ = ["Sealed", "SealedAs", "SealedModel"]
