"""Twenty SIGKILLs of the hub during a day of two homes that pay as fast as they can.

Everything is real and in its own process: chain, back office, hub. What the agents were told is
compared with what the hub knows after each start, with its journal, and at last with the chain.
"""

import asyncio
import random
import shutil
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx

from gridplus.agent import fetch_plan
from gridplus.agent.links import Link
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.channel import NOTHING, Counters, PayerPhase
from gridplus.contracts import calls
from gridplus.demo import outside
from gridplus.demo.founding import DepositOrder, Founder, make_role_keys
from gridplus.demo.options import DemoOptions, street_terms
from gridplus.demo.stage import Stage
from gridplus.demo.street import Resident, Start, Surroundings, make_resident
from gridplus.hub import Book
from gridplus.hub.facts import Kind, parse_billed
from gridplus.journal import SqliteJournal
from gridplus.market import operating_day_intervals
from gridplus.units import UBOLT_PER_BOLT, Interval
from gridplus.wallet import Address, ChannelId
from gridplus.wire import ChannelStatus

KILLS = 20
DAY = date(2021, 7, 4)
TERMS = street_terms()
FOUNDING_S = 15 * 3_600


@dataclass
class Street:
    """The run: its processes, its homes, and what each home was told is durable."""

    stage: Stage
    chain: Chain
    deployment: Deployment
    hub: Address
    residents: list[Resident]
    told: dict[ChannelId, Counters] = field(default_factory=dict)
    payments: int = 0
    due: int = 0
    pause_s: float = 0
    killer: asyncio.Task[None] | None = None
    lived: dict[ChannelId, int] = field(default_factory=dict)

    def acknowledged(self, channel: ChannelId, counters: Counters) -> None:
        assert counters.covers(self.told.get(channel, NOTHING))
        self.told[channel] = counters
        self.payments += 1
        if self.payments >= self.due and self.killer is None:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, at the very moment of an acknowledgement or a little later."""
        if self.pause_s == 0:
            self.stage.kill("hub")
        self.killer = asyncio.create_task(self._kill_later())

    async def _kill_later(self) -> None:
        if self.pause_s > 0:
            await asyncio.to_thread(threading.Event().wait, self.pause_s)
            self.stage.kill("hub")


@asynccontextmanager
async def real_street(out: Path, seed: int) -> AsyncIterator[Street]:
    """Founded the way the demo founds it, with the day's prices published and no interval lived."""
    options = DemoOptions(DAY, days=1, homes=2, seed=seed, fast=True, out=out)
    stage = Stage(options, TERMS)
    try:
        start_s = outside.day_start_s(DAY)
        stage.set_clock(start_s - FOUNDING_S)
        keys = make_role_keys(stage.out / "keys", seed)
        with stage.start_chain(keys) as chain:
            founder = Founder(chain, keys, terms=TERMS)
            deployment = founder.deploy()
            founder.fund_pool(deployment)
            residents = settle(options, stage, deployment, founder)
            stage.start_retailer(deployment)
            stage.start_hub()
            street = Street(stage, chain, deployment, keys["hub"].address, residents)
            await wake(street)
            yield street
            for resident in residents:
                await resident.sleep()
    finally:
        stage.close()


def settle(
    options: DemoOptions, stage: Stage, deployment: Deployment, founder: Founder
) -> list[Resident]:
    now_s = stage.clock.now_s()
    start = Start(now_s, options.seed, TERMS.daily_cap_bolt)
    residents = [
        make_resident(
            name, series, folder=stage.out / "homes" / name, deployment=deployment, start=start
        )
        for name, series in options.street.items()
    ]
    orders = [DepositOrder(r.identity, r.owner, 0, TERMS.deposit_ubolt) for r in residents]
    founder.deposit(deployment, orders, now_s=now_s)
    outside.write_customers(stage, residents)
    return residents


async def wake(street: Street) -> None:
    """The day ahead is bought and published, the agents open their channels and know the prices."""
    stage, residents = street.stage, street.residents
    closes_s, start_s = outside.bidding_closes_s(DAY), outside.day_start_s(DAY)
    stage.set_clock(closes_s)
    for resident in residents:
        resident.devices.rest_until(closes_s)
    outside.deliver_history(stage, residents, until_s=closes_s)
    stage.set_clock(start_s)
    outside.deliver_day_ahead(stage, DAY)
    await asyncio.to_thread(outside.order, stage, "day-ahead", day=DAY)
    retailer = Link("retailer", stage.url("retailer"))
    around = Surroundings(
        street.chain,
        street.deployment,
        street.hub,
        stage.hub_url,
        stage.url("retailer"),
        await fetch_plan(retailer),
        stage.clock,
        TERMS,
    )
    await retailer.aclose()
    for resident in residents:
        resident.devices.rest_until(start_s)
        await resident.wake(around)
        await resident.agent.open()
        await resident.agent.learn_prices()


