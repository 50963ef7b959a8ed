"""Negative vectors of envelope-v1 that are refused before the typed plaintext is looked at."""

from __future__ import annotations

from generator.keyring_parts import wrap_subject_key
from generator.places import Scope
from generator.primitives import b64url, derive, flip_bit, gcm_seal
from generator.sealing import Sealed, Vector, key_of, negative

_EMAIL = {"type": "text", "text": "ada@example.org"}
PLAIN = Sealed("plain", _EMAIL)
ROW = Sealed("row-int", _EMAIL, row={"type": "int", "text": "7"})
COMPOSITE = Sealed(
    "row-composite",
    _EMAIL,
    row={"type": "composite", "values": [{"type": "int", "text": "7"}, {"type": "text", "text": "de"}]},
)
GLOBAL = Sealed("global-scope", _EMAIL, Scope(None))
SUBJECT = Sealed("subject-key", _EMAIL, Scope("acme", subject="person:7"))
NFC = Sealed("names-outside-ascii", _EMAIL, Scope("Müller GmbH"), schema="люди", field="電子郵件")


def parse() -> list[Vector]:
    whole = PLAIN.envelope
    no_plaintext = PLAIN.with_(name="empty-typed-plaintext", plaintext=b"")
    made = [
        negative(PLAIN, "empty", "parse", "No bytes.", envelope=b""),
        negative(PLAIN, "truncated-to-1", "parse", "Only the version byte is left.", envelope=whole[:1]),
        negative(PLAIN, "truncated-to-header", "parse", "Only the header is left.", envelope=whole[:17]),
        negative(PLAIN, "truncated-to-45", "parse", "Truncated to 45 bytes.", envelope=whole[:45]),
        negative(
            no_plaintext,
            "empty-typed-plaintext",
            "parse",
            "45 bytes, authentic: the typed plaintext has no type byte.",
        )
        | {"of": "plain"},
    ]
    for version in (0x00, 0x02, 0x81, 0xFF):
        other = PLAIN.with_(version=version)
        breaks = f"Version 0x{version:02x}, sealed with that header in its AAD."
        made.append(negative(other, f"version-{version:02x}", "parse", breaks))
    text_as_bytes = ("fv1." + b64url(whole)).encode("ascii")
    breaks = "The text form's bytes where the envelope itself is expected."
    made.append(negative(PLAIN, "text-form-as-binary", "parse", breaks, envelope=text_as_bytes))
    return made


def text_forms() -> list[Vector]:
    special = _with_both_specials()
    body = b64url(special.envelope)
    good = "fv1." + body
    cases = {
        "text-prefix-only": ("fv1.", "Nothing follows the prefix."),
        "text-empty": ("", "An empty text."),
        "text-without-prefix": (body, "The prefix is missing."),
        "text-prefix-fv2": ("fv2." + body, "The prefix is fv2."),
        "text-prefix-upper-case": ("FV1." + body, "The prefix is in upper case."),
        "text-prefix-of-an-index": ("fx1." + body, "The prefix is that of an index value."),
        "text-prefix-without-dot": ("fv1" + body, "The prefix has no dot."),
        "text-prefix-twice": ("fv1." + good, "The prefix stands twice."),
        "text-leading-space": (" " + good, "A space in front."),
        "text-space-after-prefix": ("fv1. " + body, "A space after the prefix."),
        "text-trailing-space": (good + " ", "A space at the end."),
        "text-trailing-newline": (good + "\n", "A newline at the end."),
        "text-trailing-nul": (good + "\x00", "A NUL at the end."),
        "text-line-folded": ("fv1." + body[:64] + "\n" + body[64:], "A newline inside."),
        "text-standard-alphabet-plus": ("fv1." + body.replace("-", "+"), "'+' in place of '-'."),
        "text-standard-alphabet-slash": ("fv1." + body.replace("_", "/"), "'/' in place of '_'."),
        "text-full-width-letter": ("fv1." + chr(ord(body[0]) + 0xFEE0) + body[1:], "A letter from outside ASCII."),
        "text-leading-bom": ("\ufeff" + good, "A byte-order mark in front."),
    }
    made = [negative(special, name, "parse", breaks, text_form=text) for name, (text, breaks) in cases.items()]
    return made + _lengths()


