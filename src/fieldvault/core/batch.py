"""The batch core, chosen once: the pure-Python one, until a native twin is there to choose.

`FIELDVAULT_CORE=python` or `native` asks for one; asking for one that is missing raises, it never falls back.
"""

from __future__ import annotations

import os

from fieldvault.core import _pure
from fieldvault.errors import ConfigurationError

_asked = os.environ.get("FIELDVAULT_CORE", "")
if _asked == "native":
    raise ConfigurationError("FIELDVAULT_CORE=native, but this release has no native core", hint="unset it")
if _asked not in ("", "python"):
    raise ConfigurationError("FIELDVAULT_CORE must be 'python' or 'native'")

CORE = "python"
seal_many = _pure.seal_many
seal_many_mixed = _pure.seal_many_mixed
headers_of = _pure.headers_of
open_many = _pure.open_many
index_many = _pure.index_many