async def live_until_offline(street: Street, resident: Resident) -> None:
    """Live through the day, interval by interval, until it is over or the hub is gone."""
    agent, channel = resident.agent, resident.identity.channel
    intervals = operating_day_intervals(DAY)
    while (at := street.lived.get(channel, 0)) < len(intervals):
        if not agent.memory.unpaid:
            begin(resident, intervals[at])
        payment = await agent.pay(intervals[at], now_s=intervals[at].end_s)
        if payment is None:
            assert agent.memory.payer.phase is PayerPhase.GRACE
            return
        street.lived[channel] = at + 1
        street.acknowledged(channel, payment.voucher.counters)


def begin(resident: Resident, interval: Interval) -> None:
    if interval.start_s not in resident.devices.measured:
        resident.agent.decide(interval)
        resident.devices.pass_time(interval)


async def one_life(street: Street, due: int, *, pause_s: float) -> None:
    """All homes pay at once until the hub is killed: after `due` payments, and `pause_s`."""
    street.due, street.pause_s, street.killer = due, pause_s, None
    await asyncio.gather(*(live_until_offline(street, resident) for resident in street.residents))
    if street.killer is not None:
        await street.killer


@dataclass(frozen=True)
class Known:
    """Where a channel stands by one store."""

    durable: Counters
    head: bytes


def journal_says(street: Street, copy: Path) -> dict[ChannelId, Known]:
    """A copy of what the kill left, replayed; each interval is billed once at most."""
    folder = street.stage.out / "hub"
    shutil.copytree(folder, copy)
    book = Book(street.hub, TERMS.unsigned_limit_bolt * UBOLT_PER_BOLT)
    with SqliteJournal.open(copy / "hub.journal", now_s=street.stage.clock.now_s) as journal:
        book.replay(journal.replay())
        billed = Counter(
            (statement.channel, statement.interval.start_s)
            for stored in journal.replay()
            if stored.fact.kind == Kind.BILLED
            for statement in [parse_billed(stored)[0].statement]
        )
    assert set(billed.values()) <= {1}, "no interval is billed twice"
    assert {(c, at) for c, home in book.homes.items() for at in home.records} == set(billed)
    return {c: Known(home.durable, home.tip.head) for c, home in book.homes.items()}


async def hub_says(street: Street) -> dict[ChannelId, Known]:
    async with httpx.AsyncClient(base_url=street.stage.hub_url, trust_env=False) as client:
        known = {}
        for resident in street.residents:
            answer = await client.get(f"/v1/channels/0x{resident.identity.channel.hex()}")
            status = ChannelStatus.parse(answer.content)
            known[status.channel] = Known(status.durable, status.head)
    return known


async def test_twenty_kills_lose_no_acknowledged_voucher_and_bill_no_interval_twice(
    tmp_path: Path,
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    sys.stdout.write(f"seed {seed}\n")
    dice, intervals = random.Random(seed), len(operating_day_intervals(DAY))
    due = sorted(dice.sample(range(1, 2 * intervals - 8), KILLS))
    unheard = Counter[str]()
    async with real_street(tmp_path / "street", seed) as street:
        for life, payments in enumerate(due):
            await one_life(street, payments, pause_s=dice.choice((0, dice.random() * 0.012)))
            left = journal_says(street, tmp_path / f"life-{life}")
            await asyncio.to_thread(street.stage.start_hub)
            assert await hub_says(street) == left, "replay is the hub"
            for resident in street.residents:
                known = left[resident.identity.channel]
                told = street.told.get(resident.identity.channel, NOTHING)
                assert known.durable.covers(told), "acknowledged is durable"
                unheard["vouchers"] += known.durable != told
                unheard["bills"] += known.head != resident.agent.memory.tip.head
        await one_life(street, 1 << 32, pause_s=0)
        await check_the_end(street, tmp_path / "end")
    sys.stdout.write(f"{KILLS} kills, {street.payments} acknowledgements, 0 lost; ")
    sys.stdout.write(f"durable, but not heard of before the kill: {dict(unheard)}\n")


async def check_the_end(street: Street, copy: Path) -> None:
    """The day is whole; chain, hub, journal and agents know the same newest vouchers."""
    intervals = operating_day_intervals(DAY)
    assert set(street.lived.values()) == {len(intervals)}
    street.stage.set_clock(intervals[-1].end_s)
    closed = await asyncio.to_thread(outside.order, street.stage, "close", day=DAY)
    assert closed
    known = await hub_says(street)
    street.stage.stop(["hub"])
    assert (street.stage.out / "logs" / "hub.log").read_text() == "", "no life ended by itself"
    assert journal_says(street, copy) == known
    for resident in street.residents:
        channel, signed = resident.identity.channel, resident.agent.memory.payer.signed
        view = calls.channel_word(channel)
        word = view.decode(street.chain.call(street.deployment.vault, view.calldata))
        assert signed is not None
        assert known[channel].durable == signed.counters == street.told[channel]
        assert Counters(word.spent, word.earned) == signed.counters