def _lengths() -> list[Vector]:
    """A length of 1 modulo 3 leaves four spare bits and wants '==' in base64; of 2 leaves two and wants '='."""
    none_spare = Sealed("text-length-17", {"type": "text", "text": "abcdefgabcdefgabc"})
    four_spare, two_spare = PLAIN, Sealed("int-zero", {"type": "int", "text": "0"}, field="points")
    if [len(sealed.envelope) % 3 for sealed in (none_spare, four_spare, two_spare)] != [0, 1, 2]:
        raise AssertionError("no envelopes of the wanted lengths")
    four, two = b64url(four_spare.envelope), b64url(two_spare.envelope)
    breaks = "The trailing bits of the last character are not zero."
    return [
        negative(four_spare, "text-padding-two", "parse", "Padding '=='.", text_form=f"fv1.{four}=="),
        negative(two_spare, "text-padding-one", "parse", "Padding '='.", text_form=f"fv1.{two}="),
        negative(four_spare, "text-trailing-bits-four", "parse", breaks, text_form="fv1." + _next_last(four)),
        negative(two_spare, "text-trailing-bits-two", "parse", breaks, text_form="fv1." + _next_last(two)),
        negative(
            none_spare,
            "text-length-1-modulo-4",
            "parse",
            "One more character of the alphabet than whole groups: the length is 1 modulo 4.",
            text_form=f"fv1.{b64url(none_spare.envelope)}A",
        ),
        negative(
            PLAIN,
            "text-of-45-bytes",
            "parse",
            "Canonical base64url of an envelope truncated to 45 bytes.",
            text_form="fv1." + b64url(PLAIN.envelope[:45]),
        ),
    ]


