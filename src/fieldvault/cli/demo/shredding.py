"""Step: shred one person's key; what was sealed for them is gone, in the backup too, and nobody else is touched."""

from __future__ import annotations

from fieldvault.cli.demo.masters import Masters
from fieldvault.cli.demo.world import Row, World
from fieldvault.errors import KeyDestroyed
from fieldvault.record import RecordCipher


def shred_one_person(world: World) -> None:
    story, number = world.story, 7
    story.step("Erase one person")
    backup = world.folder / "masters-backup.db"
    world.masters.backup(backup)
    story.tell(f"A backup of the data is made first: {backup.name}")
    cipher = world.cipher(world.customer)
    shredded = cipher.shred_subjects([number])
    # Index values are made under the tenant's index key, so they outlive the person's key.
    world.masters.forget(world.customer, number, "email_index")
    story.claim(
        f"customer {number}'s key was deleted from the key store, the index value set to NULL", len(shredded) == 1
    )
    _gone(world, "the row in the database", cipher, world.masters.row(world.customer, number))
    with Masters(backup) as old:
        _gone(world, "the row in the backup", cipher, old.row(world.customer, number))
    others = [row for row in world.customers[:20] if row["customer_id"] != number]
    opened = cipher.open_many([world.masters.row(world.customer, row["customer_id"]) for row in others])
    story.claim(f"{len(others)} neighbours open as before", opened == others)


def _gone(world: World, what: str, cipher: RecordCipher, row: Row) -> None:
    try:
        cipher.open(row)
    except KeyDestroyed as error:
        world.story.claim(
            f"{what} cannot be opened: {type(error).__name__}: {error.message} ({error.hint})", holds=True
        )
    else:
        world.story.claim(f"{what} cannot be opened", holds=False)
