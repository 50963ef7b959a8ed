"""Look-up tokens: random, the sealed value in a table; nothing can be derived (spec token-v1 §10)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fieldvault.codec import Codec, codec_for
from fieldvault.columns.column import Column
from fieldvault.core.derive import derive_token_key
from fieldvault.errors import ConfigurationError, FieldvaultError, TokenNotFound, TokenTableError
from fieldvault.keyring import DataKey
from fieldvault.normalise import Normaliser
from fieldvault.pseudonyms.inputs import Inputs
from fieldvault.pseudonyms.one_way import KEY_BYTES, MacKey
from fieldvault.pseudonyms.sealing import SEAL_KIND, SealKey, TokenSealing
from fieldvault.pseudonyms.siv import KEY_BYTES as SIV_KEY_BYTES
from fieldvault.pseudonyms.table_port import TokenRecord
from fieldvault.pseudonyms.text_form import LOOKUP_PREFIX, from_text, to_texts
from fieldvault.pseudonyms.tokeniser import Bench, Tokeniser, check_declaration, the_key

TOKEN_BYTES = 16


@dataclass(frozen=True)
class LookupToken(Tokeniser):
    """`fl1.…`: a random token; the same value has the same one in its domain. The domain needs a token table.

    In a split domain, whoever pseudonymises cannot reverse; but can try out values, as with every token that joins.
    """

    name: str
    normaliser: Normaliser[Any] | None = None
    type: type[Any] | Codec[Any] = str
    version: int = 1
    inputs: Inputs = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "lookup"
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        object.__setattr__(self, "inputs", Inputs(self.type, self.normaliser))

    @property
    def codec(self) -> Codec[Any]:
        return self.inputs.codec

    @property
    def token_codec(self) -> Codec[Any]:
        return codec_for(str)

    def parameters(self) -> Sequence[bytes]:
        return [self.inputs.parameter]

    def check_values(self, column: Column) -> None:
        column.step(self.inputs.encode_many, self.inputs.encode)

    def tokenise(self, column: Column, bench: Bench) -> None:
        sealing = _sealing(self, bench)
        self.check_values(column)
        if not column.values:
            return
        key = the_key(bench)
        lookups = self.made(key, bench.place, KEY_BYTES, MacKey).mac_many(column.values)
        wanted = dict(zip(lookups, column.values, strict=True))
        tokens = sealing.table.tokens_of(bench.place, wanted)
        new = {lookup: one for lookup, one in wanted.items() if lookup not in tokens}
        if new:
            self._add(sealing, key, list(new), list(new.values()))
            # Somebody else may have been first with some of them: what is there counts.
            tokens |= sealing.table.tokens_of(bench.place, new)
        if not tokens.keys() >= wanted.keys():
            raise TokenTableError("the token table lost tokens that were just stored", hint="was it erased?")
        column.values = to_texts(LOOKUP_PREFIX, key.version, [tokens[lookup] for lookup in lookups])

    def check_tokens(self, column: Column) -> None:
        column.step(lambda texts: [from_text(LOOKUP_PREFIX, text, at_least=TOKEN_BYTES) for text in texts])

    def detokenise(self, column: Column, bench: Bench) -> None:
        sealing = _sealing(self, bench)
        self.check_tokens(column)
        records = sealing.table.records(bench.place, {raw[1:] for raw in column.values})
        keys = self._keys(sealing, bench, {raw[0] for raw in column.values}, records.values())
        column.step(lambda raws: [self._open(raw, records.get(raw[1:]), keys) for raw in raws])
        column.step(self.codec.decode_many, self.codec.decode)

    def _add(
        self, sealing: TokenSealing, key: DataKey, lookups: Sequence[bytes | None], inputs: Sequence[bytes]
    ) -> list[bytes]:
        head, now = key.version.to_bytes(1, "big"), sealing.clock.now()
        random = os.urandom(TOKEN_BYTES * len(inputs))
        tokens = [random[at : at + TOKEN_BYTES] for at in range(0, len(random), TOKEN_BYTES)]
        key_id, seal_key = sealing.sealing(self, key, len(inputs))
        sealed = seal_key.seal_many(inputs, [head + token for token in tokens])
        sealing.table.add(
            sealing.place,
            [
                TokenRecord(token, self.name, key.version, lookup, one, key_id, now)
                for token, lookup, one in zip(tokens, lookups, sealed, strict=True)
            ],
        )
        return tokens

    def _keys(
        self, sealing: TokenSealing, bench: Bench, versions: set[int], records: Any
    ) -> dict[tuple[bytes | None, int], SealKey | FieldvaultError]:
        """By sealing key and version. The domain's own keys are asked for only where something needs them."""
        wanted = {(record.sealing_key, record.version) for record in records if record.version in versions}
        split_ids = {key_id for key_id, _ in wanted if key_id is not None}
        unwrapped = sealing.unwrapped(split_ids) if split_ids else {}
        own = bench.keys({version for key_id, version in wanted if key_id is None})
        keys: dict[tuple[bytes | None, int], SealKey | FieldvaultError] = {}
        for key_id, version in wanted:
            place = self.place(bench.place, version, SEAL_KIND)
            raw: Any = own[version] if key_id is None else unwrapped[key_id]
            if isinstance(raw, DataKey):
                keys[key_id, version] = raw.token_key(place, SIV_KEY_BYTES, SealKey)
            elif isinstance(raw, bytes):
                keys[key_id, version] = SealKey(derive_token_key(raw, place, SIV_KEY_BYTES), place)
            else:
                keys[key_id, version] = raw
        return keys

    def _open(
        self,
        raw: bytes,
        record: TokenRecord | None,
        keys: dict[tuple[bytes | None, int], SealKey | FieldvaultError],
    ) -> bytes:
        if record is None or record.version != raw[0]:
            raise TokenNotFound(
                "the token table has no such token in this domain", hint="right domain, tenant and table?"
            )
        key = keys[record.sealing_key, record.version]
        if isinstance(key, FieldvaultError):
            raise key.copy()
        return key.open(record.sealed, raw)


@dataclass(frozen=True)
class FreshLookupToken(LookupToken):
    """A `LookupToken` that is another one each time: nobody sees which values are equal, and nothing joins."""

    kind: ClassVar[str] = "lookup"

    def tokenise(self, column: Column, bench: Bench) -> None:
        sealing = _sealing(self, bench)
        self.check_values(column)
        if not column.values:
            return
        key = the_key(bench)
        tokens = self._add(sealing, key, [None] * len(column.values), column.values)
        column.values = to_texts(LOOKUP_PREFIX, key.version, tokens)


def _sealing(tokeniser: Tokeniser, bench: Bench) -> TokenSealing:
    if bench.sealing is None:
        raise ConfigurationError(
            f"{tokeniser.name}: look-up tokens are kept in a table, and {bench.place} has none",
            hint="Domain(…, table=SqlTokenTable(url))",
        )
    return bench.sealing