def _next_last(text: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def _with_both_specials() -> Sealed:
    """The positive of whole 4-character groups whose text form has both '-' and '_' in it."""
    sealed = Sealed("bytes-all-values", {"type": "bytes", "hex": bytes(range(256)).hex()}, field="blob")
    if not set("-_") <= set(b64url(sealed.envelope)):
        raise AssertionError("choose another positive")
    return sealed


def keys() -> list[Vector]:
    whole = PLAIN.envelope
    store = [PLAIN.store_row(), PLAIN.with_(scope=Scope("other")).store_row(), GLOBAL.store_row()]
    person_8 = SUBJECT.with_(scope=Scope("acme", subject="person:8"))
    moved = PLAIN.store_row(tenant="other")
    nfd = NFC.with_(scope=Scope("Mu\u0308ller GmbH")).store_row()
    made = [
        negative(
            PLAIN,
            f"key-id-flipped-{where}",
            "key",
            "A bit of the key id is flipped.",
            envelope=flip_bit(whole, where),
        )
        for where in (1, 16)
    ]
    made += [
        negative(PLAIN, "key-store-empty", "key", "The key store has no keys.", key_store=[]),
        negative(
            PLAIN,
            "tenant-swapped",
            "key",
            "Read as another tenant's.",
            key_store=store,
            read_as={"tenant": "other"},
        ),
        negative(
            PLAIN,
            "tenant-read-as-global",
            "key",
            "Read as the global scope's.",
            key_store=store,
            read_as={"tenant": None},
        ),
        negative(
            GLOBAL,
            "global-read-as-tenant",
            "key",
            "Read as a tenant's.",
            key_store=store,
            read_as={"tenant": "acme"},
        ),
        negative(
            NFC,
            "tenant-spelled-nfd",
            "key",
            "Read as the tenant whose name is spelled in NFD.",
            key_store=[NFC.store_row(), nfd],
            read_as={"tenant": "Mu\u0308ller GmbH"},
        ),
        negative(PLAIN, "purpose-swapped", "key", "Read in another purpose.", read_as={"purpose": "audit-log_2"}),
        negative(
            PLAIN,
            "key-destroyed",
            "key",
            "The key is destroyed.",
            key_store=[PLAIN.store_row(state="destroyed", key=None)],
        ),
        negative(
            SUBJECT,
            "subject-swapped",
            "key",
            "Read as another subject's.",
            key_store=[SUBJECT.store_row(), person_8.store_row()],
            read_as={"subject": "person:8"},
        ),
        negative(
            SUBJECT, "subject-shredded", "key", "The subject's key is shredded.", key_store=[person_8.store_row()]
        ),
    ]
    breaks = "The key's row was moved to another tenant, and the envelope is read there."
    made.append(
        negative(PLAIN, "key-moved-to-tenant", "commitment", breaks, key_store=[moved], read_as={"tenant": "other"})
    )
    return made + _commitments()


def _commitments() -> list[Vector]:
    another = derive("another key")
    other = Sealed("another-purpose", _EMAIL, Scope("acme", "audit-log_2"))
    subject_row = SUBJECT.store_row(subject=None)
    data_row = PLAIN.store_row(subject="person:7")
    with_index_id = PLAIN.with_(key_id=Scope("acme", "index").key_id(PLAIN.the_key))
    return [
        negative(
            PLAIN,
            "key-row-holds-another-key",
            "commitment",
            "The row of the key id holds another key.",
            key_store=[PLAIN.store_row(key=another.hex())],
        ),
        negative(
            PLAIN,
            "key-row-holds-a-flipped-key",
            "commitment",
            "The row of the key id holds the key with one bit flipped.",
            key_store=[PLAIN.store_row(key=flip_bit(PLAIN.the_key, 31).hex())],
        ),
        negative(
            with_index_id,
            "key-id-of-another-purpose",
            "commitment",
            "Row and envelope name the id which the same key has in another purpose.",
        ),
        negative(
            other,
            "key-moved-to-purpose",
            "commitment",
            "The key's row was moved to purpose fields, and the envelope is read there.",
            key_store=[other.store_row(purpose="fields")],
            read_as={"purpose": "fields"},
        ),
        negative(
            SUBJECT,
            "subject-key-as-data-key",
            "commitment",
            "A subject key stands in the row of a data key.",
            key_store=[subject_row],
            read_as={"subject": None},
        ),
        negative(
            PLAIN,
            "data-key-as-subject-key",
            "commitment",
            "A data key stands in the row of a subject key.",
            key_store=[data_row],
        ),
    ]


def authentication() -> list[Vector]:
    whole = PLAIN.envelope
    flips = {
        "nonce-first": 17,
        "nonce-last": 28,
        "ciphertext-first": 29,
        "ciphertext-last": -17,
        "tag-first": -16,
        "tag-last": -1,
    }
    made = [
        negative(
            PLAIN, f"flipped-{what}", "authenticate", "One bit is flipped.", envelope=flip_bit(whole, where, 7)
        )
        for what, where in flips.items()
    ]
    another = (
        PLAIN.header + PLAIN.nonce + gcm_seal(derive("another key"), PLAIN.nonce, PLAIN.typed_plaintext, PLAIN.aad)
    )
    no_aad = PLAIN.header + PLAIN.nonce + gcm_seal(PLAIN.the_key, PLAIN.nonce, PLAIN.typed_plaintext, b"")
    made += [
        negative(PLAIN, "truncated-by-one", "authenticate", "The last byte is missing.", envelope=whole[:-1]),
        negative(PLAIN, "truncated-to-46", "authenticate", "Truncated to the least length.", envelope=whole[:46]),
        negative(PLAIN, "extended-by-one", "authenticate", "A zero byte too many.", envelope=whole + b"\x00"),
        negative(PLAIN, "tag-zero", "authenticate", "The tag is zero.", envelope=whole[:-16] + bytes(16)),
        negative(
            PLAIN,
            "sealed-with-another-key",
            "authenticate",
            "Sealed under a key that has not this id.",
            envelope=another,
        ),
        negative(PLAIN, "sealed-without-aad", "authenticate", "Sealed with an empty AAD.", envelope=no_aad),
        negative(PLAIN, "field-swapped", "authenticate", "Read from another field.", read_as={"field": "phone"}),
        negative(PLAIN, "schema-swapped", "authenticate", "Read from another schema.", read_as={"schema": "staff"}),
        negative(
            PLAIN,
            "field-in-upper-case",
            "authenticate",
            "Read from a field of another case.",
            read_as={"field": "Email"},
        ),
        negative(
            PLAIN,
            "schema-and-field-joined-otherwise",
            "authenticate",
            "Schema and field have the same letters when joined, with the border moved.",
            read_as={"schema": "peoplee", "field": "mail"},
        ),
        negative(PLAIN, "read-as-row-bound", "authenticate", "Read as row-bound.", read_as={"row": ROW.row}),
        negative(ROW, "read-as-not-row-bound", "authenticate", "Read as not row-bound.", read_as={"row": None}),
    ]
    return made + _rows() + _substitutes()


def _rows() -> list[Vector]:
    seven, text = {"type": "int", "text": "7"}, {"type": "text", "text": "de"}
    others = {
        "row-swapped": (ROW, {"type": "int", "text": "8"}, "Read from another row."),
        "row-sign-swapped": (ROW, {"type": "int", "text": "-7"}, "Read from row -7."),
        "row-7-read-as-text": (ROW, {"type": "text", "text": "7"}, 'Read from row "7".'),
        "row-7-read-as-bytes": (ROW, {"type": "bytes", "hex": "07"}, "Read from the row of byte 07."),
        "row-read-as-composite": (
            ROW,
            {"type": "composite", "values": [seven, text]},
            "Read from a composite row.",
        ),
        "composite-reordered": (
            COMPOSITE,
            {"type": "composite", "values": [text, seven]},
            "The row's values swapped.",
        ),
        "composite-read-as-first": (COMPOSITE, seven, "Read from the row of the composite's first value."),
    }
    return [
        negative(sealed, name, "authenticate", breaks, read_as={"row": row})
        for name, (sealed, row, breaks) in others.items()
    ]


def _substitutes() -> list[Vector]:
    """Other things of the same layout, sealed under the same data key."""
    subject_key = key_of(SUBJECT.scope)
    nonce, key_id = derive("nonce/substitute", 12), PLAIN.scope.key_id(PLAIN.the_key)
    wrapped = wrap_subject_key(PLAIN.the_key, SUBJECT.scope, subject_key, nonce, data_key_id=key_id)
    breaks = "A wrapped subject key, which has the layout of an envelope, in place of the envelope."
    return [negative(PLAIN, "wrapped-subject-key-as-envelope", "authenticate", breaks, envelope=wrapped)]
