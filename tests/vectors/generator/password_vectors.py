"""Vectors of password-v1: digests written as hashlib one-liners, Argon2id from argon2-cffi's low-level call."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from argon2.low_level import Type, hash_secret

Vector = dict[str, Any]

SALT = bytes(range(16))
PEPPER_KEY = bytes(range(32, 64))


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


def _phc(secret: bytes, *, m: int = 8, t: int = 1, p: int = 1, salt: bytes = SALT, length: int = 32) -> str:
    return hash_secret(secret, salt, t, m, p, length, Type.ID, 19).decode()


def _escaped(data: bytes) -> str:
    return "".join(chr(b) if 0x21 <= b <= 0x7E and b not in b'"$%' else f"%{b:02X}" for b in data)


def _wrapped(scheme: str, setting: bytes, digest: str, pepper: str = "") -> str:
    secret = digest.encode()
    if pepper:
        secret = hmac.new(PEPPER_KEY, b"fieldvault/v1/password-pepper:" + secret, "sha256").hexdigest().encode()
    return f"$fvw1${_escaped(scheme.encode())}${_escaped(setting)}${pepper}{_phc(secret)}"


# canonical scheme: (password, salt, digest as a one-liner over bytes)
_Digest = Callable[[bytes, bytes], str]
_EXPRESSIONS: dict[str, tuple[str, bytes, _Digest]] = {
    "md5(password)": ("secret", b"", lambda p, s: md5(p)),
    "md5(password+salt)": ("secret", b"x7$ %", lambda p, s: md5(p + s)),
    "md5(salt+password)": ("p\u00e4ss", b"Joe", lambda p, s: md5(s + p)),
    "md5(salt+password+salt)": ("secret", b"\x00\xff", lambda p, s: md5(s + p + s)),
    "md5(md5(password))": ("secret", b"", lambda p, s: md5(md5(p).encode())),
    "md5(md5(md5(password)))": ("secret", b"", lambda p, s: md5(md5(md5(p).encode()).encode())),
    "md5(md5(password)+salt)": ("secret", b"a'b", lambda p, s: md5(md5(p).encode() + s)),
    "md5(md5(salt)+md5(password))": ("secret", b"kQ", lambda p, s: md5((md5(s) + md5(p)).encode())),
    "md5(salt+'-'+md5(password))": ("secret", b"1f", lambda p, s: md5(s + b"-" + md5(p).encode())),
    "md5('site \\u{e9}\\'\\\\'+password)": ("secret", b"", lambda p, s: md5("site \u00e9'\\".encode() + p)),
    "md5(sha1(password))": ("secret", b"", lambda p, s: md5(sha1(p).encode())),
    "sha1(md5(password)+salt)": ("secret", b"zz", lambda p, s: sha1(md5(p).encode() + s)),
    "md5(raw(md5(password)))": ("secret", b"", lambda p, s: md5(hashlib.md5(p).digest())),
    "md5(upper(md5(password)))": ("secret", b"", lambda p, s: md5(md5(p).upper().encode())),
    "md5(lower(password))": ("SeCr\u00c9T", b"", lambda p, s: md5("secr\u00c9t".encode())),
    "md5(trim(password))": (" secret\t", b"", lambda p, s: md5(b"secret")),
    "md5(left(password,8))": ("m\u00f6rtgage-rate", b"", lambda p, s: md5("m\u00f6rtgage".encode())),
    "hmac_md5(salt,password)": ("secret", b"k", lambda p, s: hmac.new(s, p, "md5").hexdigest()),
    "hmac_md5(password,salt)": ("secret", b"k", lambda p, s: hmac.new(p, s, "md5").hexdigest()),
    "md5(password);latin-1": ("p\u00e4ss", b"", lambda p, s: md5(b"p\xe4ss")),
    "md5(password);cp1252": ("\u20ac5", b"", lambda p, s: md5(b"\x805")),
    "md5(password);utf-16-le": ("p\u00e4", b"", lambda p, s: md5(b"p\x00\xe4\x00")),
    "md5(md5(password)+salt);utf-16-le": (
        "a",
        b"s\x00",
        lambda p, s: md5(md5(b"a\x00").encode("utf-16-le") + s),
    ),
}

# name: (scheme, password, salt column, stored, setting, digest); crypt strings are known answers of others.
_MARKED: dict[str, tuple[str, str, str | None, str, bytes, str]] = {
    "django": ("django-md5", "secret", None, "md5$Xy$" + md5(b"Xysecret"), b"Xy", md5(b"Xysecret")),
    "django-empty-salt": ("django-md5", "secret", None, "md5$$" + md5(b"secret"), b"", md5(b"secret")),
    "ldap-md5": (
        "ldap-md5",
        "secret",
        None,
        "{MD5}" + base64.b64encode(hashlib.md5(b"secret").digest()).decode(),
        b"",
        md5(b"secret"),
    ),
    "ldap-smd5": (
        "ldap-smd5",
        "secret",
        None,
        "{SMD5}" + base64.b64encode(hashlib.md5(b"secret\x01\xff").digest() + b"\x01\xff").decode(),
        b"\x01\xff",
        md5(b"secret\x01\xff"),
    ),
    "postgresql": ("postgresql-md5", "secret", "joe", "md5" + md5(b"secretjoe"), b"joe", md5(b"secretjoe")),
    "mediawiki-a": ("mediawiki-a", "secret", None, ":A:" + md5(b"secret"), b"", md5(b"secret")),
    "mediawiki-b": (
        "mediawiki-b",
        "secret",
        None,
        ":B:1f:" + md5(b"1f-" + md5(b"secret").encode()),
        b"1f",
        md5(b"1f-" + md5(b"secret").encode()),
    ),
    "md5-crypt": (
        "md5-crypt",
        "password",
        None,
        "$1$3azHgidD$SrJPt7B.9rekpmwJwtON31",
        b"3azHgidD",
        "SrJPt7B.9rekpmwJwtON31",
    ),
    "apr1": (
        "apr1",
        "myPassword",
        None,
        "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/",
        b"r31.....",
        "HqJZimcKQFAMYayBlzkrA/",
    ),
    "sun-md5": (
        "sun-md5",
        "Gpcs3_adm",
        None,
        "$md5$zrdhpMlZ$$wBvMOEqbSjU.hu5T2VEP01",
        b"$md5$zrdhpMlZ$",
        "wBvMOEqbSjU.hu5T2VEP01",
    ),
    "sun-md5-bare-salt": (
        "sun-md5",
        "passwd",
        None,
        "$md5$RPgLF6IJ$WTvAlUJ7MqH5xak2FMEwS/",
        b"$md5$RPgLF6IJ",
        "WTvAlUJ7MqH5xak2FMEwS/",
    ),
    "sun-md5-rounds": (
        "sun-md5",
        "abc",
        None,
        "$md5,rounds=1000$GrXVqSdd$$dNIfoCIm/KHY2KDGn4pKr/",
        b"$md5,rounds=1000$GrXVqSdd$",
        "dNIfoCIm/KHY2KDGn4pKr/",
    ),
    "phpass-p": (
        "phpass",
        "test12345",
        None,
        "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
        b"9IQRaTwmf",
        "eRo7ud9Fh4E2PdI0S3r.L0",
    ),
    "phpass-h": (
        "phpass",
        "test12345",
        None,
        "$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
        b"9IQRaTwmf",
        "eRo7ud9Fh4E2PdI0S3r.L0",
    ),
}


def positive() -> list[Vector]:
    """`kind` is argon2id, legacy or peppered."""
    plain = [
        _argon2id("plain", "secret", _phc(b"secret")),
        _argon2id("plain-empty", "", _phc(b"")),
        _argon2id("plain-not-nfc", "Zoe\u0308", _phc("Zoe\u0308".encode())),
        _argon2id("plain-other-lengths", "secret", _phc(b"secret", m=64, t=2, p=3, salt=SALT[:8], length=16)),
    ]
    expressions = [
        _legacy(f"expression-{number:02}", scheme, password, None, None, salt, digest(password.encode(), salt))
        for number, (scheme, (password, salt, digest)) in enumerate(_EXPRESSIONS.items(), 1)
    ]
    marked = [_legacy(name, *rest) for name, rest in _MARKED.items()]
    peppered = [
        _peppered("peppered-password", "password", "secret", b"", hashlib.sha256(b"secret").hexdigest(), 1),
        _peppered("peppered-legacy", "md5(password+salt)", "secret", b"x", md5(b"secretx"), 12),
    ]
    return plain + expressions + marked + peppered


def _argon2id(name: str, password: str, stored: str) -> Vector:
    return {"name": name, "kind": "argon2id", "password": password, "stored": stored}


def _legacy(
    name: str, scheme: str, password: str, salt: str | None, legacy: str | None, setting: bytes, digest: str
) -> Vector:
    return {
        "name": name,
        "kind": "legacy",
        "password": password,
        "scheme": scheme,
        "legacy": legacy,
        "salt": salt,
        "setting": setting.hex(),
        "digest": digest,
        "stored": _wrapped(scheme, setting, digest),
    }


def _peppered(name: str, scheme: str, password: str, setting: bytes, digest: str, version: int) -> Vector:
    pepper = f"main:{version}"
    stored = _wrapped(scheme, setting, digest, pepper)
    return {
        "name": name,
        "kind": "peppered",
        "password": password,
        "pepper_key": PEPPER_KEY.hex(),
        "pepper": "main",
        "version": version,
        "digest": digest,
        "stored": stored,
    }


def negative() -> list[Vector]:
    """Stored strings that a reader refuses; each differs from a good one in one thing."""
    good, plain = _wrapped("md5(password+salt)", b"a b", md5(b"secreta b")), _phc(b"secret")
    cases = {
        "empty-scheme": good.replace("md5(password+salt)", ""),
        "unknown-scheme": good.replace("md5(password+salt)", "md4(password+salt)"),
        "scheme-with-space": good.replace("md5(password+salt)", "md5(password%20+salt)"),
        "scheme-not-outermost-hash": good.replace("md5(password+salt)", "upper(md5(password+salt))"),
        "scheme-without-password": good.replace("md5(password+salt)", "md5(salt)"),
        "scheme-with-site-key": good.replace("md5(password+salt)", "md5(site_key+password+salt)"),
        "scheme-utf-8-named": good.replace("md5(password+salt)", "md5(password+salt);utf-8"),
        "scheme-unknown-encoding": good.replace("md5(password+salt)", "md5(password+salt);rot13"),
        "scheme-too-deep": good.replace("md5(password+salt)", "md5(" * 13 + "password" + ")" * 13),
        "setting-that-the-scheme-does-not-use": good.replace("md5(password+salt)", "md5(password)"),
        "setting-escape-lower-case": good.replace("a%20b", "a%2fb"),
        "setting-escape-needless": good.replace("a%20b", "a%41b"),
        "setting-escape-cut": good.replace("a%20b", "a%2"),
        "setting-not-escaped": good.replace("a%20b", "a b"),
        "setting-too-long": good.replace("a%20b", "a" * 513),
        "pepper-version-zero": good.replace("$$argon2id", "$main:0$argon2id"),
        "pepper-without-version": good.replace("$$argon2id", "$main$argon2id"),
        "pepper-upper-case": good.replace("$$argon2id", "$Main:1$argon2id"),
        "password-scheme-without-pepper": _wrapped("password", b"", hashlib.sha256(b"secret").hexdigest()),
        "password-scheme-with-setting": _wrapped("password", b"x", md5(b"x"), "main:1"),
        "phpass-too-many-rounds": _wrapped("phpass", b"SIQRaTwmf", "eRo7ud9Fh4E2PdI0S3r.L0"),
        "phpass-setting-short": _wrapped("phpass", b"9IQRaTwm", "eRo7ud9Fh4E2PdI0S3r.L0"),
        "wrapped-truncated": good[:-1],
        "wrapped-trailing-newline": good + "\n",
        "wrapped-upper-case-prefix": good.replace("$fvw1$", "$FVW1$"),
        "wrapped-version-2": good.replace("$fvw1$", "$fvw2$"),
        "argon2i": plain.replace("argon2id", "argon2i"),
        "version-16": plain.replace("v=19", "v=16"),
        "no-version": plain.replace("v=19$", ""),
        "leading-zero": plain.replace("m=8", "m=08"),
        "other-order": plain.replace("m=8,t=1", "t=1,m=8"),
        "keyid": plain.replace("p=1$", "p=1,keyid=AAAA$"),
        "memory-2-to-31": plain.replace("m=8,", "m=2147483648,"),
        "memory-2-to-32": plain.replace("m=8,", "m=4294967296,"),
        "passes-huge": plain.replace("t=1,", "t=4294967295,"),
        "lanes-huge": plain.replace("p=1$", "p=16777215$"),
        "memory-below-8-a-lane": plain.replace("p=1$", "p=2$"),
        "salt-short": _phc(b"secret").replace("$AAECAwQFBgcICQoLDA0ODw$", "$AAECAwQFBg$"),
        "salt-not-canonical": plain.replace("ODw$", "ODx$"),
        "salt-padded": plain.replace("ODw$", "ODw==$"),
        "hash-missing": plain.rpartition("$")[0],
        "hash-not-base64": plain[:-1] + "-",
        "trailing-space": plain + " ",
    }
    for name, stored in cases.items():
        if stored in (good, plain):
            raise AssertionError(f"{name} breaks nothing")
    return [{"name": name, "stored": stored, "stage": "parse"} for name, stored in cases.items()]


def check(positives: list[Vector]) -> None:
    """Everything that the generator can check without the library: no two strings are the same."""
    stored = [vector["stored"] for vector in positives if vector["name"] != "phpass-h"]
    if len(set(stored)) != len(stored):
        raise AssertionError("two vectors store the same string")
