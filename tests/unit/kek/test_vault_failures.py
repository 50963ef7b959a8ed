"""Statuses and exceptions become our errors, without a word of the driver's."""

from __future__ import annotations

import ssl
import sys

import pytest
import requests
import urllib3

from fieldvault.errors import KekDenied, KekMisconfigured, KekUnavailable, MissingExtra
from fieldvault.kek.vault_transit import TokenAuth, VaultTransitKek, failures
from fieldvault.kek.vault_transit.client import trouble_of


@pytest.mark.parametrize("status", [307, 408, 412, 429, 472, 473, 500, 502, 503, 504])
def test_transient_statuses(status: int) -> None:
    trouble = failures.of_status(status, None)
    assert trouble is not None
    assert trouble.transient
    assert isinstance(trouble.error("kek", 3), KekUnavailable)
    assert "after 3 attempts" in trouble.error("kek", 3).message


@pytest.mark.parametrize("status", [300, 301, 302, 303, 308, 501])
def test_lasting_statuses(status: int) -> None:
    trouble = failures.of_status(status, None)
    assert trouble is not None
    assert not trouble.transient
    assert isinstance(trouble.error("kek", 1), KekMisconfigured)


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 405, 413])
def test_statuses_that_the_caller_judges(status: int) -> None:
    assert failures.of_status(status, None) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    trouble = failures.of_status(429, header)
    assert trouble is not None
    assert trouble.retry_after == seconds


def test_refusals() -> None:
    assert isinstance(failures.refusal("kek", 401), KekDenied)
    assert isinstance(failures.refusal("kek", 403), KekDenied)
    for status in (400, 404, 405, 413, 418):
        assert isinstance(failures.refusal("kek", status), KekMisconfigured)
    for status in (400, 401, 403):
        assert isinstance(failures.login_refused("kek", "AppRole", status), KekDenied)
    for status in (200, 404, 405):
        assert isinstance(failures.login_refused("kek", "AppRole", status), KekMisconfigured)


@pytest.mark.parametrize(
    ("error", "kind", "transient"),
    [
        (requests.ConnectTimeout("canary"), KekUnavailable, True),
        (requests.ReadTimeout("canary"), KekUnavailable, True),
        (requests.ConnectionError("canary"), KekUnavailable, True),
        (requests.exceptions.ChunkedEncodingError("canary"), KekUnavailable, True),
        (requests.exceptions.SSLError(ssl.SSLEOFError("canary")), KekUnavailable, True),
        (requests.exceptions.InvalidURL("canary"), KekMisconfigured, False),
        (requests.exceptions.InvalidHeader("canary"), KekMisconfigured, False),
        (urllib3.exceptions.ProtocolError("canary"), KekUnavailable, True),
        (OSError("canary"), KekUnavailable, True),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("canary")), KekMisconfigured, False),
    ],
)
def test_exceptions(error: Exception, kind: type, transient: bool) -> None:
    trouble = trouble_of(error)
    assert (trouble.kind, trouble.transient) == (kind, transient)
    assert "canary" not in str(trouble.error("kek", 1))


def test_exceptions_that_contain_themselves() -> None:
    one, two = requests.ConnectionError("a"), OSError("b")
    one.__context__, two.__context__ = two, one
    one.args = (two, one)
    assert trouble_of(one).transient


@pytest.mark.parametrize("package", ["hvac", "requests"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    for name in [name for name in sys.modules if name.startswith("fieldvault.kek.vault_transit.")]:
        if name.endswith((".client", ".session")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"fieldvault\[vault\]"):
        VaultTransitKek(address="https://v", key="k", auth=TokenAuth("x"))
