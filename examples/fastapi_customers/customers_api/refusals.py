"""What the client is told of an error: its kind, and nothing of a value. The closest class of an error counts."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError

from fieldvault.errors import (
    AuditError,
    FieldvaultError,
    KekError,
    KeyDestroyed,
    KeyStoreError,
    NotIndexable,
    OpenError,
    ReasonRefused,
    RevealRefused,
    ScopeError,
    ValueRefused,
)

STATUS: dict[type[Exception], int] = {
    RevealRefused: 403,
    ScopeError: 403,
    ReasonRefused: 422,
    NotIndexable: 422,
    ValueRefused: 422,
    KekError: 503,
    KeyStoreError: 503,
    AuditError: 503,
    KeyDestroyed: 410,
    OpenError: 500,
    FieldvaultError: 500,
}


def answer_refusals(app: FastAPI) -> None:
    """Register one handler for each kind."""
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, _answer(status))
    app.add_exception_handler(IntegrityError, _conflict)


def _answer(status: int) -> Callable[[Request, Exception], JSONResponse]:
    def handler(request: Request, error: Exception) -> JSONResponse:
        # The message of a FieldvaultError holds no value; below 500 it helps the caller.
        said = error.message if isinstance(error, FieldvaultError) and status < 500 else type(error).__name__
        return JSONResponse({"detail": said}, status)

    return handler


def _conflict(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "there is one with this e-mail address"}, 409)
