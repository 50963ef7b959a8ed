"""The Luhn check (ISO/IEC 7812-1), by trying."""

from __future__ import annotations


def is_valid(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number // 10 + number % 10
    return total % 10 == 0


def luhn_digit(before: str, after: str) -> int:
    """The one digit between these two that makes the whole valid."""
    [digit] = [digit for digit in range(10) if is_valid(f"{before}{digit}{after}")]
    return digit
