"""The key store in one of Django's databases: the tables, statements and transactions of `keystore/sql`, over
connections with the settings of an alias of DATABASES (docs/decisions/2026-11-22-djangos-key-store.md).

Rules of this file:

1. A connection of its own, never the application's: a key must stay when the application's transaction is rolled
   back, for this process goes on sealing under it; and it must be seen at once by all others.
2. The connection is opened for each call and closed after it. The key store is asked when a key is cold, or a lease
   used up; nothing of it can cross a fork or outlive a thread.
3. Nothing waits for ever, and no parameter is shown: as in `keystore/sql_engine.py`.
4. In a coroutine, where Django refuses to connect, a thread does it while the caller waits.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from django.db import Error, connections
from django.utils.connection import ConnectionDoesNotExist

from fieldvault.errors import ConfigurationError, KeyStoreUnavailable, MissingExtra
from fieldvault.keystore import SqlKeyStore

Result = TypeVar("Result")
TIMEOUT_SECONDS = 10
_DIALECTS = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite"}


def key_store_in(alias: str) -> SqlKeyStore:
    """The key store in the database `alias`.

    Connects to nothing yet. Raises `ConfigurationError` or `MissingExtra`.
    """
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.engine import URL
        from sqlalchemy.pool import NullPool
    except ModuleNotFoundError:
        create_engine = None  # type: ignore[assignment]
    if create_engine is None:
        raise MissingExtra("the key store in Django's database", extra="django")
    wrapper = _wrapper(alias)
    drivername = _DIALECTS.get(wrapper.vendor)
    if drivername is None:
        raise ConfigurationError(
            f"the key store cannot be in {alias!r}: it is in PostgreSQL or SQLite there",
            hint="FIELDVAULT['keystore'] = {'url': …} takes any that the command line takes",
        )
    given = wrapper.settings_dict
    name = str(given["NAME"])
    url = URL.create(drivername, host=given.get("HOST") or None, database=name)
    return SqlKeyStore(create_engine(url, creator=lambda: _connected(alias), poolclass=NullPool))


def _connected(alias: str) -> Any:
    """A new connection of the driver's, with the alias's settings."""
    return _outside_of_coroutines(lambda: _connect(alias))


def _connect(alias: str) -> Any:
    wrapper = _wrapper(alias)
    given = wrapper.get_connection_params()
    made, refused = None, True
    with suppress(Error):  # raised anew below: a driver's message may hold what it was given
        made, refused = wrapper.get_new_connection(given | _limits(wrapper.vendor, given)), False
    if refused:
        raise KeyStoreUnavailable(
            f"the database {alias!r} of the key store cannot be reached", hint="try again later"
        )
    return made


def _limits(vendor: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """So that nothing waits for ever. What the alias's OPTIONS say stands."""
    if vendor == "sqlite":
        return {"timeout": given.get("timeout", TIMEOUT_SECONDS)}
    milliseconds = TIMEOUT_SECONDS * 1000
    options = f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds} {given.get('options', '')}"
    return {"connect_timeout": given.get("connect_timeout", TIMEOUT_SECONDS), "options": options.strip()}


def _wrapper(alias: str) -> Any:
    """Django's wrapper of the alias, a copy: without a pool, whose connections are the application's."""
    known = True
    try:
        wrapper: Any = connections[alias].copy()
    except ConnectionDoesNotExist:
        known = False
    if not known:
        raise ConfigurationError(
            f"FIELDVAULT['keystore'] names {alias!r}, which DATABASES does not have",
            hint=f"DATABASES has: {', '.join(connections)}",
        )
    wrapper.settings_dict = copy.deepcopy(wrapper.settings_dict)
    wrapper.settings_dict["OPTIONS"] = {k: v for k, v in wrapper.settings_dict["OPTIONS"].items() if k != "pool"}
    return wrapper


def _outside_of_coroutines(work: Callable[[], Result]) -> Result:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1, "fieldvault-connect") as threads:
        return threads.submit(work).result()
