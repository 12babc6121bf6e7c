"""With the hub gone, a watchtower on another folder saves what was signed, inside the window."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gridplus.chain import Account, Call, RpcChain, Sender
from gridplus.cli.commands import gridplus
from gridplus.clock import set_clock
from gridplus.demo.founding import make_role_keys
from gridplus.demo.processes import start_service
from gridplus.failures import InputError
from gridplus.journal import SqliteJournal
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.watch import Stage, WatchConfig, Watchtower
from gridplus.watch.facts import open_outbox
from gridplus.wire import Promises
from tests.hub.decisions import Decisions
from tests.hub.process import make_hub_folder
from tests.hub.signed import DAY_S, ETHER_WEI, Signed, node_with, sign
from tests.hub.town import (
    SEED,
    START_S,
    HandClock,
    Town,
    found_town,
    living_hub,
    serve_chain,
)

CAP = 2_000_000
HOUR_S = 3_600


@dataclass
class World:
    """A town whose time is moved by hand, and the journal of its hub."""

    town: Town
    folder: Path
    now_s: int

    def move(self, seconds: int) -> None:
        """The chain's next block, and all that comes, is so much later."""
        self.now_s += seconds
        self._show()
        relayer = self.town.keys["relayer"]
        Account(relayer, self.town.chain).transact(Call(relayer.address))

    def _show(self) -> None:
        set_clock(self.folder / "clock", self.now_s)

    async def sign(self) -> tuple[Signed, Promises]:
        """Three homes, of which one has sold, sign more than a cap; the hub exports and is gone."""
        houses = self.town.move_in(3, deposit_bolt=9, cap_bolt=2)
        self.move(DAY_S)
        async with living_hub(self.town, self.folder / "hub.journal") as life:
            signed = await sign(self.town, life, houses)
            made = await life.claimer.export()
        promises = Promises.parse(made.to_bytes(), what="the export")
        assert promises == made
        return signed, promises


class AnvilWorld(World):
    def _show(self) -> None:
        params: list[Any] = [self.now_s]
        self.town.chain._client.ask("evm_setNextBlockTimestamp", params)


@contextmanager
def world_on(kind: str, folder: Path) -> Iterator[World]:
    keys = make_role_keys(folder / "keys", SEED)
    if kind == "anvil":
        with node_with(keys) as node, RpcChain(node.url, confirmations=0) as chain:
            town = found_town(folder, chain, keys, url=node.url)
            yield AnvilWorld(town, folder, START_S)
        return
    set_clock(folder / "clock", START_S)
    service = serve_chain(folder, keys)
    try:
        with RpcChain(service.url) as chain:
            yield World(found_town(folder, chain, keys, url=service.url), folder, START_S)
    finally:
        service.stop()


@dataclass
class Post:
    """The watchtower's own folder and key; each life is a new one."""

    world: World
    key: Secp256k1Key

    @property
    def sent(self) -> int:
        """How many transactions its key has made."""
        return self.world.town.chain.nonce(self.key.address)

    @contextmanager
    def life(self, promises: Promises, *, chain: Any = None) -> Iterator[Watchtower]:
        path = self.world.folder / "watch.journal"
        with SqliteJournal.open(path, now_s=HandClock().now_s) as journal:
            node = chain or self.world.town.chain
            sender = Sender(self.key, node, outbox=open_outbox(journal))
            yield Watchtower(node, sender, journal, promises, patience_s=DAY_S)


def post_in(world: World) -> Post:
    key = KeyStore(world.folder / "watch-keys").create("fees", Secp256k1Key)
    relayer = Account(world.town.keys["relayer"], world.town.chain)
    relayer.transact(Call(key.address, value_wei=ETHER_WEI))
    return Post(world, key)


def stages(tower: Watchtower) -> set[Stage]:
    return {case.stage for case in tower.cases.values()}


class PulledPlugError(Exception):
    """The process ends here."""


