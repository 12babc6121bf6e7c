"""Bills that memory has forgotten are read back from the journal, as they were answered."""

import asyncio
from pathlib import Path

from gridplus.hub.archive import Archive, Record
from gridplus.hub.facts import Kind, billed_fact, parse_billed
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.sealing import BillNote, GroupSealer, bill_leaf
from gridplus.journal import Batch, Fact, SqliteJournal
from gridplus.meter import IntervalRead
from tests.hub.town import DAY, START_S, Town, living_hub


async def test_a_read_of_long_ago_is_answered_as_the_first_time_and_another_one_is_refused(
    town: Town, tmp_path: Path
) -> None:
    houses, journal = town.move_in(3), tmp_path / "hub.journal"
    told = dict[tuple[bytes, int], Record]()
    async with living_hub(town, journal) as life:
        await life.open(houses)
        for at in range(9):
            reads = [house.meter(100 * at + number) for number, house in enumerate(houses)]
            life.clock.shown_s = DAY[at].end_s
            records = await asyncio.gather(*(life.billed(read) for read in reads))
            paying = [pair for pair in zip(houses, records, strict=True) if at % 3]
            await asyncio.gather(*(life.pay(house, record) for house, record in paying))
            for house, record in zip(houses, records, strict=True):
                told[house.channel, at] = record
    async with living_hub(town, journal) as life:
        for house in houses:
            for at, read in enumerate(house.reads):
                again = await life.billed(house.sign(read))
                first = told[house.channel, at]
                assert (again.billed, again.receipt) == (first.billed, first.receipt)
            other = house.reads[4]
            changed = IntervalRead(other.interval, other.import_wh + 1, 0, 9_999, 0)
            answer = await life.hub.submit_read(house.sign(changed))
            assert answer == Refused(HubRefusal.READ_CONFLICT)
            day = life.hub.archive.records(
                house.channel, start_s=DAY[2].start_s, end_s=DAY[5].start_s
            )
            assert [record.statement.interval for record in day] == [*DAY[2:5]]
            assert [record.voucher is not None for record in day] == [True, False, True]
        assert life.hub.archive.billed(houses[0].channel, START_S - 900) is None


async def test_a_receipt_is_found_in_a_group_that_is_wide_and_beside_others(
    town: Town, tmp_path: Path
) -> None:
    (house, other) = town.move_in(2)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house, other])
        for each in (house, other):
            await life.bill(each)
        stored = [s for s in life.journal.replay() if s.fact.kind == Kind.BILLED]
    bills = [parse_billed(each)[0] for each in stored]
    noise = Fact(Kind.OUTBOX_WRITTEN.value, b"outbox", b"{}")
    sealer = GroupSealer(town.hub_key, town.vault.domain, lambda: START_S)
    notes = [BillNote(bill_leaf(b.statement.channel, b.statement.head)) for b in bills]
    wide = [billed_fact(bills[0], at_s=START_S), *[noise] * 150, billed_fact(bills[1], at_s=1)]
    seal = sealer([Batch((), note) for note in notes])
    with SqliteJournal.open(tmp_path / "wide.journal", now_s=lambda: START_S) as journal:
        journal.append([*[noise] * 20, *wide, *seal.facts, *[noise] * 700])
        for bill, receipt in zip(bills, seal.receipts, strict=True):
            archive, channel = Archive(journal), bill.statement.channel
            (record,) = archive.records(channel, start_s=0, end_s=1 << 40)
            assert (record.billed, record.receipt) == (bill, receipt)
