"""The little language in which a legacy scheme is declared (spec password-v1 §6).

    md5(md5(password) + salt)        hmac_md5(salt, password)        md5(left(password, 8) + 'pepper')

Rules of this file:

1. Nothing is executed: text becomes a tree of the six node kinds below or is refused.
2. A tree has one canonical spelling, and parsing it gives the same tree.
3. Bounds on length, depth and size hold before the tree is walked, since a stored row may bring an expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

MAX_LENGTH = 400
MAX_DEPTH = 12
MAX_NODES = 48
MAX_LEFT = 4096

VARIABLES = ("password", "salt", "site_key")
HASHES = {"md5": 1, "sha1": 1, "hmac_md5": 2}
TEXT_FUNCTIONS = ("upper", "lower", "trim")


class NotAnExpression(Exception):
    """Says what is wrong and where, without the text, which may hold a secret literal."""


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Literal:
    text: str = field(repr=False)


@dataclass(frozen=True)
class Join:
    """`a + b + …`: two or more, none of them a Join."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Hash:
    """A digest: lower-case hexadecimal text, or bytes inside `raw`."""

    name: str
    arguments: tuple[Node, ...]
    raw: bool = False


@dataclass(frozen=True)
class Change:
    """`upper`, `lower` or `trim`."""

    name: str
    of: Node


@dataclass(frozen=True)
class Left:
    """The first `count` characters of text, or bytes of a byte string."""

    of: Node
    count: int


Node = Variable | Literal | Join | Hash | Change | Left

_TOKEN = re.compile(
    r"\s*(?:(?P<word>[a-z_][a-z0-9_]*)|(?P<number>[1-9][0-9]{0,4}(?![0-9]))|(?P<sign>[+(),])"
    r"|'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\")",
    re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:(['\"\\])|u\{([0-9a-f]{1,6})\})")
_ESCAPED = re.compile(r"[^ -~]|['\\]")


def parse(text: str) -> Hash | NotAnExpression:
    """The tree of an expression, or why there is none: returned, so that no traceback holds the text."""
    try:
        return _parsed(text)
    except NotAnExpression as error:
        error.__traceback__ = None
        return error


def _parsed(text: str) -> Hash:
    if len(text) > MAX_LENGTH:
        raise NotAnExpression(f"an expression is at most {MAX_LENGTH} characters")
    parser = _Parser(text)
    tree = parser.join(0)
    parser.end()
    if not isinstance(tree, Hash) or tree.raw:
        raise NotAnExpression("the outermost part must be md5(…), sha1(…) or hmac_md5(…, …)")
    if "password" not in parser.variables:
        raise NotAnExpression("the password does not occur in it")
    return tree


def spell(node: Node, *, literals: bool = True) -> str:
    """The canonical spelling. `literals` False leaves out what is in them, for people: it may be a secret."""
    match node:
        case Variable(name):
            return name
        case Literal(text):
            return f"'{_ESCAPED.sub(_escape, text)}'" if literals else "'…'"
        case Join(parts):
            return "+".join(spell(part, literals=literals) for part in parts)
        case Hash(name, arguments, raw):
            call = f"{name}({','.join(spell(argument, literals=literals) for argument in arguments)})"
            return f"raw({call})" if raw else call
        case Change(name, of):
            return f"{name}({spell(of, literals=literals)})"
        case Left(of, count):
            return f"left({spell(of, literals=literals)},{count})"


def variables(node: Node) -> set[str]:
    """The names of the variables that occur."""
    return {one.name for one in walk(node) if isinstance(one, Variable)}


def walk(node: Node) -> list[Node]:
    """The node and all below it."""
    found, pending = [], [node]
    while pending:
        one = pending.pop()
        found.append(one)
        match one:
            case Join(parts):
                pending += parts
            case Hash(_, arguments):
                pending += arguments
            case Change(_, of) | Left(of, _):
                pending.append(of)
            case _:
                pass
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nodes = 0
        self.variables: set[str] = set()
        self._next = self._read()

    @cached_property
    def _length(self) -> int:
        return len(self._text.rstrip())

    def _read(self) -> re.Match[str] | None:
        if self._at >= self._length:
            return None
        token = _TOKEN.match(self._text, self._at)
        if token is None:
            raise NotAnExpression(f"not understood at character {self._at + 1}")
        return token

    def _take(self) -> re.Match[str]:
        token = self._next
        if token is None:
            raise NotAnExpression("it ends too early")
        self._at = token.end()
        self._next = self._read()
        return token

    def _sign(self, sign: str) -> None:
        at = self._at
        if self._take()["sign"] != sign:
            raise NotAnExpression(f"{sign!r} expected at character {at + 1}")

    def _sees(self, sign: str) -> bool:
        return self._next is not None and self._next["sign"] == sign

    def end(self) -> None:
        if self._next is not None:
            raise NotAnExpression(f"more than one expression, from character {self._at + 1}")

    def join(self, depth: int) -> Node:
        parts = [self._term(depth)]
        while self._sees("+"):
            self._take()
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else Join(tuple(parts))

    def _term(self, depth: int) -> Node:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise NotAnExpression(f"more than {MAX_DEPTH} levels or {MAX_NODES} parts")
        at = self._at
        token = self._take()
        literal = token["single"] if token["single"] is not None else token["double"]
        if literal is not None:
            return Literal(_unescaped(literal, at))
        word = token["word"]
        if word in VARIABLES and not self._sees("("):
            self.variables.add(word)
            return Variable(word)
        if word is None or not self._sees("("):
            raise NotAnExpression(f"a function, 'literal', {', '.join(VARIABLES)} expected at character {at + 1}")
        return self._call(word, at, depth + 1)

    def _call(self, name: str, at: int, depth: int) -> Node:
        self._sign("(")
        node: Node
        if name in HASHES:
            arguments = [self.join(depth)]
            for _ in range(HASHES[name] - 1):
                self._sign(",")
                arguments.append(self.join(depth))
            node = Hash(name, tuple(arguments))
        elif name == "raw":
            of = self.join(depth)
            if not isinstance(of, Hash) or of.raw:
                raise NotAnExpression(f"raw takes a digest, at character {at + 1}")
            node = Hash(of.name, of.arguments, raw=True)
        elif name in TEXT_FUNCTIONS:
            node = Change(name, self.join(depth))
        elif name == "left":
            of = self.join(depth)
            self._sign(",")
            node = Left(of, self._count())
        else:
            raise NotAnExpression(f"no such function, at character {at + 1}")
        self._sign(")")
        return node

    def _count(self) -> int:
        at = self._at
        number = self._take()["number"]
        if number is None or int(number) > MAX_LEFT:
            raise NotAnExpression(f"a number from 1 to {MAX_LEFT} expected at character {at + 1}")
        return int(number)


def _unescaped(literal: str, at: int) -> str:
    found = re.sub(r"\\.", "", _ESCAPE.sub("", literal), flags=re.DOTALL)
    if found != _ESCAPE.sub("", literal):
        raise NotAnExpression(f"an escape in the literal at character {at + 1} is not \\', \\\", \\\\ or \\u{{…}}")
    text = _ESCAPE.sub(lambda one: one[1] or _character(int(one[2], 16)), literal)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotAnExpression(f"a character in the literal at character {at + 1} does not exist")
    return text


def _character(code: int) -> str:
    return chr(code) if code <= 0x10FFFF else "\ud800"


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{character}" if character in "'\\" else f"\\u{{{ord(character):x}}}"
