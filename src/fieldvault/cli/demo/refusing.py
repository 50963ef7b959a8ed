"""Step: what is altered, moved or another tenant's is refused, each at a named stage."""

from __future__ import annotations

from fieldvault.cli.demo.world import OTHER_TENANT, Row, World
from fieldvault.errors import OpenError, Stage
from fieldvault.record import RecordCipher


def refuse_what_was_moved(world: World) -> None:
    world.story.step("Move, alter, or take to another tenant")
    cipher = world.cipher(world.vendor)
    one, two = (world.masters.row(world.vendor, number) for number in (1, 2))
    altered = bytearray(one["email"])
    altered[-1] ^= 1
    _refused(world, "an e-mail moved to another row", cipher, {**one, "email": two["email"]}, Stage.AUTHENTICATE)
    _refused(world, "an e-mail moved to another column", cipher, {**one, "name": one["email"]}, Stage.AUTHENTICATE)
    _refused(world, "an e-mail with one bit altered", cipher, {**one, "email": bytes(altered)}, Stage.AUTHENTICATE)
    _refused(world, "an e-mail cut short", cipher, {**one, "email": one["email"][:40]}, Stage.PARSE)
    other = world.cipher(world.vendor, OTHER_TENANT)
    _refused(world, f"a row read as tenant {OTHER_TENANT}", other, one, Stage.KEY)
    customers = world.cipher(world.customer)
    three, four = (world.masters.row(world.customer, number) for number in (3, 4))
    stolen = {**three, "email": four["email"]}
    _refused(world, "a person's e-mail in another person's row", customers, stolen, Stage.KEY)


def _refused(world: World, what: str, cipher: RecordCipher, row: Row, stage: Stage) -> None:
    try:
        cipher.open(row)
    except OpenError as error:
        world.story.claim(
            f"{what}: {type(error).__name__} at stage {error.stage.value}: {error.message}", error.stage is stage
        )
    else:
        world.story.claim(f"{what} is refused", holds=False)
