"""A day at the core of the hub: what is billed, sealed, kept and claimed, and known again."""

import asyncio
import random
import sys
from pathlib import Path

from gridplus.channel import Counters, PayeeRefusal, Phase, Stop, Terms
from gridplus.hub import Refused
from gridplus.hub.archive import Record
from gridplus.hub.home import credit_of
from gridplus.tariff import group_leaf, root_from_path
from gridplus.wallet import bill_group_digest, is_signed_by
from tests.hub.town import (
    DAY,
    SEED,
    House,
    Life,
    Town,
    durable_parts,
    living_hub,
    replayed,
)
from tests.tariff.examples import plan_with


def is_sealed(town: Town, record: Record) -> bool:
    """The hub signed the root that the record's path leads to."""
    group, statement = record.group, record.statement
    root = root_from_path(group_leaf(statement.channel, statement.head), group.path)
    digest = bill_group_digest(
        town.vault.domain, root, count=group.count, closed_at_s=group.closed_at_s
    )
    return is_signed_by(town.hub_key.address, digest, signature=group.signature)


def check_bills(town: Town, house: House, day: list[Record]) -> None:
    """Each interval once, sealed, with a credit exactly where `earned` rose."""
    identity, earned = house.identity, 0
    terms = Terms(identity.domain, identity.cfg, identity.voucher_key, town.hub_key.address)
    for record in day:
        statement, signature = record.statement, record.billed.credit_signature
        assert is_sealed(town, record)
        assert (signature is not None) == (statement.earned_ubolt > earned)
        assert signature is None or credit_of(statement, signature).is_valid(terms)
        earned = statement.earned_ubolt
    assert earned > 0
    assert [record.statement.interval for record in day] == list(DAY)


class HurriedClock:
    """A quarter of an hour passes between any two looks at it."""

    def __init__(self, shown_s: int) -> None:
        self.shown_s = shown_s

    def now_s(self) -> int:
        self.shown_s += 900
        return self.shown_s


async def live_through(life: Life, house: House, at: int, dice: random.Random) -> Record:
    """One interval: energy bought, sold around noon, billed, and mostly paid at once."""
    sold = dice.randrange(900) if 30 <= at < 66 else 0
    record = await life.bill(house, dice.randrange(700), sold)
    if dice.random() < 0.9 or at == len(DAY) - 1:
        await life.pay(house, record)
    return record


async def test_a_day_of_four_homes_is_billed_sealed_paid_claimed_and_replayed_the_same(
    town: Town, tmp_path: Path
) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    dice, houses = random.Random(SEED), town.move_in(4)
    days: list[list[Record]] = [[] for _ in houses]
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open(houses)
        for at in range(len(DAY)):
            records = await asyncio.gather(*(live_through(life, h, at, dice) for h in houses))
            for day, record in zip(days, records, strict=True):
                day.append(record)
        assert max(record.group.count for day in days for record in day) > 1
        await check_claim(town, life, houses)
        live = durable_parts(life.book)
    for house, day in zip(houses, days, strict=True):
        check_bills(town, house, day)
    again = durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal"))
    assert live.keys() == again.keys()
    for name, value in live.items():
        assert again[name] == value, name


async def check_claim(town: Town, life: Life, houses: list[House]) -> None:
    """One transaction redeems every voucher, and the hub has seen it on the chain."""
    before = town.chain.head().number
    mined = await life.claimer.claim()
    assert mined is not None
    assert (mined.homes, mined.block) == (len(houses), before + 1)
    assert town.chain.head().number == mined.block
    for house in houses:
        home, word = life.book.homes[house.channel], town.word(house)
        assert Counters(word.spent, word.earned) == home.durable
        assert home.payee.phase is Phase.CLAIMED
    assert await life.claimer.claim() is None


async def test_a_claim_redeems_vouchers_of_paid_homes_only_and_later_ones_the_next_time(
    town: Town, tmp_path: Path
) -> None:
    paid, late = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([paid, late])
        await life.pay(paid, await life.bill(paid, 500))
        unpaid = await life.bill(late, 500)
        first = await life.claimer.claim()
        assert first is not None
        assert first.homes == 1
        assert town.word(late).spent == 0
        await life.pay(late, unpaid)
        second = await life.claimer.claim()
        assert second is not None
        assert second.homes == 1
        assert town.word(late).spent == unpaid.statement.spent_ubolt


async def test_a_record_shows_the_voucher_that_pays_it_and_none_where_a_later_one_did(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        offline, last = await life.bill(house, 300), await life.bill(house, 300)
        await life.pay(house, last)
        then = await life.bill(house, 300)
        shown = [(record.statement, record.voucher) for record in life.records(house)]
    paid = house.voucher_for(last).signature
    assert shown == [
        (offline.statement, None),
        (last.statement, paid),
        (then.statement, None),
    ]


async def test_an_interval_that_moved_no_money_is_paid_by_the_voucher_before_it(
    town: Town, tmp_path: Path
) -> None:
    free = (("5.47 $/month", "0.00 $/month"),)
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal", plan=plan_with(*free)) as life:
        await life.open([house])
        paid = await life.bill(house, 300)
        await life.pay(house, paid)
        nothing = await life.bill(house, 0)
        assert nothing.statement.spent_ubolt == paid.statement.spent_ubolt
        assert nothing.voucher == house.voucher_for(paid).signature
        assert [record.voucher for record in life.records(house)] == [nothing.voucher] * 2
        live = durable_parts(life.book)
    assert live == durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal"))


async def test_a_stop_is_replayed_at_the_time_at_which_it_was_made(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1, deposit_bolt=1)
    clock = HurriedClock(DAY[0].start_s)
    async with living_hub(town, tmp_path / "hub.journal", clock=clock) as life:
        await life.open([house])
        while (home := life.book.homes[house.channel]).payee.stopped is None:
            await life.pay(house, await life.billed(house.meter(3_000)))
        live = durable_parts(life.book)
    again = replayed(town.hub_key.address, tmp_path / "hub.journal")
    assert again.homes[house.channel].payee.stopped == home.payee.stopped
    assert durable_parts(again) == live


async def test_a_home_that_leaves_is_sold_nothing_more_and_what_it_signed_is_claimed(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    clock = HurriedClock(DAY[0].start_s)
    async with living_hub(town, tmp_path / "hub.journal", clock=clock) as life:
        await life.open([house])
        await life.pay(house, await life.billed(house.meter(400)))
        town.start_exit(house)
        await life.hub.follow_chain()
        stopped = life.book.homes[house.channel].payee.stopped
        assert stopped is not None
        assert stopped.reason is Stop.EXIT_STARTED
        assert stopped.since_s > DAY[1].start_s
        await life.pay(house, last := await life.billed(house.meter(100)))
        await life.claimer.claim()
        assert town.word(house).spent == last.statement.spent_ubolt
        live = durable_parts(life.book)
    assert live == durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal"))


async def test_a_home_that_pays_in_again_is_served_again(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1, deposit_bolt=1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        while life.book.homes[house.channel].payee.stopped is None:
            await life.pay(house, await life.bill(house, 3_000))
        waiting = house.meter(3_000)
        refused = await life.hub.submit_read(waiting)
        assert isinstance(refused, Refused)
        assert refused.reason is PayeeRefusal.EXTENDING_STOPPED
        town.deposit(house, 5, number=1)
        await life.hub.follow_chain()
        await life.pay(house, await life.billed(waiting))
        live = durable_parts(life.book)
    assert live == durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal"))
