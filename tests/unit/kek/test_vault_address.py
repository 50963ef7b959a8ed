"""Addresses, mounts, names: refused before anything is sent, and never repeated in the error."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.errors import ConfigurationError
from fieldvault.kek.vault_transit import InsecureHttp, TokenAuth, VaultTransitKek
from fieldvault.kek.vault_transit.address import base_url, key_name, path_name, trust_anchor


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://vault.example.com", "https://vault.example.com"),
        ("https://vault.example.com:8200/", "https://vault.example.com:8200"),
        ("https://example.com/infra/vault/", "https://example.com/infra/vault"),
        ("https://[2001:db8::1]:8200", "https://[2001:db8::1]:8200"),
        ("http://127.0.0.1:8200", "http://127.0.0.1:8200"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8200", "http://[::1]:8200"),
        ("http://localhost:8200", "http://localhost:8200"),
        (InsecureHttp("http://vault.mesh:8200"), "http://vault.mesh:8200"),
        (InsecureHttp("https://vault.mesh:8200"), "https://vault.mesh:8200"),
    ],
)
def test_good_addresses(address: str | InsecureHttp, url: str) -> None:
    assert base_url(address) == url


@pytest.mark.parametrize(
    "address",
    [
        "",
        "vault.example.com:8200",
        "//vault.example.com",
        "https://",
        "https:///path",
        "ftp://vault.example.com",
        "unix:///run/vault.sock",
        "http://vault.example.com",
        "http://10.0.0.1:8200",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@canary.example.com",
        "http://0.0.0.0:8200",
        "https://user:canary@vault.example.com",
        "https://vault.example.com?token=canary",
        "https://vault.example.com/#canary",
        "https://vault.example.com/a/../b",
        "https://vault.example.com/%2e%2e",
        "https://vault.example.com:port",
        "https://vault.example.com:99999",
        "https://vault.example.com:0",
        "https://[::1",
        "https://va ult.example.com",
        "https://vault.example.com\\@canary",
        "https://vault\u2024example.com",
        "https://vault.example.com\r\nHost: canary",
    ],
)
def test_bad_addresses(address: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        base_url(address)
    assert "canary" not in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("name", ["customers", "a", "a-b_c.d", "K1"])
def test_good_key_names(name: str) -> None:
    assert key_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a?b", "a%2fb", "a b", "a\n", "-a", "a.", "ä", "a" * 256, None]
)
def test_bad_key_names(name: str) -> None:
    with pytest.raises(ConfigurationError):
        key_name(name)


@pytest.mark.parametrize(
    ("path", "clean"), [("transit", "transit"), ("/a/b-c/", "a/b-c"), ("eu/transit", "eu/transit")]
)
def test_good_mounts(path: str, clean: str) -> None:
    assert path_name(path, "mount") == clean


@pytest.mark.parametrize(
    "path", ["", "/", "a//b", "a/../b", "..", "a?b", "a#b", "a%b", "a b", "a\r\nb", "a\n", "ä", None]
)
def test_bad_mounts(path: str) -> None:
    with pytest.raises(ConfigurationError):
        path_name(path, "mount")


def test_certificates_are_always_verified(tmp_path: Path) -> None:
    assert trust_anchor(None) is True
    assert trust_anchor(tmp_path) == str(tmp_path)
    for nothing in (tmp_path / "missing.pem", False, ""):
        with pytest.raises(ConfigurationError):
            trust_anchor(nothing)  # type: ignore[arg-type]


def test_name() -> None:
    auth = TokenAuth("x")
    kek = VaultTransitKek(address="https://v", key="k", auth=auth)
    assert kek.name == "vault-transit:transit/k"
    kek = VaultTransitKek(address="https://v", key="k", mount="/eu/transit/", namespace="team/", auth=auth)
    assert kek.name == "vault-transit:eu/transit/k@team"
    assert (kek.mount, kek.key) == ("eu/transit", "k")


def test_auth_must_be_one() -> None:
    with pytest.raises(ConfigurationError) as refused:
        VaultTransitKek(address="https://v", key="k", auth="hvs.canary")  # type: ignore[arg-type]
    assert "canary" not in str(refused.value)
