"""Domain: pseudonyms for one recipient or one purpose (spec token-v1).

    research = Domain("research", keyrings, tenant="acme", audit=JsonLinesAudit("audit.jsonl"))
    research.create(reason="study 12, contract of 2026-11-02")
    email = SivToken("email", normaliser=EMAIL)
    tokens = research.pseudonymise_column(email, ["Ann@Example.com", …])
    research.reidentify(email, tokens[0], reason="study 12: incidental finding")

Rules of this file:

1. Pseudonymising is free; reidentifying, linking and discarding need a reason and an audit log, and their event is
   recorded before anything else happens.
2. A domain that was never made, or was discarded, refuses everything.
3. An error leaves through a frame that holds neither value nor token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.columns.result import BatchResult, one_of, whole
from fieldvault.errors import ConfigurationError
from fieldvault.keyring import Keyrings
from fieldvault.keyring.clock import SystemClock
from fieldvault.ports import AuditSink, Clock, DataKeyRecord, KekProvider, KeyState
from fieldvault.pseudonyms.accounting import Account
from fieldvault.pseudonyms.cells import as_list, given_back_like, result_of, to_column
from fieldvault.pseudonyms.domain_keys import DomainKeys
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.sealing import TokenSealing
from fieldvault.pseudonyms.table_port import TokenTable
from fieldvault.pseudonyms.tokeniser import Bench, Tokeniser, one_way


@dataclass(frozen=True, slots=True)
class Discarded:
    """What is left of a discarded domain: proof that these keys are destroyed, and since when."""

    domain: str
    tenant: str | None
    key_ids: tuple[bytes, ...]
    at: datetime
    reason: str
    tokens_erased: int
    """Rows of the token table; 0 where the domain has none."""


class Domain:
    """`tenant` is whose persons these are; None only for a domain over all tenants. Thread-safe.

    `audit` may be left out by a process that only pseudonymises. `table` is where look-up tokens are kept. With
    `sealing_kek` the domain is *split*: whoever may only encrypt under that KEK pseudonymises and cannot reverse,
    so tokens that one key both makes and reverses are refused. Raises `SchemaError`, `ScopeError`.
    """

    def __init__(
        self,
        name: str,
        keyrings: Keyrings,
        *,
        tenant: str | None,
        audit: AuditSink | None = None,
        table: TokenTable | None = None,
        sealing_kek: KekProvider | None = None,
        clock: Clock | None = None,
    ) -> None:
        if sealing_kek is not None and table is None:
            raise ConfigurationError("a split domain keeps its values in a token table", hint="Domain(…, table=…)")
        self.place = DomainPlace(tenant, name)
        self.is_split = sealing_kek is not None
        clock = clock or SystemClock()
        self._keys = DomainKeys(self.place, keyrings)
        self._account = Account(self.place, audit, clock)
        self._sealing = None if table is None else TokenSealing(self.place, table, sealing_kek, clock)

    @property
    def name(self) -> str:
        return self.place.domain

    # --- pseudonymising ----------------------------------------------------------------------
    # A list gives a list, an Arrow column a pyarrow Array. `subjects` stand beside the values of a `DateShift`.

    def pseudonymise(self, tokeniser: Tokeniser, value: Any, *, subject: Any = None) -> Any:
        """One value's token. Raises its `FieldvaultError`. A column costs less for each."""
        result = attempt(self._tokenised, tokeniser, [value], None if subject is None else [subject])
        del value, subject
        return one_of(result)

    def pseudonymise_column(self, tokeniser: Tokeniser, values: Any, *, subjects: Any = None) -> Any:
        """Tokens of all values, or none: raises `BatchError` with the failures by position."""
        as_given = given_back_like(values, tokeniser.token_codec)
        result = attempt(self._tokenised, tokeniser, values, subjects)
        del values, subjects
        return as_given(whole(result))

    def pseudonymise_column_partially(
        self, tokeniser: Tokeniser, values: Any, *, subjects: Any = None
    ) -> BatchResult[Any]:
        """The tokens that can be made, and why the others cannot."""
        result = attempt(self._tokenised, tokeniser, values, subjects)
        del values, subjects
        return result.or_raise()

    # --- reidentifying -----------------------------------------------------------------------
    # `version` is for tokens that do not say their key's version (FF1, date shift), where the domain was rotated.

    def reidentify(
        self,
        tokeniser: Tokeniser,
        token: Any,
        *,
        reason: str,
        subject: Any = None,
        version: int | None = None,
        actor: str | None = None,
    ) -> Any:
        """One token's value. Raises its `FieldvaultError`, `NotAccountable`, `AuditError`."""
        subjects = None if subject is None else [subject]
        result = attempt(self._reidentified, tokeniser, [token], subjects, version, reason, actor)
        del token, subject, subjects
        return one_of(result)

    def reidentify_column(
        self,
        tokeniser: Tokeniser,
        tokens: Any,
        *,
        reason: str,
        subjects: Any = None,
        version: int | None = None,
        actor: str | None = None,
    ) -> Any:
        """The values of all tokens, or none: raises `BatchError` with the failures by position."""
        as_given = given_back_like(tokens, tokeniser.codec)
        result = attempt(self._reidentified, tokeniser, tokens, subjects, version, reason, actor)
        del tokens, subjects
        return as_given(whole(result))

    def reidentify_column_partially(
        self,
        tokeniser: Tokeniser,
        tokens: Any,
        *,
        reason: str,
        subjects: Any = None,
        version: int | None = None,
        actor: str | None = None,
    ) -> BatchResult[Any]:
        """The values of the tokens that can be reversed, and why the others cannot."""
        result = attempt(self._reidentified, tokeniser, tokens, subjects, version, reason, actor)
        del tokens, subjects
        return result.or_raise()

    # --- a domain's life ---------------------------------------------------------------------

    def create(self, *, reason: str | None = None, actor: str | None = None) -> DataKeyRecord:
        """Make the domain, unless it is there. Raises `DomainDiscarded`: a discarded name is not used again."""
        if not self._keys.records():
            self._account.record("create-domain", {}, reason=reason, actor=actor)
        return self._keys.create()

    def rotate(self, *, reason: str, actor: str | None = None) -> DataKeyRecord:
        """Make a new key for what is pseudonymised from now on. **Joins break**: the same person gets another token
        than before. Old tokens stay reversible. For a leaked key rather make a new domain, and discard this one.
        """
        self._account.require(reason)
        self._keys.alive()
        self._account.record("rotate-domain", {}, reason=reason, actor=actor)
        return self._keys.rotate()

    def discard(self, *, reason: str, actor: str | None = None) -> Discarded:
        """Destroy the domain's keys: its pseudonyms are anonymous from now on, to us too. Cannot be undone.

        In this process at once, elsewhere within the cache's time. Backups of the key store have the keys still,
        under the KEK: rewrap and trim it, as after shredding. May be repeated until it succeeds.
        """
        self._account.require(reason)
        records = self._keys.records()
        ids = ",".join(record.key_id.hex() for record in records)
        details: dict[str, str | int] = {"keys": len(records), "key_ids": ids}
        if records:
            self._account.record("discard-domain", details, reason=reason, actor=actor)
        key_ids = self._keys.destroy_all()
        erased = 0 if self._sealing is None else self._sealing.erase()
        at = self._account.clock.now()
        self._account.record("domain-discarded", details | {"tokens": erased}, reason=reason, actor=actor)
        return Discarded(self.name, self.place.tenant, tuple(key_ids), at, reason, erased)

    def versions(self) -> dict[int, KeyState]:
        """Every key that the domain has or had, by number. Empty where it was never made."""
        return {record.version: record.state for record in self._keys.records()}

    # --- for link and files ------------------------------------------------------------------

    def account_for(
        self, action: str, details: dict[str, str | int], *, reason: str, actor: str | None = None
    ) -> None:
        """Record what is about to happen. Raises `NotAccountable`, `AuditError`, and what `alive` raises."""
        self._account.require(reason)
        self._keys.alive()
        self._account.record(action, details, reason=reason, actor=actor)

    def reversed_unrecorded(
        self, tokeniser: Tokeniser, tokens: Any, subjects: Any = None, version: int | None = None
    ) -> BatchResult[Any]:
        """What `reidentify_column_partially` gives, for a caller who has recorded it: `link`, a file's job."""
        cells, owners = as_list(tokens), as_list(subjects)
        self._check(tokeniser)
        column = to_column(tokeniser, cells, owners)
        key = None if tokeniser.says_version else self._key_of(version)
        tokeniser.detokenise(column, Bench(self.place, key, self._keys.of_versions, self._sealing))
        return result_of(tokeniser, column)

    def tokenised(self, tokeniser: Tokeniser, values: Sequence[Any], subjects: Any = None) -> BatchResult[Any]:
        """What `pseudonymise_column_partially` gives, from inside a walk."""
        return self._tokenised(tokeniser, values, subjects)

    # --- the walk ----------------------------------------------------------------------------

    def _tokenised(self, tokeniser: Tokeniser, values: Any, subjects: Any) -> BatchResult[Any]:
        cells, owners = as_list(values), as_list(subjects)
        self._check(tokeniser)
        column = to_column(tokeniser, cells, owners)
        key = self._keys.primary(uses=column.size)
        tokeniser.tokenise(column, Bench(self.place, key, self._keys.of_versions, self._sealing))
        return result_of(tokeniser, column)

    def _reidentified(
        self, tokeniser: Tokeniser, tokens: Any, subjects: Any, version: int | None, reason: str, actor: str | None
    ) -> BatchResult[Any]:
        if not tokeniser.reversible:
            raise one_way(tokeniser)
        cells, owners = as_list(tokens), as_list(subjects)
        column = to_column(tokeniser, cells, owners)
        details: dict[str, str | int] = {"name": tokeniser.name, "kind": tokeniser.kind, "count": column.size}
        self.account_for("reidentify", details, reason=reason, actor=actor)
        return self.reversed_unrecorded(tokeniser, cells, owners, version)

    def _key_of(self, version: int | None) -> Any:
        wanted = self._keys.only_version() if version is None else version
        key = self._keys.of_versions([wanted])[wanted]
        if isinstance(key, Exception):
            raise key
        return key

    def _check(self, tokeniser: Tokeniser) -> None:
        if self.is_split and tokeniser.symmetric:
            raise ConfigurationError(
                f"{self.place} is split, and whoever makes a {tokeniser.kind} token can reverse it",
                hint="use LookupToken, FreshLookupToken or OneWayPseudonym",
            )

    def __repr__(self) -> str:
        return f"<Domain {self.place}{', split' if self.is_split else ''}>"
