"""How the demo shows opened values on a screen: enough to recognise, too little to use."""

from __future__ import annotations


def mask_email(address: str) -> str:
    """`a***@example.com`: the first letter and the domain."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}***@{domain}"


def mask_name(name: str) -> str:
    """`A*** B***`: the first letter of each word."""
    return " ".join(f"{word[:1]}***" for word in name.split())


def mask_phone(number: str) -> str:
    """`***4567`: the last four digits, and never more than half of them."""
    digits = [one for one in number if one.isdecimal()]
    return f"***{''.join(digits[len(digits) - min(4, len(digits) // 2) :])}"