class Plug:
    """A chain whose first transaction is taken, and heard of no more."""

    def __init__(self, chain: RpcChain) -> None:
        self._chain = chain

    def __getattr__(self, name: str) -> object:
        return getattr(self._chain, name)

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        self._chain.send(raw_transactions)
        raise PulledPlugError


@pytest.mark.parametrize("kind", ["embedded", "anvil"])
async def test_with_the_hub_gone_every_signed_cent_is_saved_within_the_window(
    tmp_path: Path, kind: str
) -> None:
    """By the hub's own claim, signed ahead: whatever is below a whole cap, too."""
    with world_on(kind, tmp_path) as world:
        signed, promises = await world.sign()
        post = post_in(world)
        for house in signed.houses:
            world.town.start_exit(house)
        with post.life(promises) as tower:
            tower.look(now_s=world.now_s)
            assert stages(tower) == {Stage.WAITING}
            assert len(tower.cases) == 3
            assert world.town.word(signed.houses[0]).spent == 0
            world.move(2 * DAY_S)
            tower.look(now_s=world.now_s)
            assert stages(tower) == {Stage.SAVED}
            signed.require_claimed_once(world.town)
        with post.life(promises) as tower:
            tower.look(now_s=world.now_s)
            assert stages(tower) == {Stage.SAVED}
        assert post.sent == 0
        async with living_hub(world.town, tmp_path / "hub.journal") as life:
            assert await life.claimer.claim() is None
            assert (await life.claimer.export()).vouchers == ()


