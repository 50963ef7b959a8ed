"""Where the server is and what the KEK is called there: checked before anything is sent.

Rules of this file:

1. Plain http is for loopback. Elsewhere it must be asked for by `InsecureHttp`: data keys cross it in the clear.
2. Names go into a URL's path, so they are matched against what the servers accept; nothing is escaped, nothing that
   could leave its path segment (`/`, `..`, `?`, `#`, `%`) gets through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from fieldvault.errors import ConfigurationError

_KEY = re.compile(r"\w(?:[\w.-]*\w)?\Z", re.ASCII)
_PATH = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class InsecureHttp:
    """An http:// address beyond loopback, on purpose: anybody on the way can read tokens and data keys."""

    address: str


def base_url(address: str | InsecureHttp) -> str:
    """The server's URL without a trailing slash. Raises `ConfigurationError`, never repeating the address."""
    insecure = isinstance(address, InsecureHttp)
    text = address.address if isinstance(address, InsecureHttp) else address
    hint = "e.g. https://vault.example.com:8200"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = None, None, None
    if parts is None or parts.scheme not in {"https", "http"} or not host or port == 0:
        raise ConfigurationError("the Vault address is not an https:// URL with a host", hint=hint)
    path = parts.path.strip("/")
    if "@" in parts.netloc or parts.query or parts.fragment or (path and not _PATH.match(path)):
        raise ConfigurationError(
            "the Vault address may hold a scheme, a host, a port and a path, and nothing else", hint=hint
        )
    if not parts.netloc.isascii() or not parts.netloc.isprintable() or " " in parts.netloc:
        raise ConfigurationError("the Vault address has a host that is not plain ASCII", hint=hint)
    if parts.scheme == "http" and not insecure and not _is_loopback(host):
        raise ConfigurationError(
            "the Vault address is plain http, over which data keys and tokens can be read by anybody on the way",
            hint="use https, or InsecureHttp(address) where the network itself is encrypted",
        )
    return f"{parts.scheme}://{parts.netloc}" + (f"/{path}" if path else "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def key_name(key: str) -> str:
    """The transit key's name as the servers accept it. Raises `ConfigurationError`."""
    if not isinstance(key, str) or not _KEY.match(key) or len(key) > 255:
        raise ConfigurationError("a transit key's name is letters, digits, '_', '-' and '.', at most 255 of them")
    return key


def path_name(path: str, what: str) -> str:
    """A mount's or namespace's path without slashes around it. Raises `ConfigurationError`."""
    stripped = path.strip("/") if isinstance(path, str) else ""
    if not _PATH.match(stripped) or len(stripped) > 1024:
        raise ConfigurationError(f"the {what} is not a path of letters, digits, '_', '-' and '.' between slashes")
    return stripped


def trust_anchor(ca: str | Path | None) -> str | bool:
    """What verifies the server's certificate: a PEM file or folder, or True for the public CAs.

    There is no way to say "do not verify". Raises `ConfigurationError` where the path does not exist.
    """
    if ca is None:
        return True
    # An empty string would be taken for the working folder here, and for "do not verify" by requests.
    if not isinstance(ca, str | Path) or ca == "" or not Path(ca).exists():
        raise ConfigurationError("the CA file for Vault does not exist", hint="ca= is a path to PEM certificates")
    return str(ca)
