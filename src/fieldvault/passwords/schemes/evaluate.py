"""What an expression's tree computes (spec password-v1 §6)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from fieldvault.passwords.schemes import syntax

_PHP_WHITE_SPACE = " \t\n\r\0\x0b"
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Environment:
    password: str = field(repr=False)
    salt: bytes = field(repr=False)
    site_key: bytes = field(repr=False)
    encoding: str


def evaluate(tree: syntax.Hash, environment: Environment) -> str | None:
    """The digest in lower-case hexadecimal; None where a text cannot be encoded."""
    try:
        return _digest(tree, environment).hex()
    except UnicodeEncodeError:
        return None


def _digest(node: syntax.Hash, environment: Environment) -> bytes:
    given = [_encoded(_value(argument, environment), environment) for argument in node.arguments]
    if node.name == "md5":
        return hashlib.md5(given[0], usedforsecurity=False).digest()
    if node.name == "sha1":
        return hashlib.sha1(given[0], usedforsecurity=False).digest()
    return hmac.new(given[0], given[1], hashlib.md5).digest()


def _value(node: syntax.Node, environment: Environment) -> str | bytes:
    match node:
        case syntax.Variable(name):
            value: str | bytes = getattr(environment, name)
            return value
        case syntax.Literal(text):
            return text
        case syntax.Hash(raw=raw):
            digest = _digest(node, environment)
            return digest if raw else digest.hex()
        case syntax.Join(parts):
            values = [_value(part, environment) for part in parts]
            if all(isinstance(value, str) for value in values):
                return "".join(values)  # type: ignore[arg-type]
            return b"".join(_encoded(value, environment) for value in values)
        case syntax.Change(name, of):
            return _changed(name, _value(of, environment))
        case syntax.Left(of, count):
            return _value(of, environment)[:count]


def _changed(name: str, value: str | bytes) -> str | bytes:
    # Latin-1 gives every byte a character, so one definition serves text and bytes. Only ASCII letters change.
    text = value if isinstance(value, str) else value.decode("latin-1")
    if name == "trim":
        changed = text.strip(_PHP_WHITE_SPACE)
    else:
        changed = text.translate({"upper": _UPPER, "lower": _LOWER}[name])
    return changed if isinstance(value, str) else changed.encode("latin-1")


def _encoded(value: str | bytes, environment: Environment) -> bytes:
    return value.encode(environment.encoding) if isinstance(value, str) else value
