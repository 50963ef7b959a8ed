"""Vectors of keyring-v1 §7: files of local KEKs, good ones and ones no writer would have written.

Every malformed file is sealed as it stands, so that only its form is wrong, wherever that is possible at all (it is
not for parameters outside Argon2's own bounds, or of 4 GiB).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from generator.keyring_parts import MAGIC, argon2id, kek_id, read_file, seal_file
from generator.primitives import b64url, derive, flip_bit, gcm_seal

Vector = dict[str, Any]

PASSPHRASE = "Pässword of Zoë"  # in NFC
PROTECTION_KEY = derive("kek file/protection key")
SALT = derive("kek file/salt", 16)
NONCE = derive("kek file/nonce", 12)


@cache
def _stretched(passphrase: str, m: int, t: int, p: int) -> bytes:
    return argon2id(passphrase, SALT, m, t, p)


def _before(kek: bytes, protect: str) -> str:
    return f"{MAGIC}id: {kek_id(kek).hex()}\nprotect: {protect}\n"


def _argon(m: str = "8192", t: str = "1", p: str = "1", salt: str | None = None) -> str:
    return f"argon2id m={m} t={t} p={p} salt={b64url(SALT) if salt is None else salt}"


def _vector(name: str, file: str, *, passphrase: str | None = None, protection_key: str | None = None) -> Vector:
    secrets = {"passphrase": passphrase, "protection_key": protection_key}
    return {"name": f"kek-file-{name}", "kind": "local-kek-file", "file": file, **secrets}


def _bad(name: str, stage: str, breaks: str, file: str, **secrets: str) -> Vector:
    vector = _vector(name, file, **secrets)
    return {"name": vector["name"], "stage": stage, "breaks": breaks} | vector


def vectors(kek: bytes) -> tuple[list[Vector], list[Vector]]:
    nfd = "Pa\u0308ssword of Zoe\u0308"
    argon = _before(kek, _argon())
    more = _before(kek, _argon("8200", "2", "3"))
    keyed = _before(kek, "key")
    by_passphrase = seal_file(argon, _stretched(PASSPHRASE, 8192, 1, 1), kek, NONCE)
    by_key = seal_file(keyed, PROTECTION_KEY, kek, NONCE)
    positives = [
        _vector("argon2id", by_passphrase, passphrase=PASSPHRASE),
        _vector("argon2id-passphrase-nfd", by_passphrase, passphrase=nfd),
        _vector(
            "argon2id-other-parameters",
            seal_file(more, _stretched(PASSPHRASE, 8200, 2, 3), kek, NONCE),
            passphrase=PASSPHRASE,
        ),
        _vector("protect-key", by_key, protection_key=b64url(PROTECTION_KEY)),
    ]
    positives = [vector | {"kek": kek.hex(), "id": kek_id(kek).hex()} for vector in positives]
    return positives, _secrets(kek, by_passphrase, by_key) + _argon_lines(kek) + _forms(kek)


def _secrets(kek: bytes, by_passphrase: str, by_key: str) -> list[Vector]:
    """The file is well formed; the secret, or what the AAD protects, is wrong."""
    key_text = b64url(PROTECTION_KEY)
    other = derive("kek file/other kek")
    wrong_id = _before(other, "key")
    sealed = NONCE + gcm_seal(PROTECTION_KEY, NONCE, kek, _before(kek, "key").encode())
    flipped = f"{_before(kek, 'key')}sealed: {b64url(flip_bit(sealed, 12))}\n"
    argon_to_key = by_passphrase.replace(_argon(), "key")
    return [
        _bad("wrong-passphrase", "unwrap", "Another passphrase.", by_passphrase, passphrase="Password of Zoe"),
        _bad(
            "passphrase-with-newline",
            "unwrap",
            "A newline after the passphrase.",
            by_passphrase,
            passphrase=PASSPHRASE + "\n",
        ),
        _bad(
            "passphrase-case",
            "unwrap",
            "The passphrase in another case.",
            by_passphrase,
            passphrase=PASSPHRASE.lower(),
        ),
        _bad(
            "wrong-key", "unwrap", "Another protection key.", by_key, protection_key=b64url(derive("another key"))
        ),
        _bad(
            "protect-passes-altered",
            "unwrap",
            "The passes were altered after sealing.",
            by_passphrase.replace("t=1", "t=2"),
            passphrase=PASSPHRASE,
        ),
        _bad(
            "protect-memory-altered",
            "unwrap",
            "The memory was altered after sealing.",
            by_passphrase.replace("m=8192", "m=8193"),
            passphrase=PASSPHRASE,
        ),
        _bad(
            "protect-kind-altered",
            "unwrap",
            "The protection was altered from argon2id to key after sealing; the key is the stretched passphrase.",
            argon_to_key,
            protection_key=b64url(_stretched(PASSPHRASE, 8192, 1, 1)),
        ),
        _bad(
            "id-altered",
            "unwrap",
            "The id was altered after sealing.",
            by_key.replace(kek_id(kek).hex(), kek_id(other).hex()),
            protection_key=key_text,
        ),
        _bad(
            "id-of-another-kek",
            "commitment",
            "The id is another KEK's, in the AAD too.",
            seal_file(wrong_id, PROTECTION_KEY, kek, NONCE),
            protection_key=key_text,
        ),
        _bad("sealed-flipped", "unwrap", "A bit of the ciphertext is flipped.", flipped, protection_key=key_text),
        _bad(
            "key-with-padding", "parse", "The protection key with padding.", by_key, protection_key=key_text + "="
        ),
        _bad(
            "key-with-newline",
            "parse",
            "A newline after the protection key.",
            by_key,
            protection_key=key_text + "\n",
        ),
        _bad(
            "key-trailing-bits",
            "parse",
            "The trailing bits of the protection key's text are not zero.",
            by_key,
            protection_key=key_text[:-1] + chr(ord(key_text[-1]) + 1),
        ),
        _bad(
            "key-of-31",
            "parse",
            "A protection key of 31 bytes.",
            by_key,
            protection_key=b64url(PROTECTION_KEY[:31]),
        ),
        _bad("key-in-hex", "parse", "The protection key in hex.", by_key, protection_key=PROTECTION_KEY.hex()),
    ]


def _argon_lines(kek: bytes) -> list[Vector]:
    good = _stretched(PASSPHRASE, 8192, 1, 1)
    salt, short, long = b64url(SALT), SALT[:15], SALT + b"\x00"
    spare = salt[:-1] + chr(ord(salt[-1]) + 1)
    cases: dict[str, tuple[str, bytes, str]] = {
        "memory-below": (_argon(m="8191"), _stretched(PASSPHRASE, 8191, 1, 1), "m is below 8192."),
        "memory-above": (_argon(m="4194305"), good, "m is above 4194304 (and nothing is authenticated: 4 GiB)."),
        "memory-huge": (_argon(m="99999999999999999999"), good, "m is far above 4194304."),
        "memory-leading-zero": (_argon(m="08192"), good, "m has a leading zero."),
        "memory-plus": (_argon(m="+8192"), good, "m has a sign."),
        "memory-underscore": (_argon(m="8_192"), good, "m has an underscore."),
        "memory-hex": (_argon(m="0x2000"), good, "m is in hex."),
        "memory-empty": (_argon(m=""), good, "m is empty."),
        "memory-arabic-digits": (_argon(m="\u0668192"), good, "m has a digit outside ASCII."),
        "passes-0": (_argon(t="0"), good, "t is 0."),
        "passes-65": (_argon(t="65"), _stretched(PASSPHRASE, 8192, 65, 1), "t is 65."),
        "lanes-0": (_argon(p="0"), good, "p is 0."),
        "lanes-17": (_argon(p="17"), _stretched(PASSPHRASE, 8192, 1, 17), "p is 17."),
        "salt-empty": (_argon(salt=""), good, "The salt is empty."),
        "salt-15": (_argon(salt=b64url(short)), argon2id(PASSPHRASE, short, 8192, 1, 1), "The salt has 15 bytes."),
        "salt-17": (_argon(salt=b64url(long)), argon2id(PASSPHRASE, long, 8192, 1, 1), "The salt has 17 bytes."),
        "salt-with-padding": (_argon(salt=salt + "=="), good, "The salt has padding."),
        "salt-trailing-bits": (_argon(salt=spare), good, "The salt's trailing bits are not zero."),
        "order": (f"argon2id t=1 m=8192 p=1 salt={salt}", good, "The parameters are in another order."),
        "parameter-missing": (f"argon2id m=8192 t=1 salt={salt}", good, "p is missing."),
        "parameter-more": (_argon() + " keyid=1", good, "A parameter too many."),
        "commas": (_argon().replace(" t=", ",t=").replace(" p=", ",p="), good, "Commas between the parameters."),
        "two-spaces": (_argon().replace(" t=", "  t="), good, "Two spaces between parameters."),
        "upper-case": (_argon().replace("argon2id", "Argon2id"), good, "The function's name in upper case."),
        "argon2i": (_argon().replace("argon2id", "argon2i"), good, "The name of another function."),
        "none": ("none", good, "No protection."),
        "empty": ("", good, "The protection is empty."),
        "key-with-parameter": ("key m=8192", good, "A parameter after key."),
    }  # fmt: skip
    return [
        _bad(
            f"protect-{name}",
            "parse",
            breaks,
            seal_file(_before(kek, line), key, kek, NONCE),
            passphrase=PASSPHRASE,
        )
        for name, (line, key, breaks) in cases.items()
    ]


def _forms(kek: bytes) -> list[Vector]:
    """Malformed files under `protect: key`, each sealed with its own malformed text as the AAD."""
    magic, identity, protect = MAGIC, f"id: {kek_id(kek).hex()}\n", "protect: key\n"
    good = magic + identity + protect
    before = {
        "no-magic": (identity + protect, "The first line is missing."),
        "no-id": (magic + protect, "The line of the id is missing."),
        "no-protect": (magic + identity, "The line of the protection is missing."),
        "version-2": (good.replace("/v1\n", "/v2\n"), "Version 2."),
        "version-absent": (good.replace("/v1\n", "\n"), "No version."),
        "magic-upper-case": (good.replace("fieldvault-", "Fieldvault-"), "The first line in another case."),
        "bom": ("\ufeff" + good, "A byte-order mark in front."),
        "leading-blank-line": ("\n" + good, "A blank line in front."),
        "blank-line-inside": (magic + "\n" + identity + protect, "A blank line inside."),
        "comment": (magic + "# mine\n" + identity + protect, "A comment."),
        "lines-exchanged": (magic + protect + identity, "Two lines are exchanged."),
        "id-twice": (magic + identity + identity + protect, "The id twice."),
        "id-upper-case": (magic + "id: " + kek_id(kek).hex().upper() + "\n" + protect, "The id in upper-case hex."),
        "id-30-digits": (magic + "id: " + kek_id(kek).hex()[:30] + "\n" + protect, "An id of 30 digits."),
        "id-no-space": (good.replace("id: ", "id:"), "No space after the colon."),
        "id-two-spaces": (good.replace("id: ", "id:  "), "Two spaces after the colon."),
        "id-tab": (good.replace("id: ", "id:\t"), "A tab after the colon."),
        "trailing-space": (good.replace("protect: key\n", "protect: key \n"), "A space at the end of a line."),
        "name-upper-case": (good.replace("protect:", "Protect:"), "A line's name in another case."),
        "crlf-inside": (good.replace("\n", "\r\n"), "CRLF at the end of the lines before the last."),
    }
    made = {name: (seal_file(text, PROTECTION_KEY, kek, NONCE), breaks) for name, (text, breaks) in before.items()}
    whole = seal_file(good, PROTECTION_KEY, kek, NONCE)
    nonce = _nonce_for_url_alphabet(good, kek)
    special = seal_file(good, PROTECTION_KEY, kek, nonce)
    last = special.rindex("sealed: ")
    sealed = {
        "empty": ("", "An empty file."),
        "no-sealed": (good, "The line of the sealed key is missing."),
        "crlf": (
            seal_file(good.replace("\n", "\r\n"), PROTECTION_KEY, kek, NONCE)[:-1] + "\r\n",
            "CRLF everywhere.",
        ),
        "crlf-last": (whole[:-1] + "\r\n", "CRLF at the end of the last line."),
        "cr": (seal_file(good.replace("\n", "\r"), PROTECTION_KEY, kek, NONCE)[:-1] + "\r", "CR everywhere."),
        "no-final-newline": (whole[:-1], "The last LF is missing."),
        "trailing-blank-line": (whole + "\n", "A blank line at the end."),
        "trailing-line": (whole + "note: mine\n", "A line too many."),
        "trailing-nul": (whole + "\x00", "A NUL at the end."),
        "sealed-twice": (whole + whole[whole.rindex("sealed: ") :], "The sealed key twice."),
        "sealed-standard-alphabet": (
            special[:last] + special[last:].replace("-", "+").replace("_", "/"),
            "The sealed key in base64 in place of base64url.",
        ),
        "sealed-with-padding": (whole[:-1] + "==\n", "The sealed key with padding."),
        "sealed-space": (whole[:-1] + " \n", "A space after the sealed key."),
        "sealed-kek-of-31": (seal_file(good, PROTECTION_KEY, kek[:31], NONCE), "The sealed KEK has 31 bytes."),
        "sealed-kek-of-33": (seal_file(good, PROTECTION_KEY, kek + b"\x00", NONCE), "The sealed KEK has 33 bytes."),
        "sealed-empty": (good + "sealed: \n", "The sealed key is empty."),
    }
    return [
        _bad(name, "parse", breaks, file, protection_key=b64url(PROTECTION_KEY))
        for name, (file, breaks) in (made | sealed).items()
    ]


def _nonce_for_url_alphabet(before: str, kek: bytes) -> bytes:
    """A nonce with which the sealed key's text has both '-' and '_'."""
    counter = 0
    while True:
        nonce = derive(f"kek file/nonce/{counter}", 12)
        text = seal_file(before, PROTECTION_KEY, kek, nonce)
        if set("-_") <= set(text[text.rindex("sealed: ") + 8 :]):
            return nonce
        counter += 1


def open_vector(vector: Vector) -> None:
    read_file(vector["file"], passphrase=vector["passphrase"], protection_key=vector["protection_key"])
