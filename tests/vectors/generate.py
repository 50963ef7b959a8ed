"""Writes the vector files, from docs/spec alone: a second implementation that shares no code with the library.

python tests/vectors/generate.py            writes them
python tests/vectors/generate.py --check    exits 1 where a file differs from what would be written
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from generator import (
    aad_vectors,
    audit_vectors,
    decode_negative,
    envelope_check,
    envelope_negative,
    envelope_positive,
    index_kinds_vectors,
    index_vectors,
    keyring_vectors,
    normaliser_vectors,
    password_vectors,
    token_vectors,
)
from generator.envelope_two_keys import two_keys

HERE = Path(__file__).resolve().parent
ABOUT = "Made by tests/vectors/generate.py from docs/spec/{spec}.md, without the library's code. Format: {form}"
FORMS = {
    "aad-v1": (
        "byte strings in hex. `kind` is canonical (components to encoding), row-id (row to encoding) or aad "
        "(header, names and row to aad). tenant null is the global scope, row null is not row-bound. The "
        "results of all vectors of one kind differ. Negatives are inputs that a writer refuses (stage "
        "encode)."
    ),
    "envelope-v1": (
        "byte strings in hex. A positive seals `value` with `key` and `nonce` at `place` (`subject` not null:"
        " the key is that subject's). `padding_zeros` is null without padding, else how many 0x00 follow "
        "0x80. A float is given by `bits`. A negative is an `envelope` or `text_form`, refused at `stage` by "
        "a reader to whom the key store offers `key_store` (unwrapped keys), who reads at `read_as` "
        "(`subject`: whose row it is, null: not known) a field `declared` so; it differs from opening "
        "positive `of` in the one thing that `breaks` says."
    ),
    "keyring-v1": (
        "byte strings in hex, files and wrapped keys of transit as text. `kind` is key-id, subject-wrap, "
        "local-wrap, local-kek-file, vault-wrapped-key, and among negatives commitment: an unwrapped `key` "
        "that stands in the row of `stored_key_id` in the scope given. `data_keys` are the usable data keys "
        "of the row's scope. A malformed file is stage parse, a wrapped key that is malformed or not "
        "authentic is stage unwrap."
    ),
    "index-v1": (
        "byte strings in hex. `info` is the whole HKDF info. `distinct`: in each group all values differ, "
        "also without their first byte, and none is a prefix of another. Negatives of stage encode are "
        "parameters that a writer refuses, those of stage parse are text forms."
    ),
    "index-kinds-v1": (
        "byte strings in hex. `maced` is what is MACed of the `normalised` value (md5: of the text `value`; "
        "compound: of the normalised `parts`), `values` the index values in the same order, none where there "
        "is nothing to index; `cell` the cell of a token set. No value of `distinct` is a prefix of another, "
        "without their first byte."
    ),
    "token-v1": (
        "byte strings in hex. `token` is made of `value` (`normalised` is what the normaliser makes of it) by the "
        "tokeniser `token_name` of that `kind`, under `data_key`, the key numbered `version` of the domain. "
        "`country` is kept of a phone number, `shift` is in days; of a look-up token `random`; `lookup` and "
        "`sealed` are what the table holds. `distinct`: in each group all tokens differ, also without prefix and "
        "version. Negatives are texts that a reader of the tokens `email` of the domain research of acme refuses, "
        "whose only key is `data_key`, version 1. Cards: the numbers are well-known examples."
    ),
    "audit-v1": (
        "lines as text, without their LF; the positives are one chain, in order. `data_key` in hex is of the "
        "global scope's purpose `audit`. Negatives are lines that a reader refuses, whatever their MAC."
    ),
    "password-v1": (
        "`kind` is argon2id, legacy or peppered. `password` is text, `setting` and `pepper_key` are in hex. "
        "`stored` is what the password verifies against; of a legacy vector it wraps `digest`, which is what "
        "a reader takes from `legacy` (and the salt column `salt`), where that is not null. The pepper's "
        "holder computes HMAC-SHA256 with `pepper_key`. Negatives are stored strings that a reader with the "
        "default limits and no pepper refuses."
    ),
}


def documents() -> dict[str, dict[str, Any]]:
    aad = aad_vectors.positive(), aad_vectors.negative()
    aad_vectors.check(*aad)

    first, second = two_keys()
    sealed = envelope_positive.places() + envelope_positive.values() + envelope_positive.padded()
    opens = [vector.positive() for vector in sealed] + [first]
    refused = envelope_negative.parse() + envelope_negative.text_forms() + envelope_negative.keys()
    refused += [second, *envelope_negative.authentication(), *decode_negative.decode()]
    envelope_check.check(opens, refused)

    keyring = keyring_vectors.vectors()
    keyring_vectors.check(*keyring)

    index = index_vectors.positive(), index_vectors.negative()
    groups = index_vectors.distinct()
    index_vectors.check(*index, groups)

    kinds = index_kinds_vectors.positive(), index_kinds_vectors.negative()
    different = index_kinds_vectors.distinct()
    index_kinds_vectors.check(*kinds, different)

    tokens = token_vectors.positive(), token_vectors.negative()
    token_groups = token_vectors.distinct()
    token_vectors.check(*tokens, token_groups)

    audit = audit_vectors.positive(), audit_vectors.negative()
    audit_vectors.check(*audit)

    passwords = password_vectors.positive()
    password_vectors.check(passwords)

    return {
        "aad-v1": _document("aad-v1", *aad),
        "envelope-v1": _document("envelope-v1", opens, refused),
        "keyring-v1": _document("keyring-v1", *keyring),
        "index-v1": _document("index-v1", *index)
        | {"distinct": groups, "normalisers": normaliser_vectors.normalisers()},
        "index-kinds-v1": _document("index-kinds-v1", *kinds) | {"distinct": different},
        "token-v1": _document("token-v1", *tokens) | {"distinct": token_groups},
        "audit-v1": _document("audit-v1", *audit),
        "password-v1": _document("password-v1", passwords, password_vectors.negative()),
    }


def _document(spec: str, positive: list[dict[str, Any]], negative: list[dict[str, Any]]) -> dict[str, Any]:
    for vectors in (positive, negative):
        names = [vector["name"] for vector in vectors]
        if len(set(names)) != len(names):
            raise AssertionError(f"{spec}: {sorted(n for n in names if names.count(n) > 1)} twice")
    about = ABOUT.format(spec=spec, form=FORMS[spec])
    return {"about": about, "spec": spec, "positive": positive, "negative": negative}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file differs")
    check = parser.parse_args().check
    different = []
    for spec, document in documents().items():
        path = HERE / f"{spec}.json"
        # Escapes, so that no editor or checkout can normalise a name, and lone surrogates can be written at all.
        wanted = (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")
        if check and (not path.is_file() or path.read_bytes() != wanted):
            different.append(path.name)
        elif not check:
            path.write_bytes(wanted)
    if different:
        print(f"differ from what generate.py writes: {', '.join(different)}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
