"""The hub learns from the vault's logs what happened to its homes, once, over restarts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from gridplus.chain import Account, Call, FeeRules, RpcChain
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.contracts.logs import Deposited
from gridplus.hub import HubRefusal, Refused
from gridplus.hub.app import HubApp
from gridplus.hub.claim_desk import ClaimDesk
from gridplus.hub.supply import Supply
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.retailer.chain_link import read_vault
from gridplus.wire import OpenChannel
from tests.hub.board import Board
from tests.hub.decisions import Decisions
from tests.hub.town import House, Life, Town, durable_parts, founded_town, living_hub, replayed


class CountedChain:
    """The chain, and how often it was asked what."""

    def __init__(self, chain: RpcChain) -> None:
        self._chain = chain
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> object:
        self.asked[name] += 1
        return getattr(self._chain, name)


def post_by_anyone(town: Town, house: House, spent: int) -> None:
    voucher = house.voucher(spent)
    item = calls.ClaimItem(voucher.cfg, voucher.spent, voucher.earned, voucher.signature)
    stranger = Account(town.keys["relayer"], town.chain)
    stranger.transact(Call(town.deployment.vault, calls.post_vouchers([item])))


def knows_the_words(town: Town, life: Life, *houses: House) -> bool:
    homes = life.book.homes
    return all(homes[h.channel].payee.view.word == town.word(h) for h in houses)


async def test_only_words_that_a_log_concerns_are_read(town: Town, tmp_path: Path) -> None:
    houses = town.move_in(4)
    counted = CountedChain(town.chain)
    chain: RpcChain = counted  # type: ignore[assignment]
    async with living_hub(replace(town, chain=chain), tmp_path / "hub.journal") as life:
        await life.open(houses)
        await life.hub.follow_chain()
        for moved in (0, 1):
            if moved:
                town.deposit(houses[2], 5, number=1)
            counted.asked.clear()
            await life.hub.follow_chain()
            assert counted.asked["call"] == moved
        assert knows_the_words(town, life, *houses)
        counted.asked.clear()
        await life.hub.follow_chain()
        assert counted.asked["logs"] == 0


async def test_whatever_the_vault_logs_of_a_home_the_hub_learns(tmp_path: Path) -> None:
    """And of a leaving home that has earned more than today's credit it claims once, not for ever:
    its item is skipped on chain, and each claim costs gas."""
    journal = tmp_path / "hub.journal"
    with founded_town(tmp_path / "town") as town:
        decide = Decisions(town)
        houses = town.move_in(6, deposit_bolt=9, cap_bolt=1)
        leaves, stays, closes, moves, raises, sells = houses
        async with living_hub(town, journal) as life:
            await life.open(houses)
            await life.pay(leaves, await life.bill(leaves, 500))
            await life.pay(sells, await life.bill(sells, 0, 15_000))
            for house in (leaves, stays, sells):
                town.start_exit(house)
            await life.hub.follow_chain()
            assert life.book.homes[stays.channel].payee.view.exit_started
            assert life.hub.credit.unposted > 0
            assert life.hub.credit.fault is None
        successor = town.plan_house()
        decide.cancel_exit(stays)
        decide.set_cap(raises, 7)
        decide.close(closes, 300_000)
        decide.rotate(moves, successor, 200_000)
        decide.credit(raises, ask(town.chain, town.deployment.vault, view=calls.credit_allowance()))
        async with living_hub(town, journal) as life:
            await life.hub.follow_chain()
            assert knows_the_words(town, life, *houses)
            assert "the vault would pay 0 today; fund the pool" in (life.hub.credit.fault or "")
            views = [life.book.homes[house.channel].payee.view for house in houses]
            assert [view.exit_started for view in views] == [True] + [False] * 4 + [True]
            assert views[2].headroom == 0
            assert views[3].word.is_retired
            assert views[4].word.daily_cap == 7
            await life.open([successor])
            assert await life.claimer.claim_leaving() is not None
            assert (town.word(leaves).spent > 0, town.word(sells).earned) == (True, 0)
            assert await life.claimer.claim_leaving() is None
            live = durable_parts(life.book)
        assert live == durable_parts(replayed(town.hub_key.address, journal))
        require_books_balance(town)


def require_books_balance(town: Town) -> None:
    """What the back office reads of the same logs: each word's deposits are told, the vault's money
    is all there, though one channel was rotated into another."""
    head = town.chain.head().number
    read = read_vault(town.chain, town.deployment, from_block=0, to_block=head, known=())
    told = Counter[bytes]()
    for at in read.events:
        if isinstance(at.event, Deposited):
            told[at.event.channel] += at.event.amount_ubolt
    assert told == {channel: word.deposited for channel, word in read.words.items()}
    bolt, vault = town.deployment.bolt, town.deployment.vault
    held = ask(town.chain, bolt, view=calls.balance_of(vault))
    assert held == read.pool_ubolt + sum(word.headroom for word in read.words.values())


async def test_what_a_stranger_posted_is_known_and_not_claimed_again(
    town: Town, tmp_path: Path
) -> None:
    """Even a voucher that the hub was never given."""
    house, other = town.move_in(2, cap_bolt=1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house, other])
        await life.pay(house, await life.bill(house, 500))
        await life.hub.follow_chain()
        post_by_anyone(town, house, 1_000_000)
        await life.hub.follow_chain()
        assert knows_the_words(town, life, house, other)
        assert town.word(house).spent == 1_000_000
        assert await life.claimer.claim() is None


async def test_what_a_leaving_home_signed_is_claimed_once_and_nobody_elses(
    town: Town, tmp_path: Path
) -> None:
    leaves, stays = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([leaves, stays])
        for house in (leaves, stays):
            await life.pay(house, await life.bill(house, 500))
        waiting = leaves.meter(300)
        life.clock.shown_s = waiting.read.interval.end_s
        town.start_exit(leaves)
        assert await life.claimer.claim_leaving() is None
        await life.hub.follow_chain()
        await life.pay(leaves, last := await life.billed(waiting))
        mined = await life.claimer.claim_leaving()
        assert mined is not None
        assert mined.homes == 1
        assert town.word(leaves).spent == last.statement.spent_ubolt
        assert town.word(stays).spent == 0
        assert await life.claimer.claim_leaving() is None


async def test_a_running_hub_claims_of_a_leaving_home_when_the_node_is_back_and_gas_is_cheap(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    dear = FeeRules(ceiling_wei=1)
    async with living_hub(replace(town, fees=dear), tmp_path / "hub.journal") as life:
        await life.open([house])
        record = await life.bill(house, 500)
        await life.pay(house, record)
        town.start_exit(house)
        async with running(life) as client:
            faults = await until(client, lambda faults: "leaving homes" in faults)
            assert "fee above ceiling, waiting" in faults["leaving homes"]
        assert town.word(house).spent == 0
    with RpcChain("http://127.0.0.1:9") as nowhere:
        lost = replace(town, chain=nowhere)
        async with living_hub(lost, tmp_path / "hub.journal") as life, running(life) as client:
            faults = await until(client, lambda faults: "chain" in faults)
            assert "cannot be asked" in faults["chain"]
    async with living_hub(town, tmp_path / "hub.journal") as life, running(life):
        async with asyncio.timeout(20):
            while await asyncio.to_thread(lambda: town.word(house).spent) == 0:
                pass
        assert town.word(house).spent == record.statement.spent_ubolt


@asynccontextmanager
async def running(life: Life) -> AsyncIterator[httpx.AsyncClient]:
    """The hub as it is served, with what it does by itself."""
    board = Board()
    async with board.client() as retailer:
        claims, supply = ClaimDesk(life.claimer), Supply(retailer, life.hub)
        app = HubApp(life.hub, supply, admin_token="", claims=claims).starlette()
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                yield client


async def until(
    client: httpx.AsyncClient, enough: Callable[[dict[str, str]], bool]
) -> dict[str, str]:
    """The faults that the hub tells of, as soon as they are as expected."""
    async with asyncio.timeout(20):
        while True:
            faults: dict[str, str] = (await client.get("/health")).json()["faults"]
            if enough(faults):
                return faults
            await asyncio.to_thread(lambda: None)


async def test_a_hub_that_was_replaced_serves_nobody_and_says_why(tmp_path: Path) -> None:
    journal = tmp_path / "hub.journal"
    with founded_town(tmp_path / "town") as town:
        (house,) = town.move_in(1)
        async with living_hub(town, journal) as life:
            await life.open([house])
            record = await life.bill(house, 500)
            await life.hub.follow_chain()
            other = KeyStore(tmp_path / "keys").create("other", Secp256k1Key)
            Decisions(town).replace_hub(other)
            await life.hub.follow_chain()
            replaced = Refused(HubRefusal.HUB_REPLACED)
            assert (
                await life.hub.submit_voucher(house.channel, house.voucher_for(record)) == replaced
            )
            assert await life.hub.submit_read(house.meter(100)) == replaced
            assert await life.hub.open_channel(OpenChannel(house.identity)) == replaced
            assert await life.claimer.claim_leaving() is None
        assert replayed(town.hub_key.address, journal).replaced_by == other.address
