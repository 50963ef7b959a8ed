"""A KEK sealed under its protection key (spec keyring-v1 §7): AES-256-GCM; the AAD is the file up to `sealed:`."""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.core.aead import AeadKey
from fieldvault.core.derive import KEY_ID_BYTES, LOCAL_KEK_ID_LABEL, hkdf_sha256
from fieldvault.core.envelope import NONCE_BYTES
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.local.kek_file import KekFile, Protect, head


def seal_kek(kek: Hidden[bytes], protection_key: Hidden[bytes], protect: Protect) -> KekFile:
    kek_id = _derive_kek_id(kek)
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(protection_key.reveal()).encrypt(nonce, kek.reveal(), head(kek_id, protect))
    return KekFile(kek_id, protect, nonce + sealed)


def open_kek(file: KekFile, protection_key: Hidden[bytes]) -> AeadKey | None:
    """The KEK, or None: a wrong protection key and an altered file cannot be told apart.

    GCM commits to no key, so the id is derived again: no file can be made that opens to different KEKs under
    different passphrases, or that passes for another KEK.
    """
    nonce, ciphertext = file.sealed[:NONCE_BYTES], file.sealed[NONCE_BYTES:]
    try:
        kek = Hidden(AESGCM(protection_key.reveal()).decrypt(nonce, ciphertext, head(file.kek_id, file.protect)))
    except InvalidTag:
        return None
    if not hmac.compare_digest(_derive_kek_id(kek), file.kek_id):
        return None
    return AeadKey(kek.reveal(), file.kek_id)


def _derive_kek_id(kek: Hidden[bytes]) -> bytes:
    return hkdf_sha256(kek.reveal(), LOCAL_KEK_ID_LABEL, KEY_ID_BYTES)
