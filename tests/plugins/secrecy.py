"""What an error reporter, a log file or a debugger's hover would show of us: all of it as one text to search."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterable, Iterator

from fieldvault.errors import BatchError


def spellings(secret: str | bytes) -> list[str]:
    """How a secret could be written in a text: as it is, as a repr, in hex, in base64."""
    raw = secret.encode() if isinstance(secret, str) else secret
    return [
        *([secret] if isinstance(secret, str) else []),
        repr(raw)[2:-1],
        raw.hex(),
        base64.b64encode(raw).decode().rstrip("=")[:-1],
        base64.urlsafe_b64encode(raw).decode().rstrip("=")[:-1],
        repr(list(raw))[1:-1],
    ]


def found_in(text: str, secrets: Iterable[str | bytes]) -> list[str | bytes]:
    """Those of `secrets` that `text` shows in any spelling."""
    return [secret for secret in secrets if any(spelling in text for spelling in spellings(secret))]


def all_errors(error: BaseException) -> Iterator[BaseException]:
    """The error and every error that can be reached from it."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        pending += [inner for inner in (one.__cause__, one.__context__) if inner is not None]
        if isinstance(one, BatchError):
            pending += one.failures.values()


def shown_by(error: BaseException) -> str:
    """Texts, attributes, and the locals of every frame of fieldvault, of an error and all it leads to."""
    parts: list[str] = []
    for one in all_errors(error):
        parts += [str(one), repr(one), repr(one.args), repr(vars(one)), repr(getattr(one, "__notes__", ""))]
        parts += traceback.format_exception_only(one)
        ours = [
            (frame, line)
            for frame, line in traceback.walk_tb(one.__traceback__)
            if "/fieldvault/" in frame.f_code.co_filename
        ]
        for summary in traceback.StackSummary.extract(iter(ours), capture_locals=True):
            parts.append(f"{summary.filename}:{summary.lineno} {summary.name} {summary.locals}")
    return "\n".join(parts)
