"""The text of a local KEK file (spec keyring-v1 §7): four lines of ASCII that have one spelling.

A file is parsed by writing it again: what the writer would not have written byte for byte is refused. So nothing
that the seal does not cover can be slipped into a file, and no two files say the same.

The sealed KEK is hidden like a secret, since with it a passphrase can be guessed at.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field

from fieldvault.core.derive import KEY_BYTES
from fieldvault.core.envelope import NONCE_BYTES, TAG_BYTES, to_text
from fieldvault.errors import KekMisconfigured
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.local.argon2_parameters import Argon2Parameters

SALT_BYTES = 16
SEALED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
MAX_FILE_BYTES = 1024
"""More than any valid file has (216), so a reader stops early in what is none."""

_FILE = re.compile(
    rb"fieldvault-local-kek/v1\n"
    rb"id: (?P<id>[0-9a-f]{32})\n"
    rb"protect: (?:key|argon2id m=(?P<m>[0-9]{1,10}) t=(?P<t>[0-9]{1,10}) p=(?P<p>[0-9]{1,10})"
    rb" salt=(?P<salt>[A-Za-z0-9_-]{22}))\n"
    rb"sealed: (?P<sealed>[A-Za-z0-9_-]{80})\n\Z"
)


@dataclass(frozen=True, slots=True)
class KeyProtect:
    """`protect: key`."""

    def text(self) -> str:
        return "key"


@dataclass(frozen=True, slots=True)
class Argon2idProtect:
    """`protect: argon2id …`: the parameters and the 16-byte salt, neither of them secret."""

    parameters: Argon2Parameters
    salt: bytes

    def text(self) -> str:
        p = self.parameters
        return f"argon2id m={p.memory_kib} t={p.passes} p={p.lanes} salt={to_text('', self.salt)}"


Protect = KeyProtect | Argon2idProtect


@dataclass(frozen=True, slots=True)
class KekFile:
    """What a file says: the KEK's 16-byte id, how it is protected, and the 60 bytes it is sealed in."""

    kek_id: bytes
    protect: Protect
    sealed: bytes = field(repr=False)

    def text(self) -> Hidden[bytes]:
        return Hidden(head(self.kek_id, self.protect) + f"sealed: {to_text('', self.sealed)}\n".encode())


def head(kek_id: bytes, protect: Protect) -> bytes:
    """Every byte before `sealed:`, which the seal authenticates."""
    return f"fieldvault-local-kek/v1\nid: {kek_id.hex()}\nprotect: {protect.text()}\n".encode()


def parse(content: Hidden[bytes]) -> KekFile:
    """The file with this content. Raises `KekMisconfigured` if it is not spelled so, or a bound is exceeded."""
    match = _FILE.match(content.reveal())
    if match is None:
        raise _malformed()
    # Alphabet and lengths are right by now, so decoding cannot fail.
    file = KekFile(bytes.fromhex(match["id"].decode()), _protect(match), urlsafe_b64decode(match["sealed"]))
    if file.text().reveal() != content.reveal():  # a leading zero, or trailing bits of the salt
        raise _malformed()
    return file


def _protect(match: re.Match[bytes]) -> Protect:
    if match["m"] is None:
        return KeyProtect()
    parameters = Argon2Parameters(int(match["m"]), int(match["t"]), int(match["p"]))
    return Argon2idProtect(parameters, urlsafe_b64decode(match["salt"] + b"=="))


def _malformed() -> KekMisconfigured:
    return KekMisconfigured(
        "the file is not a local KEK, version 1, byte for byte as it was written",
        hint="restore it from a copy: was it edited, cut short, or given other line ends?",
    )
