"""Vectors of index-v1 §4, written down by hand: what a value is normalised to, or that it is refused."""

from __future__ import annotations

from typing import Any

Vector = dict[str, Any]

# name: (normaliser, value, normal form or None where refused)
_TEXTS: dict[str, tuple[str, str, str | None]] = {
    "text-plain": ("text@1", "Ada Lovelace", "Ada Lovelace"),
    "text-empty": ("text@1", "", ""),
    "text-white-space-kept": ("text@1", " a  b\n", " a  b\n"),
    "text-nfd-to-nfc": ("text@1", "Zoe\u0308", "Zo\u00eb"),
    "text-compatibility-kept": ("text@1", "\ufb01", "\ufb01"),
    "text-emoji": ("text@1", "\U0001f9d1\U0001f3fd", "\U0001f9d1\U0001f3fd"),
    "text-lone-surrogate": ("text@1", "a\ud800", None),
    "text-unassigned": ("text@1", "a\u0378", None),
    "name-case": ("name@1", "ADA Lovelace", "ada lovelace"),
    "name-white-space": ("name@1", "  Ada\t \u00a0Lovelace\n", "ada lovelace"),
    "name-sharp-s": ("name@1", "Stra\u00dfe", "strasse"),
    "name-full-width": ("name@1", "\uff21\uff44\uff41", "ada"),
    "name-ligature": ("name@1", "o\ufb03ce", "office"),
    "name-nfd": ("name@1", "Zoe\u0308", "zo\u00eb"),
    "name-accents-stay": ("name@1", "Jos\u00e9", "jos\u00e9"),
    "name-zero-width-joiner": ("name@1", "A\u200dda", "ada"),
    "name-soft-hyphen": ("name@1", "Love\u00adlace", "lovelace"),
    "name-arabic": (
        "name@1",
        "\u0639\u0645\u0631 \u062d\u062f\u0627\u062f",
        "\u0639\u0645\u0631 \u062d\u062f\u0627\u062f",
    ),
    "name-final-sigma": (
        "name@1",
        "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3",
        "\u03bf\u03b4\u03c5\u03c3\u03c3\u03b5\u03c5\u03c3",
    ),
    "name-empty": ("name@1", "", None),
    "name-only-white-space": ("name@1", " \t\u3000", None),
    "name-unassigned": ("name@1", "a\u0378", None),
    "email-case": ("email@1", "Ann.Li@Example.COM", "ann.li@example.com"),
    "email-white-space-around": ("email@1", " ann@example.com\n", "ann@example.com"),
    "email-sub-address-and-dots-kept": ("email@1", "a.n.n+shop@example.com", "a.n.n+shop@example.com"),
    "email-idn": ("email@1", "ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
    "email-idn-upper-case": ("email@1", "ann@B\u00dcCHER.example", "ann@xn--bcher-kva.example"),
    "email-a-label": ("email@1", "ann@XN--bcher-kva.example", "ann@xn--bcher-kva.example"),
    "email-local-part-nfd": ("email@1", "zoe\u0308@example.com", "zo\u00eb@example.com"),
    "email-special-use": ("email@1", "root@localhost", "root@localhost"),
    "email-no-at": ("email@1", "ann.example.com", None),
    "email-two-ats": ("email@1", "a@b@example.com", None),
    "email-no-local-part": ("email@1", "@example.com", None),
    "email-no-domain": ("email@1", "ann@", None),
    "email-space-inside": ("email@1", "an n@example.com", None),
    "email-quoted": ("email@1", '"ann li"@example.com', None),
    "email-display-name": ("email@1", "Ann <ann@example.com>", None),
    "email-literal": ("email@1", "ann@[192.0.2.1]", None),
    "email-trailing-dot": ("email@1", "ann@example.com.", None),
    "email-empty": ("email@1", "", None),
}

# name: (normaliser, value, normal form or None where refused)
_VARIANTS: dict[str, tuple[str, str, str | None]] = {
    "email-untagged": ("email-untagged@1", "Ada+News@Example.org", "ada@example.org"),
    "email-untagged-two-tags": ("email-untagged@1", "ada+a+b@example.org", "ada@example.org"),
    "email-untagged-dots-stay": ("email-untagged@1", "a.da@example.org", "a.da@example.org"),
    "email-untagged-dot-before-tag": ("email-untagged@1", "ada.+x@example.org", "ada@example.org"),
    "email-untagged-only-a-tag": ("email-untagged@1", "+ada@example.org", None),
    "email-undotted": ("email-undotted@1", "A.d.a+x@example.org", "ada@example.org"),
    "email-undotted-mark-joins-its-letter": ("email-undotted@1", "A.\u0300@example.org", "\u00e0@example.org"),
    "text-256-marks": ("text@1", "x" + "\u0301\u0323" * 128, "x" + "\u0323" * 128 + "\u0301" * 128),
    "text-257-marks": ("text@1", "x" + "\u0301\u0323" * 128 + "\u0301", None),
    "name-257-marks-with-invisible-ones": ("name@1", "x" + "\u0301\u034f\u0323" * 86, None),
    "email-undotted-domain-keeps-dots": ("email-undotted@1", "a.da@mail.example.org", "ada@mail.example.org"),
    "name-unaccented": ("name-unaccented@1", "Jos\u00e9 M\u00fcller", "jose muller"),
    "name-unaccented-letters-stay": ("name-unaccented@1", "\u0141ukasz", "\u0142ukasz"),
    "name-unaccented-devanagari-stays": (
        "name-unaccented@1",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
    ),
    "name-unaccented-only-an-accent": ("name-unaccented@1", "\u00b4", None),
    "name-latin-cyrillic": ("name-latin@1", "\u041c\u0430\u0440\u0438\u044f", "mariya"),
    "name-latin-umlaut": ("name-latin@1", "M\u00fcller-L\u00fcdenscheidt", "muller ludenscheidt"),
    "postcode": ("postcode@1", " sw1a 1aa", "SW1A1AA"),
    "postcode-dash": ("postcode@1", "00-950", "00950"),
    "postcode-full-width": ("postcode@1", "\uff11\uff10\uff10\u2212\uff10\uff10\uff10\uff11", "1000001"),
    "postcode-arabic-digits": ("postcode@1", "\u0661\u0661\u0661\u0661\u0668", "11118"),
    "postcode-too-short": ("postcode@1", "1", None),
    "postcode-dot": ("postcode@1", "1.010", None),
    "identifier-iban": ("identifier@1", "gb33 BUKB 2020 1555 5555 55", "GB33BUKB20201555555555"),
    "identifier-separators": ("identifier@1", "536.803.868/00-1", "536803868001"),
    "identifier-sharp-s": ("identifier@1", "stra\u00dfe", None),
    "identifier-empty": ("identifier@1", " - ", None),
    "email-or-text-readable": ("email-or-text@1", "Ada@Example.org", "ada@example.org"),
    "email-or-text-unreadable": ("email-or-text@1", "ask reception", "ask reception"),
    "email-or-text-lone-surrogate": ("email-or-text@1", "a\ud800", None),
}

# name: (region or None, value, normal form or None where refused)
_PHONES: dict[str, tuple[str | None, str, str | None]] = {
    "phone-uk-national": ("GB", "020 7946 0018", "+442079460018"),
    "phone-uk-international": (None, "+44 20 7946 0018", "+442079460018"),
    "phone-uk-trunk-zero-in-brackets": ("GB", "+44 (0)20 7946 0018", "+442079460018"),
    "phone-us-national": ("US", "(202) 555-0143", "+12025550143"),
    "phone-in-national": ("IN", "098765 43210", "+919876543210"),
    "phone-jo-national": ("JO", "07 9012 3456", "+962790123456"),
    "phone-arabic-digits": ("JO", "\u0660\u0667\u0669\u0660\u0661\u0662\u0663\u0664\u0665\u0666", "+962790123456"),
    "phone-tel-uri": (None, "tel:+12025550143", "+12025550143"),
    "phone-extension": ("US", "202-555-0143 ext. 12", "+12025550143;ext=12"),
    "phone-national-without-region": (None, "020 7946 0018", None),
    "phone-too-short": ("GB", "123", None),
    "phone-letters": ("US", "1-800-FLOWERS", None),
    "phone-empty": ("GB", "", None),
}

# name: (declared type, value as text, typed plaintext in hex)
_EXACT: dict[str, tuple[str, str, str]] = {
    "exact-int": ("int", "-129", "03ff7f"),
    "exact-date": ("date", "2024-02-29", "07323032342d30322d3239"),
    "exact-decimal": ("decimal", "1.20", "06312e3230"),
    "exact-decimal-of-equal-value": ("decimal", "1.2", "06312e32"),
    "exact-uuid": ("uuid", "00112233-4455-6677-8899-aabbccddeeff", "0b00112233445566778899aabbccddeeff"),
}


def _hex(normal: str | None) -> str | None:
    return None if normal is None else normal.encode("utf-8").hex()


def normalisers() -> list[Vector]:
    """`normalised` is null where the value is refused."""
    texts = [
        {"name": name, "normaliser": normaliser, "value": value, "normalised": _hex(normal)}
        for name, (normaliser, value, normal) in (_TEXTS | _VARIANTS).items()
    ]
    phones = [
        {"name": name, "normaliser": "phone@1", "region": region, "value": value, "normalised": _hex(normal)}
        for name, (region, value, normal) in _PHONES.items()
    ]
    exact = [
        {
            "name": name,
            "normaliser": "exact@1",
            "declared": {"type": kind},
            "value": {"type": kind, "text": text},
            "normalised": typed,
        }
        for name, (kind, text, typed) in _EXACT.items()
    ]
    return texts + phones + exact
