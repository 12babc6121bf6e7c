"""Duplicates, floods and clocks that jump: the hub answers the same, and keeps each thing once."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from gridplus.hub.facts import Kind
from gridplus.journal import SqliteJournal
from gridplus.wire import SubmitRead, SubmitVoucher
from tests.hub.test_http import Door, hub_door
from tests.hub.town import DAY, START_S, HandClock, Town, durable_parts, living_hub, replayed

STORM = 60


async def storm(door: Door, path: str, content: bytes) -> list[httpx.Response]:
    return await asyncio.gather(*(door.client.post(path, content=content) for _ in range(STORM)))


def kinds(journal: Path) -> Counter[str]:
    with SqliteJournal.open(journal, now_s=lambda: 0) as stored:
        return Counter(each.fact.kind for each in stored.replay())


async def test_a_storm_of_duplicates_is_answered_as_once_and_written_once(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door:
        await door.open(house)
        offers = await storm(door, "/v1/reads", SubmitRead(house.meter(500)).to_bytes())
        assert {offer.status_code for offer in offers} == {200}
        assert len({offer.content for offer in offers}) == 1
        (record,) = door.hub.archive.records(house.channel, start_s=0, end_s=1 << 40)
        content = SubmitVoucher(house.channel, house.voucher_for(record)).to_bytes()
        answers = await storm(door, "/v1/vouchers", content)
        answers += await storm(door, "/v1/vouchers", content)
        assert {answer.status_code for answer in answers} == {200}
        before = durable_parts(door.hub.book)
    written = kinds(tmp_path / "hub.journal")
    assert written[Kind.BILLED] == 1
    assert durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal")) == before


async def test_a_flood_by_one_home_keeps_no_other_from_paying(town: Town, tmp_path: Path) -> None:
    noisy, quiet = town.move_in(2)
    async with hub_door(town, tmp_path) as door:
        await door.open(noisy)
        await door.open(quiet)
        forged = noisy.voucher(5, by=quiet.voucher_key)
        content = SubmitVoucher(noisy.channel, forged).to_bytes()
        flood = asyncio.create_task(storm(door, "/v1/vouchers", content))
        offer = await door.bill(quiet, 400)
        paid = await door.pay(quiet, offer)
        assert paid.counters.spent_ubolt == offer.statement.spent_ubolt
        assert {answer.status_code for answer in await flood} == {409}
        assert door.hub.book.homes[noisy.channel].durable.spent_ubolt == 0


async def test_a_clock_that_jumps_changes_no_bill_and_loses_no_payment(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    journal, clock = tmp_path / "hub.journal", HandClock()
    async with living_hub(town, journal, clock=clock) as life:
        await life.open([house])
        for jump_s in (0, -86_400, 3_600, 5 - START_S, 0):
            read = house.meter(400)
            clock.shown_s = max(0, read.read.interval.end_s + jump_s)
            record = await life.billed(read)
            paid = await life.pay(house, record)
            assert paid.spent_ubolt == record.statement.spent_ubolt
        assert [r.statement.interval for r in life.records(house)] == [*DAY[:5]]
        before = durable_parts(life.book)
    assert durable_parts(replayed(town.hub_key.address, journal)) == before
