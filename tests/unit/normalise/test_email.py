"""email@1: differently written addresses of one mailbox, and what is no address."""

# ruff: noqa: RUF001
from __future__ import annotations

import sys

import pytest

from fieldvault.errors import MissingExtra, NotIndexable
from fieldvault.normalise import EMAIL, email


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        # India
        (["priya.sharma@example.co.in", " Priya.Sharma@Example.CO.IN\n", "PRIYA.SHARMA@example.co.in"],
         b"priya.sharma@example.co.in"),
        (["प्रिया@उदाहरण.भारत", "प्रिया@xn--p1b6ci4b4b3a.xn--h2brj9c", "प्रिया@उदाहरण。भारत"],
         "प्रिया@xn--p1b6ci4b4b3a.xn--h2brj9c".encode()),
        # UK
        (["o'brien+news@example.co.uk", "O'Brien+News@EXAMPLE.co.uk\u00a0"], b"o'brien+news@example.co.uk"),
        (["zoë@example.test", "zoe\u0308@example.test", "ZOË@Example.Test"], "zoë@example.test".encode()),
        # Jordan
        (["ليلى@مثال.إختبار", "\u2003ليلى@xn--mgbh0fb.xn--kgbechtv"], "ليلى@xn--mgbh0fb.xn--kgbechtv".encode()),
        # USA
        (["John.Q.Public@mail.example.com", "john.q.public@MAIL.example.com"], b"john.q.public@mail.example.com"),
        # Germany: casefold and IDNA 2008 (ß stays in a domain, and becomes ss in a local part)
        (["STRASSE@faß.de", "straße@xn--fa-hia.de"], b"strasse@xn--fa-hia.de"),
        # A mark that becomes a letter when folded, after a mark that stays one
        (["\u1fb3\u0323@b.c", "\u03b1\u0323\u0345@b.c", "\u0391\u0323\u0399@b.c"],
         "\u03b1\u0323\u03b9@b.c".encode()),
        # full-width domain
        (["a@ｅｘａｍｐｌｅ．com", "A@example.com"], b"a@example.com"),
    ],
)  # fmt: skip
def test_differently_written_addresses_are_one(written: list[str], normalised: bytes) -> None:
    assert EMAIL.normalise_many(written) == [normalised] * len(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("j.smith@example.com", "jsmith@example.com"),
        ("smith+a@example.com", "smith@example.com"),
        ("jose@example.com", "josé@example.com"),
        ("a@example.com", "a@example.org"),
    ],
)
def test_other_mailboxes_stay_apart(one: str, other: str) -> None:
    assert EMAIL.normalise(one) != EMAIL.normalise(other)


@pytest.mark.parametrize(
    "address",
    ["a@acme.test", "a@x.local", "a@localhost", "a@b.invalid", "a@b.onion", "a@b.example", "a@example.com",
     "a@1.in-addr.arpa", "a@test", "a@mail1"],
)  # fmt: skip
def test_domains_that_are_not_for_the_internet_are_indexed(address: str) -> None:
    assert EMAIL.normalise(address.upper()) == address.encode()


@pytest.mark.parametrize(
    "text",
    ["", " ", "n/a", "a@", "@b.c", "a@b@c", "a b@c.d", "a@b.", "a@.b", "a@b..c", "a..b@c.d", ".a@b.c", "a.@b.c",
     "a@-b.c", "a@b-.c", "a@ab--cd.de", "a@b_c.de", '"a b"@c.de', '"a"@c.de', "A <a@b.c>", "<a@b.c>",
     "a@[127.0.0.1]",
     "a(x)@b.c", "a@b.c,d@e.f", "mailto:a b@c.d", "\x1ca@b.c",
     "a＠b.c", "a@b.c\ud800", "\u0301a@b.c", "a\u200b@b.c",
     "a@xn--a.com", "a@" + "b" * 64 + ".c", "a" * 251 + "@b.c", "\u0130" * 120 + "@b.c"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotIndexable):
        EMAIL.normalise(text)


@pytest.mark.parametrize("value", [None, b"a@b.c", 1, ["a@b.c"]])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(NotIndexable, match="indexes str"):
        EMAIL.normalise(value)  # type: ignore[arg-type]


def test_without_the_package_even_a_plain_address_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "email_validator", None)
    email._parser.cache_clear()
    with pytest.raises(MissingExtra) as caught:
        EMAIL.normalise("a@b.c")
    assert caught.value.extra == "search"


def test_an_application_that_changed_the_librarys_defaults_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for option, value in (("ALLOW_SMTPUTF8", False), ("ALLOW_QUOTED_LOCAL", True), ("TEST_ENVIRONMENT", True),
                          ("ALLOW_DISPLAY_NAME", True), ("GLOBALLY_DELIVERABLE", False)):  # fmt: skip
        monkeypatch.setattr(f"email_validator.{option}", value)
    assert EMAIL.normalise("Zoë@example.test") == "zoë@example.test".encode()
    for refused in ('"a b"@c.de', "A <a@b.c>"):
        with pytest.raises(NotIndexable):
            EMAIL.normalise(refused)
