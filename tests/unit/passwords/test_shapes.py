"""What a stored string looks like, for counting."""

from __future__ import annotations

import pytest

from fieldvault.passwords import CHEAPEST, PHPASS, Expression, PasswordHasher, ShapeKind, identify

HEX = "5ebe2294ecd0e0f08eab7690d2a6ee69"
HASHER = PasswordHasher(CHEAPEST)
SHAPES = [
    (HASHER.hash("x"), "current", "argon2id"),
    (HASHER.wrap(HEX, Expression("md5(password)")), "wrapped", "wrapped:md5(password)"),
    (HASHER.wrap("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", PHPASS), "wrapped", "wrapped:phpass"),
    (HASHER.hash("x").encode(), "current", "argon2id"),
    (HASHER.hash("x")[:-2], "suspicious", "argon2id-malformed"),
    ("$fvw1$x", "suspicious", "wrapped-malformed"),
    ("fv1." + "A" * 90, "sealed", "sealed"),
    (HEX, "legacy", "hex-32"),
    (HEX.upper(), "legacy", "hex-32-upper"),
    ("1" * 32, "legacy", "hex-32"),
    (HEX[:3] + "E" + HEX[4:], "suspicious", "hex-32-mixed-case"),
    (HEX[:31], "suspicious", "hex-wrong-length"),
    (HEX + "0", "suspicious", "hex-wrong-length"),
    (HEX + " ", "suspicious", "white-space-around"),
    (HEX + "\n", "suspicious", "white-space-around"),
    (HEX + "aabbccdd", "legacy", "hex-40"),
    (HEX + ":salt", "legacy", "hex-32+separator+salt"),
    ("Xr4ilOzQ4PCOq3aQ0qbuaQ==", "legacy", "base64-16"),
    (bytes.fromhex(HEX), "legacy", "raw-16"),
    (f"md5$x${HEX}", "legacy", "django-md5"),
    (f"md5$x${HEX[:-1]}", "suspicious", "django-md5-malformed"),
    ("{SMD5}Xr4ilOzQ4PCOq3aQ0qbuaXh5", "legacy", "ldap-smd5"),
    ("{md5}Xr4ilOzQ4PCOq3aQ0qbuaQ==", "legacy", "ldap-md5"),
    ("$1$3azHgidD$SrJPt7B.9rekpmwJwtON31", "legacy", "md5-crypt"),
    ("$1$3azHgidD$SrJPt7B.9rekpmwJwtON3", "suspicious", "md5-crypt-malformed"),
    ("md5" + HEX, "legacy", "postgresql-md5"),
    (f":B:1f:{HEX}", "legacy", "mediawiki-b"),
    ("$2b$12$abc", "foreign", "bcrypt"),
    ("pbkdf2_sha256$1$a$b", "foreign", "pbkdf2"),
    ("$argon2i$v=19$m=8,t=1,p=1$a$b", "foreign", "argon2-other"),
    ("argon2$argon2id$v=19$m=8,t=1,p=1$a$b", "foreign", "argon2-other"),
    ("!x", "unusable", "unusable"),
    ("*", "unusable", "unusable"),
    (None, "unusable", "null"),
    ("", "suspicious", "empty"),
    ("hunter2", "suspicious", "unknown"),
    ("\ud800", "suspicious", "unknown"),
    ("\x00" * 100_000, "suspicious", "unknown"),
    (b"\xff" * 15, "suspicious", "unknown"),
]


@pytest.mark.parametrize(("stored", "kind", "name"), SHAPES, ids=range(len(SHAPES)))
def test_shapes(stored: str | bytes | None, kind: str, name: str) -> None:
    shape = identify(stored)
    assert (shape.kind, shape.name) == (ShapeKind(kind), name)
