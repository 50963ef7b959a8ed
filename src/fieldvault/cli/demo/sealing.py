"""Steps: seal both masters into SQLite, look at what is stored, open it all again in a process that starts cold."""

from __future__ import annotations

import time

from fieldvault.cli.demo.counting import CountingKek
from fieldvault.cli.demo.masters import BATCH, columns_of
from fieldvault.cli.demo.world import TENANT, World, fields_in
from fieldvault.keyring import INDEX_PURPOSE, Keyrings
from fieldvault.record import RecordCipher

SAMPLED_ROWS = 25
SHOWN_BYTES = 24


def seal_masters(world: World) -> None:
    story = world.story
    story.step("Seal both masters into SQLite")
    for schema, rows in world.tables:
        cipher = world.cipher(schema)
        world.masters.create(schema)
        sealing, started = 0.0, time.perf_counter()
        for at in range(0, len(rows), BATCH):
            before = time.perf_counter()
            sealed = cipher.seal_many(rows[at : at + BATCH])
            sealing += time.perf_counter() - before
            world.masters.insert(schema, sealed)
        total = time.perf_counter() - started
        fields = fields_in(schema, rows)
        story.tell(
            f"{schema.name}: {len(rows):,} rows, {fields:,} fields sealed in {sealing:.2f} s "
            f"({len(rows) / sealing:,.0f} rows/s, {fields / sealing:,.0f} fields/s); {total:.2f} s with SQLite"
        )
    subjects = len(world.customers)
    story.tell(f"Each of the {subjects:,} customers has a key of their own, wrapped under the tenant's data key.")
    keys = _data_keys(world)
    story.claim(
        f"the KEK was called {world.kek.calls} times: once for each data key ({', '.join(keys)}), "
        f"never for one of the {subjects:,} subject keys",
        world.kek.calls == len(keys),
    )


def look_at_the_file(world: World) -> None:
    story = world.story
    story.step("What a thief of the database sees")
    row = world.masters.row(world.customer, 1)
    for column in columns_of(world.customer):
        story.tell(f"{column:<15} {_shown(row[column])}", style="dim")
    stored = world.masters.path.read_bytes()
    step = max(1, len(world.customers) // SAMPLED_ROWS)
    sampled = [
        value
        for schema, rows in world.tables
        for row in rows[::step]
        for name in schema.sealed
        if isinstance(value := row[name], str) and len(value) >= 6
    ]
    found = sum(value.encode() in stored for value in sampled)
    story.claim(
        f"of {len(sampled):,} sampled names, addresses, e-mails and numbers, {found} are in the "
        f"{len(stored) / 1e6:.1f} MB of {world.masters.path.name}",
        found == 0 and bool(sampled),
    )


def open_everything(world: World) -> CountingKek:
    """Returns the KEK that it used."""
    story = world.story
    story.step("Open every row, as a process that has just started")
    kek = CountingKek(world.config.build_kek())
    with world.config.build_keystore() as store:
        keyrings = Keyrings(kek, store, policy=world.config.policy)
        for schema, originals in world.tables:
            cipher = RecordCipher(schema, keyrings, tenant=TENANT)
            opening, same, at = 0.0, True, 0
            for batch in world.masters.batches(schema):
                before = time.perf_counter()
                opened = cipher.open_many(batch)
                opening += time.perf_counter() - before
                same = same and opened == originals[at : at + len(batch)]
                at += len(batch)
            fields = fields_in(schema, originals)
            story.tell(
                f"{schema.name}: {at:,} rows, {fields:,} fields opened in {opening:.2f} s "
                f"({at / opening:,.0f} rows/s, {fields / opening:,.0f} fields/s)"
            )
            story.claim(f"all {at:,} {schema.name} rows came back equal", same and at == len(originals))
        purposes = [scope.purpose for scope in store.scopes() if scope.purpose != INDEX_PURPOSE]
        story.claim(
            f"that cost {kek.calls} calls to the KEK, one for each data key it took: {', '.join(purposes)}",
            kek.calls == len(purposes),
        )
        again = RecordCipher(world.vendor, keyrings, tenant=TENANT)
        cold = kek.calls
        again.open_many(next(world.masters.batches(world.vendor)))
        story.claim("opening more of them costs no further call", kek.calls == cold)
    return kek


def count_at_the_server(world: World, reader: CountingKek) -> None:
    """What the server's own audit log says, against what we counted; `reader` is the second process's KEK."""
    if world.server is None:
        return
    calls, sealed_fields = world.server.calls(), sum(fields_in(schema, rows) for schema, rows in world.tables)
    world.story.step("What the OpenBao server logged")
    world.story.claim(
        f"{calls['encrypt']} encrypt and {calls['decrypt']} decrypt requests in its audit log, "
        f"for {sealed_fields:,} fields sealed, and all of them opened again",
        (calls["encrypt"], calls["decrypt"]) == (world.kek.wraps, world.kek.unwraps + reader.unwraps),
    )


def _data_keys(world: World) -> list[str]:
    store = world.keyrings.store
    return [scope.purpose for scope in store.scopes() for _ in store.data_keys(scope)]


def _shown(cell: object) -> str:
    if isinstance(cell, bytes):
        return f"{cell[:SHOWN_BYTES].hex()}… {len(cell)} bytes"
    return "NULL" if cell is None else str(cell)
