"""Domains for tests, and a domain under a key that a vector gives."""

from __future__ import annotations

from typing import Any

from fieldvault.audit import MemoryAudit
from fieldvault.columns.column import Column
from fieldvault.core.derive import derive_key_id
from fieldvault.errors import TokenVersionUnknown
from fieldvault.keyring import DataKey, Keyrings
from fieldvault.keyring.data_key import admit
from fieldvault.pseudonyms import Domain, Tokeniser
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.tokeniser import Bench
from fieldvault.testing import memory_keyrings
from fieldvault.token_table import MemoryTokenTable


def made_domain(
    name: str = "research", keyrings: Keyrings | None = None, tenant: str | None = "acme", **parts: Any
) -> Domain:
    """A domain that was created, with an audit log and a token table of its own unless others are given."""
    given = {"audit": MemoryAudit(), "table": MemoryTokenTable()} | parts
    domain = Domain(name, keyrings or memory_keyrings(), tenant=tenant, **given)
    domain.create()
    return domain


def bench_under(data_key: bytes, place: DomainPlace, version: int = 1, sealing: Any = None) -> Bench:
    """A bench whose only key is this one."""
    key = admit(data_key, derive_key_id(data_key, place.scope), place.scope, version=version, fetched_at=0.0)
    assert isinstance(key, DataKey)
    return Bench(
        place,
        key,
        lambda versions: {one: key if one == version else TokenVersionUnknown("none") for one in versions},
        sealing,
    )


def tokenised(tokeniser: Tokeniser, values: list[Any], bench: Bench) -> Column:
    column = Column(values)
    tokeniser.tokenise(column, bench)
    return column


def detokenised(tokeniser: Tokeniser, tokens: list[Any], bench: Bench) -> Column:
    column = Column(tokens)
    tokeniser.detokenise(column, bench)
    return column
