"""What the hub refuses, each with its name, and that a refusal leaves no trace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import Enum
from pathlib import Path

from gridplus.channel import ChainSeen, ChannelView, Counters, PayeeRefusal, Voucher
from gridplus.hub import HubRefusal, Refused
from gridplus.hub.archive import Record
from gridplus.hub.facts import Kind, seen_fact
from gridplus.hub.home import Paid
from gridplus.journal import SqliteJournal
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead, SignedRead
from gridplus.meter.read import ReadRefusal
from gridplus.units import U48_MAX, Interval
from gridplus.wallet import Address, ChannelId
from gridplus.wire import OpenChannel
from tests.hub.town import (
    DAY,
    START_S,
    HandClock,
    House,
    Life,
    Town,
    durable_parts,
    living_hub,
    replayed,
)
from tests.tariff.examples import SPRING


@asynccontextmanager
async def unchanged(life: Life) -> AsyncIterator[None]:
    """Whatever happens inside leaves nothing behind, in memory or in the journal."""
    before, last = durable_parts(life.book), life.journal.last_sequence
    yield
    assert durable_parts(life.book) == before
    assert life.journal.last_sequence == last


async def read_refused(life: Life, read: SignedRead) -> Enum:
    async with unchanged(life):
        answer = await life.hub.submit_read(read)
    assert isinstance(answer, Refused), answer
    return answer.reason


async def voucher_refused(life: Life, channel: ChannelId, voucher: Voucher) -> Refused:
    async with unchanged(life):
        answer = await life.hub.submit_voucher(channel, voucher)
    assert isinstance(answer, Refused), answer
    return answer


def extended(read: IntervalRead, at: Interval, import_wh: int = 100) -> IntervalRead:
    """A read of `at` whose registers follow `read`."""
    register = read.register_import_wh + import_wh
    return IntervalRead(at, import_wh, 0, register, read.register_export_wh)


async def test_the_same_read_is_answered_as_the_first_time(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        read = house.meter(400, 30)
        first = await life.billed(read)
        await life.pay(house, first)
        await life.bill(house)
        async with unchanged(life):
            assert await life.billed(read) == first


async def test_a_read_sent_twice_at_once_is_billed_once(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        read = house.meter(400)
        first, second = await asyncio.gather(life.billed(read), life.billed(read))
        assert first == second
        kinds = [stored.fact.kind for stored in life.journal.replay(subject=house.channel)]
        assert kinds.count(Kind.BILLED) == 1


async def test_reads_that_do_not_follow_the_last_are_refused(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        await life.bill(house, 500)
        billed = await life.bill(house, 500)
        last = billed.statement.read
        refused = {
            HubRefusal.READ_CONFLICT: replace(last, import_wh=499),
            ReadRefusal.INTERVAL_GAP: extended(last, DAY[3]),
            ReadRefusal.INTERVAL_REPEATED: extended(last, Interval(START_S - 900, 900)),
            ReadRefusal.NOT_ON_GRID: extended(last, Interval(DAY[4].start_s, 1_800)),
            ReadRefusal.IMPOSSIBLE_ENERGY: extended(last, DAY[2], 24_001),
            ReadRefusal.REGISTER_FELL: replace(
                extended(last, DAY[2]), register_import_wh=last.register_import_wh - 1
            ),
            ReadRefusal.REGISTER_MISMATCH: replace(extended(last, DAY[2]), import_wh=99),
        }
        for reason, read in refused.items():
            assert await read_refused(life, house.sign(read)) is reason
        await life.billed(house.sign(extended(last, DAY[2])))


async def test_reads_of_a_stranger_are_refused(town: Town, tmp_path: Path) -> None:
    house, neighbour = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        read = house.next_read(400)
        signed = house.sign(read)
        by_neighbour = neighbour.sign(read, channel=house.channel)
        assert await read_refused(life, by_neighbour) is HubRefusal.FOREIGN_DEVICE
        changed = replace(signed, read=replace(read, import_wh=399))
        assert await read_refused(life, changed) is HubRefusal.FOREIGN_DEVICE
        cut = replace(signed, signature=signed.signature[:63] + bytes([signed.signature[63] ^ 1]))
        assert await read_refused(life, cut) is HubRefusal.FOREIGN_DEVICE
        not_open = neighbour.meter(400)
        assert await read_refused(life, not_open) is HubRefusal.UNKNOWN_CHANNEL
        await life.billed(signed)


async def test_a_day_without_published_prices_is_not_billed(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        other_day = IntervalRead(operating_day_intervals(SPRING)[0], 400, 0, 400, 0)
        reason = await read_refused(life, house.sign(other_day))
        assert reason is HubRefusal.PRICES_NOT_PUBLISHED
        await life.bill(house)


async def test_only_channels_of_this_vault_with_a_deposit_are_opened(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    identity, nowhere = house.identity, Address(b"\x99" * 20)
    foreign = (
        replace(identity, chain_id=identity.chain_id + 1),
        replace(identity, vault=nowhere),
        replace(identity, anchor=nowhere),
    )
    async with living_hub(town, tmp_path / "hub.journal") as life:
        for other in foreign:
            async with unchanged(life):
                answer = await life.hub.open_channel(OpenChannel(other))
            assert answer == Refused(HubRefusal.FOREIGN_VAULT)
        penniless = town.plan_house()
        async with unchanged(life):
            answer = await life.hub.open_channel(OpenChannel(penniless.identity))
        assert answer == Refused(HubRefusal.NO_DEPOSIT)
        town.deposit(penniless, 1)
        await life.open([house, penniless])
        async with unchanged(life):
            await life.open([house, penniless])


async def test_a_home_that_opens_many_times_at_once_is_opened_once(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await asyncio.gather(*(life.open([house]) for _ in range(8)))
        kinds = [stored.fact.kind for stored in life.journal.replay(subject=house.channel)]
        assert kinds == [Kind.CHANNEL_OPENED, Kind.CHAIN_SEEN]
    replayed(town.hub_key.address, tmp_path / "hub.journal")


async def test_vouchers_that_promise_the_wrong_thing_are_refused_and_change_nothing(
    town: Town, tmp_path: Path
) -> None:
    house, neighbour = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house, neighbour])
        await life.pay(house, await life.bill(house, 500, 200))
        record = await life.bill(house, 500, 200)
        for reason, voucher in wrong_vouchers(town, house, neighbour, record).items():
            refused = await voucher_refused(life, house.channel, voucher)
            assert refused.reason is reason
            stranger = reason is PayeeRefusal.WRONG_SIGNER
            durable = life.book.homes[house.channel].durable
            assert refused.newest == (None if stranger else durable)
        right = house.voucher_for(record)
        foreign = await voucher_refused(life, neighbour.channel, right)
        assert foreign.reason is PayeeRefusal.WRONG_SIGNER
        unknown = await voucher_refused(life, ChannelId(b"\x07" * 32), right)
        assert unknown.reason is HubRefusal.UNKNOWN_CHANNEL
        assert await life.pay(house, record) == right.counters
        async with unchanged(life):
            assert await life.pay(house, record) == right.counters


def wrong_vouchers(
    town: Town, house: House, neighbour: House, record: Record
) -> dict[PayeeRefusal, Voucher]:
    spent, earned = record.statement.spent_ubolt, record.statement.earned_ubolt
    return {
        PayeeRefusal.SPENT_FELL: house.voucher(1, earned),
        PayeeRefusal.EARNED_FELL: house.voucher(spent, 0),
        PayeeRefusal.PAST_BILL: house.voucher(spent + 1, earned),
        PayeeRefusal.PAST_CREDIT: house.voucher(spent, earned + 1),
        PayeeRefusal.WRONG_SIGNER: house.voucher(spent, earned, by=neighbour.voucher_key),
    }


async def test_a_voucher_for_another_vault_or_chain_is_nobodys(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        record = await life.bill(house, 500)
        here = house.identity
        for place in (
            replace(here, vault=Address(b"\x99" * 20)),
            replace(here, chain_id=here.chain_id + 1),
        ):
            elsewhere = replace(house, identity=place).voucher_for(record)
            refused = await voucher_refused(life, house.channel, elsewhere)
            assert refused.reason is PayeeRefusal.WRONG_SIGNER
        right = house.voucher_for(record)
        for broken in (bytes(64), right.signature[:32] + bytes(32), b"\xff" * 64):
            refused = await voucher_refused(life, house.channel, replace(right, signature=broken))
            assert refused.reason is PayeeRefusal.WRONG_SIGNER
        await life.pay(house, record)


async def test_less_than_was_billed_is_welcome_and_what_is_left_can_follow(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        record = await life.bill(house, 500)
        part = house.voucher(record.statement.spent_ubolt // 2)
        kept = await life.hub.submit_voucher(house.channel, part)
        assert isinstance(kept, Paid)
        assert kept.voucher == part
        assert record.voucher is None
        whole = Counters(record.statement.spent_ubolt, 0)
        assert await life.pay(house, record) == whole


async def test_two_vouchers_at_once_leave_the_larger_and_each_answer_is_true(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        first, second = await life.bill(house), await life.bill(house)
        larger, smaller = await asyncio.gather(
            life.hub.submit_voucher(house.channel, house.voucher_for(second)),
            life.hub.submit_voucher(house.channel, house.voucher_for(first)),
        )
        newest = house.voucher_for(second).counters
        assert isinstance(larger, Paid)
        assert larger.voucher.counters == newest
        assert smaller == Refused(PayeeRefusal.SPENT_FELL, newest)


async def test_a_home_whose_deposit_is_used_up_is_billed_no_more(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1, deposit_bolt=1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        await life.pay(house, await life.bill(house, 1_000))
        reason = await read_refused(life, house.meter(20_000))
        assert reason is PayeeRefusal.BILL_PAST_CEILING


async def test_a_home_that_does_not_pay_is_lent_no_more_than_the_limit(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    limit = 300_000
    journal = tmp_path / "hub.journal"
    async with living_hub(town, journal, unsigned_limit=limit) as life:
        await life.open([house])
        record = await life.bill(house, 5_000)
        assert record.statement.spent_ubolt > limit
        waiting = house.meter(100)
        life.clock.shown_s = waiting.read.interval.start_s
        assert await read_refused(life, waiting) is PayeeRefusal.EXTENDING_STOPPED
        await life.pay(house, record)
        await life.billed(waiting)
        live = durable_parts(life.book)
    again = replayed(town.hub_key.address, journal, unsigned_limit=limit)
    assert live == durable_parts(again)


async def test_a_node_that_has_fallen_behind_teaches_nothing_and_breaks_nothing(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    journal = tmp_path / "hub.journal"
    async with living_hub(town, journal) as life:
        await life.open([house])
        await life.hub.follow_chain()
        view = life.book.homes[house.channel].payee.view
    ahead = ChainSeen(ChannelView(replace(view.word, deposited=U48_MAX), view.today), 1_000_000)
    with SqliteJournal.open(journal, now_s=HandClock().now_s) as stored:
        stored.append([seen_fact(house.channel, ahead, at_s=START_S)])
    async with living_hub(town, journal) as life:
        async with unchanged(life):
            await life.hub.follow_chain()
        assert life.book.homes[house.channel].payee.seen == ahead
        await life.pay(house, await life.bill(house))
    replayed(town.hub_key.address, journal)
