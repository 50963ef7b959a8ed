"""The demo's course: a folder, a KEK, and one step after the other."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fieldvault.cli.demo import refusing, sealing, searching, settings, shredding
from fieldvault.cli.demo.counting import CountingKek
from fieldvault.cli.demo.masters import Masters
from fieldvault.cli.demo.openbao import POLICY, DemoServer, demo_server
from fieldvault.cli.demo.population import COUNTRIES, population
from fieldvault.cli.demo.story import Story
from fieldvault.cli.demo.world import World
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.config import Config, LocalKekConfig, load_config
from fieldvault.config import environment as names
from fieldvault.errors import ConfigurationError
from fieldvault.keyring import Keyrings


def run_demo(kek: str, rows: int, keep: Path | None) -> int:
    """Returns the exit code: `REFUSED` if a claim did not hold. Raises `FieldvaultError`."""
    story, started = Story(), time.perf_counter()
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(keep))
        story.step("Make a customer and a vendor master")
        customers, vendors = population(rows)
        by_country = Counter(row["country"] for row in customers + vendors)
        shares = ", ".join(f"{country.name} {by_country[country.code]:,}" for country in COUNTRIES)
        story.tell(
            f"{len(customers):,} customers and {len(vendors):,} vendors by Faker, from a fixed seed: {shares}"
        )
        server = stack.enter_context(demo_server(folder)) if kek == "vault" else None
        config = _configure(story, folder, server)
        counted = CountingKek(config.build_kek())
        store = stack.enter_context(config.build_keystore())
        store.create()
        masters = stack.enter_context(Masters(folder / "masters.db"))
        keyrings = Keyrings(counted, store, policy=config.policy)
        world = World(story, folder, config, counted, keyrings, masters, server, customers, vendors)
        sealing.seal_masters(world)
        sealing.look_at_the_file(world)
        searching.find_by_email(world)
        sealing.count_at_the_server(world, reader=sealing.open_everything(world))
        refusing.refuse_what_was_moved(world)
        shredding.shred_one_person(world)
    return _end(story, keep, time.perf_counter() - started)


def _configure(story: Story, folder: Path, server: DemoServer | None) -> Config:
    path = folder / "fieldvault.toml"
    if server is None:
        from fieldvault.cli.cmd_init import write_new_key
        from fieldvault.kek.local import LocalKek, ProtectionKey

        story.step("Create a local KEK, for want of a Vault (demo --kek vault starts one)")
        path.write_text(settings.for_local(), encoding="utf-8")
        key_file = folder / "demo.kek.key"
        write_new_key(key_file)
        config = load_config(path, environ={f"{names.KEK_KEY}_FILE": str(key_file)})
        if isinstance(config.kek, LocalKekConfig):
            kek = LocalKek.create(config.kek.file, ProtectionKey(key_file))
            story.tell(f"{kek.name} in {config.kek.file.name}, mode 0600, sealed under a key of its own")
        return config
    story.step("Start an OpenBao server, with a transit key and a role that may use it")
    text = settings.for_vault(address=server.address, key="demo-customers", role_id=server.role_id)
    path.write_text(text, encoding="utf-8")
    story.tell(f"OpenBao {server.version} at {server.address}; the demo logs in by AppRole under this policy:")
    for line in POLICY.splitlines():
        story.tell(f"  {line}", style="dim")
    return load_config(path, environ={names.VAULT_SECRET_ID: server.secret_id})


def _end(story: Story, keep: Path | None, seconds: float) -> int:
    story.step(f"Done in {seconds:.1f} s: {story.claims} claims checked, {story.broken} did not hold")
    if keep is not None:
        story.tell(f"The files are in {keep}. With the local KEK they can be looked at:")
        story.tell(f"FIELDVAULT_KEK_KEY_FILE={keep}/demo.kek.key fieldvault --config {keep}/fieldvault.toml doctor")
    return ExitCode.REFUSED if story.broken else ExitCode.OK


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="fieldvault-demo-") as folder:
            yield Path(folder)
        return
    made = True
    try:
        keep.mkdir(mode=0o700)
    except FileExistsError:
        made = False
    if not made:
        raise ConfigurationError(f"{keep} exists already", hint="--keep takes a new directory")
    yield keep
