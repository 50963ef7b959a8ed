"""Made-up customers and vendors in four countries: Faker's words, a fixed seed.

Faker takes 0.1 ms and more for a name or an address, so each country has pools of them, and rows draw from those.
Faker's Jordan has telephone numbers only; names there come from its Arabic locale, addresses are in English.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fieldvault.errors import MissingExtra

SEED = 20_260_101
POOL = 600
IDN_SHARE = 0.2
"""How many of Jordan's addresses have a domain in Arabic."""


@dataclass(frozen=True, slots=True)
class Country:
    """`locale` is Faker's, for telephone numbers; `words` where names and addresses come from another one."""

    code: str
    name: str
    locale: str
    words: str


COUNTRIES = (
    Country("IN", "India", "en_IN", "en_IN"),
    Country("GB", "United Kingdom", "en_GB", "en_GB"),
    Country("JO", "Jordan", "ar_JO", "ar_AA"),
    Country("US", "USA", "en_US", "en_US"),
)


class Pool:
    """What the rows of one country are drawn from."""

    def __init__(self, country: Country, seed: int, size: int) -> None:
        words, numbers = _faker(country.words, seed), _faker(country.locale, seed)
        addresses = words if country.words == country.locale else _faker("en_GB", seed + 1)
        self.country = country
        self.people = _draw(words.name, size)
        self.logins = _draw(words.user_name, size)
        self.domains = _draw(words.safe_domain_name, 20)
        self.companies = _draw(words.company, size)
        self.addresses = _draw(addresses.address, size)
        self.phones = _draw(numbers.phone_number, size * 2)
        self.birthdays = [words.date_of_birth(minimum_age=18, maximum_age=90) for _ in range(size)]
        if country.code == "JO":
            arabic = sorted({name for name in _draw(words.last_name, 60) if name.isalpha()})
            self.idn_domains = [f"{name}.example" for name in arabic]
        else:
            self.idn_domains = []

    def email(self, draw: random.Random) -> str:
        """The number makes most addresses belong to one row only."""
        is_idn = self.idn_domains and draw.random() < IDN_SHARE
        domain = draw.choice(self.idn_domains if is_idn else self.domains)
        return f"{draw.choice(self.logins)}{draw.randrange(10_000)}@{domain}"


def population(rows: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """`rows` customers and `rows` vendors, the same ones each time. Raises `MissingExtra` without Faker."""
    size = max(20, min(POOL, rows // 4))
    pools = [Pool(country, SEED + at, size) for at, country in enumerate(COUNTRIES)]
    draw = random.Random(SEED)  # noqa: S311
    customers = [_customer(number, pools[number % len(pools)], draw) for number in range(1, rows + 1)]
    vendors = [_vendor(number, pools[number % len(pools)], draw) for number in range(1, rows + 1)]
    return customers, vendors


def _customer(number: int, pool: Pool, draw: random.Random) -> dict[str, Any]:
    birthday: date | None = draw.choice(pool.birthdays)
    return {
        "customer_id": number,
        "country": pool.country.code,
        "name": draw.choice(pool.people),
        "contact_person": draw.choice(pool.people) if draw.random() < 0.5 else None,
        "email": pool.email(draw),
        "phone": draw.choice(pool.phones),
        "date_of_birth": birthday,
    }


def _vendor(number: int, pool: Pool, draw: random.Random) -> dict[str, Any]:
    return {
        "vendor_id": number,
        "country": pool.country.code,
        "name": draw.choice(pool.companies),
        "address": draw.choice(pool.addresses),
        "email": pool.email(draw),
        "phone": draw.choice(pool.phones),
    }


def _draw(make: Callable[[], str], size: int) -> Sequence[str]:
    return [make() for _ in range(size)]


def _faker(locale: str, seed: int) -> Any:
    try:
        from faker import Faker
    except ImportError:
        raise MissingExtra("the demo", extra="demo") from None
    faker = Faker(locale)
    faker.seed_instance(seed)
    return faker
