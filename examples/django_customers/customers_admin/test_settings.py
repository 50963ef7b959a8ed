"""The settings of the tests: keys and an audit log of their own, in a folder that is gone at the end."""

from __future__ import annotations

import atexit
import os
import tempfile
import warnings
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="django-customers-")
atexit.register(_folder.cleanup)
os.environ["AUDIT_LOG"] = str(Path(_folder.name) / "audit.jsonl")

from customers_admin.settings import *  # noqa: E402, F403
from customers_admin.settings import FIELDVAULT  # noqa: E402
from fieldvault.kek.local import LocalKek, LocalKekWarning, Passphrase  # noqa: E402

warnings.simplefilter("ignore", LocalKekWarning)
if os.environ.get("KEK", "local") == "local":
    os.environ["FIELDVAULT_KEK_PASSPHRASE"] = "correct horse battery staple"
    os.environ.pop("FIELDVAULT_KEK_PASSPHRASE_FILE", None)
    _file = Path(_folder.name) / "fieldvault.kek"
    LocalKek.create(_file, Passphrase(lambda: os.environ["FIELDVAULT_KEK_PASSPHRASE"]))
    FIELDVAULT["kek"] = {"kind": "local", "file": str(_file)}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; nothing here is about passwords