@pytest.mark.parametrize("kind", ["embedded", "anvil"])
async def test_without_the_hubs_claims_credits_and_whole_caps_are_saved_over_a_crash(
    tmp_path: Path, kind: str
) -> None:
    """The hub has sent something since it exported, so that its claims are void."""
    with world_on(kind, tmp_path) as world:
        signed, promises = await world.sign()
        post, town = post_in(world), world.town
        Account(town.hub_key, town.chain).transact(Call(town.hub_key.address))
        for house in signed.houses:
            town.start_exit(house)
        world.move(2 * DAY_S)
        dying = Plug(town.chain)
        with post.life(promises, chain=dying) as tower, pytest.raises(PulledPlugError):
            tower.look(now_s=world.now_s)
        with post.life(promises) as tower:
            tower.look(now_s=world.now_s)
            for house, voucher in zip(signed.houses, signed.vouchers, strict=True):
                word = town.word(house)
                assert (word.spent, word.earned) == (voucher.spent // CAP * CAP, voucher.earned)
                assert tower.cases[house.channel].spent_due_ubolt == voucher.spent % CAP
            assert stages(tower) == {Stage.BELOW_A_CAP}
            assert post.sent == 2
            world.move(12 * DAY_S + HOUR_S)
            tower.look(now_s=world.now_s)
            assert stages(tower) == {Stage.LOST}
        assert post.sent == 2


async def test_a_home_that_stays_after_all_is_left_to_the_hub(tmp_path: Path) -> None:
    with world_on("embedded", tmp_path) as world:
        signed, promises = await world.sign()
        post, house = post_in(world), signed.houses[0]
        with post.life(promises) as tower:
            world.town.start_exit(house)
            tower.look(now_s=world.now_s)
            assert stages(tower) == {Stage.WAITING}
            Decisions(world.town).cancel_exit(house)
            world.move(2 * DAY_S)
            tower.look(now_s=world.now_s)
            assert tower.cases == {}
        assert post.sent == 0
        assert world.town.word(house).spent == 0


async def test_promises_of_nobody_are_no_promises(tmp_path: Path) -> None:
    """A voucher signed by another key names a channel that nobody opened; a credit must be the
    hub's."""
    with world_on("embedded", tmp_path) as world:
        signed, promises = await world.sign()
        post, (house, sells, _) = post_in(world), signed.houses
        (credit,) = promises.credits
        assert credit.channel == sells.channel
        vouchers = (house.voucher(9_000_000, by=sells.voucher_key), *promises.vouchers[1:])
        forged = replace(credit, signature=sells.owner.sign(bytes(32)))
        changed = replace(promises, vouchers=vouchers, credits=(forged,), claims=())
        world.town.start_exit(house)
        world.town.start_exit(sells)
        world.move(2 * DAY_S)
        with post.life(changed) as tower:
            tower.look(now_s=world.now_s)
            assert set(tower.cases) == {sells.channel}
            other = replace(promises, hub=sells.owner.address)
            with pytest.raises(InputError, match="another chain, vault or hub"):
                tower.adopt(other)
        assert world.town.word(house).spent == 0
        assert world.town.word(sells).earned == 0


async def test_the_commands_export_watch_and_say_how_it_stands(town: Town, tmp_path: Path) -> None:
    """`gridplus hub export`, then `gridplus watch --once` on another folder."""
    (house,) = town.move_in(1)
    config = make_hub_folder(town, tmp_path / "hub")
    async with living_hub(town, tmp_path / "hub" / "hub.journal") as life:
        await life.open([house])
        await life.pay(house, await life.bill(house, 500))
    hub = start_service("hub", ["hub", "serve", "--config", str(config)], log=tmp_path / "log")
    try:
        out = tmp_path / "watch" / "promises"
        arguments = ["hub", "export", "--config", str(config), "--url", hub.url, "--out", str(out)]
        exported = CliRunner().invoke(gridplus, arguments, catch_exceptions=False)
        assert "1 vouchers, 0 credits, 1 claims signed ahead" in exported.output
    finally:
        hub.stop()
    watch = make_watch_file(town, tmp_path / "watch")
    town.start_exit(house)
    arguments = ["watch", "--config", str(watch), "--once", "--json"]
    said = json.loads(CliRunner().invoke(gridplus, arguments, catch_exceptions=False).output)
    assert (said["vouchers"], said["claims"], said["fault"]) == (1, 1, None)
    (case,) = said["leaving"]
    assert (case["channel"], case["stage"]) == (f"0x{house.channel.hex()}", "WAITING")


def make_watch_file(town: Town, folder: Path, **changes: Any) -> Path:
    KeyStore(folder / "keys").create("fees", Secp256k1Key)
    (folder / "deployment.json").write_bytes(town.deployment.to_bytes())
    set_clock(folder / "clock", START_S)
    values = {
        "journal": "watch.journal",
        "deployment": "deployment.json",
        "keys": "keys",
        "key_name": "fees",
        "promises": "promises",
        "clock": "clock",
        "chain_url": town.chain_url,
    } | changes
    path = folder / "watch.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "colour: is not a known key"),
        ({"patience_s": 432_001}, "patience_s: must be at most 432000"),
        ({"fee_bump_ppm": 1}, "fee_bump_ppm: must be"),
        ({"promises": 7}, "promises: must be a text"),
    ],
)
def test_a_broken_configuration_names_file_field_and_mend(
    town: Town, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    (tmp_path / "watch").mkdir()
    with pytest.raises(InputError, match=says):
        WatchConfig.load(make_watch_file(town, tmp_path / "watch", **change))


def test_a_file_of_promises_that_is_not_there_is_named(town: Town, tmp_path: Path) -> None:
    (tmp_path / "watch").mkdir()
    config = WatchConfig.load(make_watch_file(town, tmp_path / "watch"))
    with pytest.raises(InputError, match="`gridplus hub export` writes it"):
        config.read_promises()


def test_a_voucher_of_a_file_is_some_hundred_bytes(town: Town) -> None:
    house = town.plan_house()
    domain, hub = house.identity.domain, town.hub_key.address
    one, two = (
        len(Promises(domain, hub, 0, tuple(vouchers)).to_bytes())
        for vouchers in ([house.voucher(1)], [house.voucher(1), house.voucher(2)])
    )
    assert two - one == 108
