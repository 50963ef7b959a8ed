"""Processes that insert, change, duplicate and look up people while the index keys are rotated.

Each member has a cache of its own, so at any moment some are a phase behind. What must never be is collected as a
sentence: a person who is in the table and not found, a duplicate that got in, a free address that was refused.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from plugins.indexed_people import PEOPLE, find, people, person
from sqlalchemy import create_engine, insert, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from fieldvault import Keyrings, RecordCipher
from fieldvault.keyring import KeyringPolicy
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KekProvider

CACHE_SECONDS = 0.25
SLOWEST_WRITE = 1.0
SEEDS = 150
_FORK = get_context("fork")


@dataclass
class Report:
    wrong: list[str] = field(default_factory=list)
    people: dict[int, str] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    phases: set[str] = field(default_factory=set)


class TooSlow(Exception):
    """The machine was busy, so this write or look-up took longer than the rotation was told that any does."""


def keyrings(kek: KekProvider, url: str) -> Keyrings:
    return Keyrings(kek, SqlKeyStore(url, timeout=30), policy=KeyringPolicy(cache_seconds=CACHE_SECONDS))


def engine_for(url: str) -> Engine:
    return create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})


class Member:
    def __init__(self, number: int, kek: KekProvider, url: str) -> None:
        self.random = random.Random(number)
        self.engine = engine_for(url)
        self.store_keyrings = keyrings(kek, url)
        self.cipher = RecordCipher(PEOPLE, self.store_keyrings, tenant="acme")
        self.first = self.next = 1_000_000 * (number + 1)
        self.report = Report()

    def work(self) -> None:
        what = self.random.choices(
            [self.add_new, self.change_own, self.add_duplicate, self.become_another, self.contest, self.look_up],
            [4, 3, 3, 2, 2, 6],
        )[0]
        try:
            what()
        except TooSlow:
            self.report.done["too slow"] += 1
            return
        self.report.done[what.__name__] += 1
        keys = self.cipher.index_keyring.index_keys_to_ask()
        self.report.phases.add("" if keys is None else keys.phase.value)

    def write(self, record: dict[str, Any], *, new: bool) -> bool:
        """Whether it was committed; False where a UNIQUE constraint refused it."""
        for _ in range(20):
            started = time.monotonic()
            sealed = self.cipher.seal(record)
            number = sealed.pop("id")
            try:
                with self.engine.begin() as connection:
                    if new:
                        connection.execute(insert(people), sealed | {"id": number})
                    else:
                        connection.execute(update(people).where(people.c.id == number).values(sealed))
                    if time.monotonic() - started > SLOWEST_WRITE * 0.8:
                        raise TooSlow
            except IntegrityError:
                return False
            except OperationalError:
                continue  # a deadlock, broken by the database
            return True
        raise TooSlow

    def add_new(self) -> None:
        number, email = self.next, f"p{self.next}@example.org"
        self.next += 1
        if not self.write(person(number, email=email), new=True):
            self.report.wrong.append(f"a new address was refused: {number}")
            return
        self.report.people[number] = email
        self.must_find(number, email)

    def change_own(self) -> None:
        if not self.report.people:
            return
        number = self.random.choice(list(self.report.people))
        self.next += 1
        email = f"changed{self.next}@example.org"
        if not self.write(person(number, email=email), new=False):
            self.report.wrong.append(f"a change to a free address was refused: {number}")
            return
        self.report.people[number] = email
        self.must_find(number, email)

    def add_duplicate(self) -> None:
        number, self.next = self.next, self.next + 1
        if self.write(person(number, email=f"SEED{self.random.randrange(SEEDS)}@example.org"), new=True):
            self.report.wrong.append(f"a duplicate got in: {number}")

    def become_another(self) -> None:
        if self.report.people:
            number = self.random.choice(list(self.report.people))
            if self.write(person(number, email=f"seed{self.random.randrange(SEEDS)}@example.org"), new=False):
                self.report.wrong.append(f"a row took an address that another row has: {number}")

    def contest(self) -> None:
        """An address that all members want at about the same time; one gets it."""
        number, self.next = self.next, self.next + 1
        email = f"contested{int(time.time() * 4)}@example.org"
        if self.write(person(number, email=email), new=True):
            self.report.people[number] = email

    def look_up(self) -> None:
        seed = self.random.randrange(SEEDS)
        self.must_find(seed, f"Seed{seed}@example.org")
        if self.report.people:
            number = self.random.choice(list(self.report.people))
            self.must_find(number, self.report.people[number])

    def must_find(self, number: int, email: str) -> None:
        started = time.monotonic()
        found = find(self.engine, self.cipher, "email", email)
        if time.monotonic() - started > SLOWEST_WRITE * 0.8:
            raise TooSlow
        if found != [number]:
            self.report.wrong.append(f"looked for {number}, found {found}")

    def close(self) -> None:
        self.engine.dispose()
        self.store_keyrings.store.close()  # type: ignore[attr-defined]


def _member(number: int, kek: KekProvider, url: str, stop: Any, reports: Any) -> None:
    member = Member(number, kek, url)
    try:
        while not stop.is_set():
            member.work()
            time.sleep(0.005)
    except BaseException as error:  # noqa: BLE001 - whatever ends a member is a finding
        member.report.wrong.append(f"ended by {type(error).__name__}: {error}")
    finally:
        member.close()
        reports.put(member.report)


class Crew:
    def __init__(self) -> None:
        self.reports: list[Report] = []


@contextmanager
def crew(size: int, kek: KekProvider, url: str) -> Iterator[Crew]:
    """`size` processes at work until the end of the block; then their reports."""
    stop, reports, working = _FORK.Event(), _FORK.Queue(), Crew()
    members = [_FORK.Process(target=_member, args=(n, kek, url, stop, reports)) for n in range(size)]
    for member in members:
        member.start()
    try:
        yield working
    finally:
        stop.set()
        working.reports = [reports.get(timeout=60) for _ in members]
        for member in members:
            member.join(60)
        reports.close()
        reports.join_thread()
