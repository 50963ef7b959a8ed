"""The AWS Encryption SDK: committing suite without signature, a raw AES master key, data keys cached."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from peers.base import Peer, library


class AwsEncryptionSdk(Peer):
    name = "AWS Encryption SDK"
    distribution = "aws-encryption-sdk"
    note = "materials cached; a data key wrapped in each message"
    share = 0.05

    def __init__(self) -> None:
        sdk = library("aws_encryption_sdk")
        identifiers = library("aws_encryption_sdk.identifiers")
        self._client = sdk.EncryptionSDKClient(
            commitment_policy=identifiers.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
        )
        self._algorithm = identifiers.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
        self._manager = sdk.CachingCryptoMaterialsManager(
            cache=sdk.LocalCryptoMaterialsCache(1000),
            master_key_provider=_raw_master_key(identifiers),
            max_age=3600.0,
            max_messages_encrypted=2**20,
        )

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[bytes]:
        context = {"aad": b64encode(aad).decode()}
        return [
            self._client.encrypt(
                source=plaintext,
                materials_manager=self._manager,
                encryption_context=context,
                algorithm=self._algorithm,
            )[0]
            for plaintext in plaintexts
        ]

    def open(self, sealed: Sequence[bytes], aad: bytes) -> list[bytes]:
        return [self._client.decrypt(source=one, materials_manager=self._manager)[0] for one in sealed]


def _raw_master_key(identifiers: Any) -> Any:
    raw = library("aws_encryption_sdk.key_providers.raw")
    wrapping = library("aws_encryption_sdk.internal.crypto.wrapping_keys")
    key = wrapping.WrappingKey(
        wrapping_algorithm=identifiers.WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=os.urandom(32),
        wrapping_key_type=identifiers.EncryptionKeyType.SYMMETRIC,
    )

    class OneKey(raw.RawMasterKeyProvider):  # type: ignore[misc, name-defined]
        provider_id = "benchmark"

        def _get_raw_key(self, key_id: bytes) -> Any:
            return key

    provider = OneKey()
    provider.add_master_key(b"key")
    return provider
