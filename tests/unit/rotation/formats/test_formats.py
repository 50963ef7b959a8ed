"""Readers of other formats: what the real libraries wrote is read, and nothing else is.

`written_by_others.json` was written by the libraries that it names. Where SQLAlchemy-Utils is installed it is asked
again; `cryptography` and pgcrypto are asked each time.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from fieldvault.codec import codec_for
from fieldvault.errors import ConfigurationError, FieldvaultError, LegacyValueRefused
from fieldvault.rotation.formats import (
    AesPadding,
    DjangoCryptography,
    DjangoFernetFields,
    FernetTokens,
    LegacyFormat,
    Pgcrypto,
    PlainValues,
    SqlalchemyUtilsAes,
    SqlalchemyUtilsAesGcm,
)
from fieldvault.rotation.formats.base import converted

WRITTEN = json.loads((Path(__file__).parent / "written_by_others.json").read_text())
KEY, OTHER = Fernet.generate_key(), Fernet.generate_key()
DJANGO = {
    "text": "Zoë *",
    "int": -42,
    "date": date(1980, 2, 3),
    "decimal": Decimal("12.50"),
    "uuid": UUID(int=7),
    "bytes": b"\x00\xff",
    "bool": True,
    "moment": datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC),
}
UTILS = {"text": "Zoë Müller", "int": -42, "date": date(1980, 2, 3), "bool": True}


def refused(found: Sequence[Any]) -> bool:
    return all(type(one) is LegacyValueRefused for one in found)


@pytest.mark.parametrize("name", [name for name in WRITTEN if name.startswith("django-cryptography")])
def test_django_cryptography(name: str) -> None:
    one = WRITTEN[name]
    reader = DjangoCryptography(one["secret_key"], key=one["key"])
    cells = {kind: bytes.fromhex(cell) for kind, cell in one["cells"].items()}
    assert dict(zip(cells, reader.open_many(list(cells.values())), strict=True)) == DJANGO
    assert refused(DjangoCryptography("another").open_many(list(cells.values())))
    whole = cells["text"]
    for at in range(len(whole)):
        assert refused(reader.open_many([whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]]))
    assert refused(reader.open_many(["text", b""]))
    assert "secret" not in repr(reader)


def test_the_key_that_encrypts_may_be_another_than_the_one_that_signs() -> None:
    one = WRITTEN["django-cryptography-5 2.0.3, CRYPTOGRAPHY_KEY"]
    cells = [bytes.fromhex(cell) for cell in one["cells"].values()]
    assert refused(DjangoCryptography(one["secret_key"]).open_many(cells))


def test_no_class_is_loaded_from_a_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("false",)

    reader = DjangoCryptography("secret")
    padder = padding.PKCS7(128).padder()
    padded = padder.update(pickle.dumps(Evil())) + padder.finalize()
    encryptor = Cipher(algorithms.AES(reader._cipher_key), modes.CBC(bytes(16))).encryptor()
    signed = b"\x80" + bytes(8) + bytes(16) + encryptor.update(padded) + encryptor.finalize()
    monkeypatch.setattr(os, "system", lambda _: pytest.fail("a class was loaded from a pickle"))
    assert refused(reader.open_many([signed + hmac.digest(b"secret", signed, "sha256")]))


def test_django_fernet_fields() -> None:
    one = WRITTEN["django-fernet-fields-v2 0.9"]
    cells = one["cells"]
    for form in (list(cells.values()), [cell.encode() for cell in cells.values()]):
        found = DjangoFernetFields(["newer", one["secret_key"]]).open_many(form)
        read = [converted(codec_for(type(DJANGO[kind])), value) for kind, value in zip(cells, found, strict=True)]
        assert read[:3] == [DJANGO[kind] for kind in cells][:3]
        assert read[3] == DJANGO["moment"].replace(tzinfo=None)  # as the library wrote it to SQLite
    assert refused(DjangoFernetFields(["another"]).open_many(list(cells.values())))


def test_fernet() -> None:
    reader = FernetTokens([KEY, OTHER])
    cells = [Fernet(KEY).encrypt(b"one"), Fernet(OTHER).encrypt("zwö".encode()).decode(), memoryview(b"gAAAA")]
    assert reader.open_many(cells)[:2] == [b"one", "zwö".encode()]
    assert refused(reader.open_many([cells[2], "no token", "ü", b""]))
    assert refused(FernetTokens([OTHER]).open_many(cells[:1]))
    with pytest.raises(ConfigurationError) as caught:
        FernetTokens([KEY, "too short"])
    assert "too short" not in str(caught.value)
    with pytest.raises(ConfigurationError):
        FernetTokens([])


def utils_reader(name: str, key: str) -> LegacyFormat:
    if "Gcm" in name:
        return SqlalchemyUtilsAesGcm(key)
    return SqlalchemyUtilsAes(key, padding=AesPadding(WRITTEN[name]["padding"]))


UTILS_NAMES = [name for name in WRITTEN if name.startswith("SQLAlchemy-Utils")]


@pytest.mark.parametrize("name", UTILS_NAMES)
def test_sqlalchemy_utils(name: str) -> None:
    one = WRITTEN[name]
    reader = utils_reader(name, one["key"])
    for form in (list(one["cells"].values()), [cell.encode() for cell in one["cells"].values()]):
        found = [
            converted(codec_for(type(UTILS[kind])), v)
            for kind, v in zip(UTILS, reader.open_many(form), strict=True)
        ]
        assert found == list(UTILS.values())
    assert refused(utils_reader(name, "another").open_many(list(one["cells"].values())))
    assert refused(reader.open_many(["", "ABC", "A" * 12, "*" * 32, b"\xff"]))
    assert one["key"] not in repr(reader)


@pytest.mark.parametrize("name", UTILS_NAMES)
def test_what_sqlalchemy_utils_writes_today(name: str) -> None:
    types = pytest.importorskip(
        "sqlalchemy_utils.types.encrypted.encrypted_type", reason="needs requirements/bench"
    )

    @given(st.text(st.characters(codec="utf-8")).filter(lambda one: not one.endswith(("*", "\x00", "\x80"))))
    def check(value: str) -> None:
        engine = types.AesGcmEngine() if "Gcm" in name else types.AesEngine()
        if "Gcm" not in name:
            engine._set_padding_mechanism(WRITTEN[name]["padding"])
        engine._update_key("the key")
        assert utils_reader(name, "the key").open_many([engine.encrypt(value)]) == [value]

    check()


def test_pgcrypto(postgresql_database: str) -> None:
    engine = create_engine(postgresql_database)
    try:
        with pytest.raises(ConfigurationError, match="not installed"):
            Pgcrypto("the passphrase", engine)
        with engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION pgcrypto"))
            made = """SELECT pgp_sym_encrypt(value, 'the passphrase', options) FROM (VALUES
                ('zwö', ''), ('', ''), ('long ' || repeat('x', 999), 'compress-algo=1, cipher-algo=aes256')
            ) AS given (value, options)"""
            cells: list[Any] = [row[0] for row in connection.execute(text(made))]
            cells.append(
                connection.execute(text("SELECT armor(pgp_sym_encrypt('armoured', 'the passphrase'))")).scalar_one()
            )
        values = ["zwö".encode(), b"", b"long " + b"x" * 999, b"armoured"]
        reader = Pgcrypto("the passphrase", engine)
        assert reader.open_many(cells) == values
        mixed = reader.open_many([cells[0], b"rubbish", cells[0][:-1] + b"\x00", "no armour", cells[3]])
        assert [mixed[0], mixed[4]] == [values[0], values[3]]
        assert refused(mixed[1:4])
        assert refused(Pgcrypto("another", engine).open_many(cells))
        assert "passphrase" not in repr(reader)
    finally:
        engine.dispose()
    with pytest.raises(ConfigurationError, match="PostgreSQL"):
        Pgcrypto("the passphrase", create_engine("sqlite:///nowhere.db"))


def test_values_become_the_declared_type() -> None:
    assert converted(codec_for(int), "12") == 12
    assert converted(codec_for(bytes), memoryview(b"ab")) == b"ab"
    assert converted(codec_for(str), b"text") == "text"
    assert converted(codec_for(str), None) is None
    for codec, value in ((codec_for(int), "zwölf"), (codec_for(str), b"\xff")):
        error = converted(codec, value)
        assert isinstance(error, FieldvaultError)
        assert error.__context__ is None
    assert PlainValues().open_many(["a", 1]) == ["a", 1]
