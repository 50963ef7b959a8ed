"""Step: find a row by an e-mail that is written differently, with a query that uses an index, and open it."""

from __future__ import annotations

import time
from collections import Counter

from fieldvault.cli.demo.world import Row, World
from fieldvault.masking import EmailMask, NameMask, PhoneMask

EMAIL, NAME, PHONE = EmailMask(), NameMask(), PhoneMask()


def find_by_email(world: World) -> None:
    story = world.story
    story.step("Find rows by an e-mail address that is written differently")
    once = _belonging_to_one(world.customers)
    ascii_one = next(row for row in once if row["email"].isascii())
    _find(world, ascii_one, f"  {ascii_one['email'].upper()} ")
    arabic = [row for row in once if not row["email"].isascii()]
    if arabic:
        local, _, domain = arabic[0]["email"].partition("@")
        _find(world, arabic[0], f"{local}@{domain.encode('idna').decode()}")


def _find(world: World, wanted: Row, written: str) -> None:
    story, schema = world.story, world.customer
    cipher = world.cipher(schema)
    started = time.perf_counter()
    values = cipher.index_values("email", written)
    query, rows, plan = world.masters.where_in(schema, "email_index", values)
    opened = [cipher.open(row) for row in rows]
    found = [row for row in opened if cipher.matches("email", written, row["email"])]
    milliseconds = (time.perf_counter() - started) * 1000
    story.tell(f"stored as {EMAIL.mask(wanted['email'])}, searched as {_masked(written)}")
    story.tell(f"{query}", style="dim")
    story.tell(f"{plan}", style="dim")
    story.claim("SQLite used the index of email_index", "USING INDEX customer_email_index" in plan)
    story.claim(
        f"1 of {len(world.customers):,} rows found and opened in {milliseconds:.1f} ms, and it is the right one",
        found == [wanted],
    )
    for row in found:
        name, email, phone = NAME.mask(row["name"]), EMAIL.mask(row["email"]), PHONE.mask(row["phone"])
        story.tell(f"{row['customer_id']}  {row['country']}  {name}  {email}  {phone}")


def _belonging_to_one(rows: list[Row]) -> list[Row]:
    counts = Counter(row["email"].casefold() for row in rows)
    return [row for row in rows if counts[row["email"].casefold()] == 1]


def _masked(written: str) -> str:
    shown = EMAIL.mask(written.strip())
    return f'"{written.replace(written.strip(), shown)}"'
