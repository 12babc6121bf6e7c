"""What is kept beside the facts spares a start the old ones, and changes nothing else."""

import asyncio
import random
from pathlib import Path

import pytest

from gridplus.hub import Book, Refused
from gridplus.hub.home import Home
from gridplus.hub.refusals import HubRefusal
from gridplus.hub.snapshot import recall
from gridplus.journal import SqliteJournal, State, Stored
from tests.hub.town import (
    DAY,
    UNSIGNED_LIMIT,
    House,
    Life,
    Town,
    durable_parts,
    kept_up_to,
    living_hub,
    recalled,
    replayed,
)


class ReadFrom(SqliteJournal):
    """Knows from where its facts were read."""

    asked: int | None = None

    def replay(self, *, after: int = 0, subject: bytes | None = None):  # type: ignore[no-untyped-def]
        if subject is None and self.asked is None:
            self.asked = after
        return super().replay(after=after, subject=subject)


async def live(life: Life, house: House, dice: random.Random) -> None:
    record = await life.billed(house.meter(dice.randrange(600), dice.choice([0, 0, 700])))
    if dice.random() < 0.7:
        await life.pay(house, record)


@pytest.mark.parametrize("seed", range(3))
async def test_rows_written_in_the_midst_of_things_and_the_facts_after_them_are_all_facts(
    town: Town, tmp_path: Path, seed: int
) -> None:
    """I-ST-4"""
    dice, journal, houses = random.Random(seed), tmp_path / "hub.journal", town.move_in(5)
    async with living_hub(town, journal) as life:
        life.book.homes.limit = 2
        await life.open(houses[:4])
        for at in range(8):
            life.clock.shown_s = DAY[at].end_s
            works = [live(life, house, dice) for house in houses[:4] if len(house.reads) == at]
            if dice.random() < 0.6:
                works.insert(dice.randrange(len(works)), life.hub.keeper.keep(pause_ms=0))
            if at == 4:
                works.append(life.open(houses[4:]))
            await asyncio.gather(*works)
            again = recalled(life.book, life.journal)
            assert durable_parts(again) == durable_parts(life.book)
        told = durable_parts(life.book)
    assert told == durable_parts(replayed(town.hub_key.address, journal))
    async with living_hub(town, journal) as life:
        assert durable_parts(life.book) == told


async def test_a_start_reads_no_fact_that_a_row_holds(town: Town, tmp_path: Path) -> None:
    houses, path = town.move_in(2), tmp_path / "hub.journal"
    async with living_hub(town, path) as life:
        await life.open(houses)
        for house in houses:
            await life.pay(house, await life.bill(house))
        newest = life.journal.last_sequence
    with ReadFrom.open(path, now_s=lambda: 0) as journal:
        book = Book(town.hub_key.address, UNSIGNED_LIMIT)
        book.replay(journal.replay(after=recall(book, journal)))
        assert journal.asked is not None
        assert kept_up_to(journal) == newest
        assert [s.sequence for s in journal.replay(after=newest)] == []
        assert len(book.homes) == 2


def drop_a_row(journal: SqliteJournal, states: list[State]) -> None:
    journal.keep(states[:2])


def promise_more(journal: SqliteJournal, states: list[State]) -> None:
    journal.keep([*states[:2], State(2, journal.last_sequence + 1, states[2].body)])


def cut_short(journal: SqliteJournal, states: list[State]) -> None:
    journal.keep([*states[:2], State(2, states[2].sequence, states[2].body[:20])])


def repeat_a_home(journal: SqliteJournal, states: list[State]) -> None:
    journal.keep([*states[:2], State(2, states[2].sequence, states[1].body)])


def of_another_version(journal: SqliteJournal, states: list[State]) -> None:
    other = states[0].body.replace(b'"rows":', b'"rows":9')
    journal.keep([State(0, states[0].sequence, other), *states[1:]])


def without_a_head(journal: SqliteJournal, states: list[State]) -> None:
    journal.keep(states[1:])


def name_a_fact_that_is_not_there(journal: SqliteJournal, states: list[State]) -> None:
    other = states[0].body.replace(b'"plan":', b'"plan":9999')
    journal.keep([State(0, states[0].sequence, other), *states[1:]])


@pytest.mark.parametrize(
    "spoil",
    [
        drop_a_row,
        promise_more,
        cut_short,
        repeat_a_home,
        of_another_version,
        without_a_head,
        name_a_fact_that_is_not_there,
    ],
)
async def test_rows_that_cannot_be_are_thrown_away_and_the_facts_read_instead(
    town: Town, tmp_path: Path, spoil: object
) -> None:
    houses, path = town.move_in(2), tmp_path / "hub.journal"
    async with living_hub(town, path) as life:
        await life.open(houses)
        for house in houses:
            await life.pay(house, await life.bill(house))
        told = durable_parts(life.book)
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        states = list(journal.kept())
        journal.forget()
        spoil(journal, states)  # type: ignore[operator]
        book = Book(town.hub_key.address, UNSIGNED_LIMIT)
        assert recall(book, journal) == 0
        assert (len(book.homes), list(journal.kept())) == (0, [])
        book.replay(journal.replay())
        assert durable_parts(book) == told


async def test_other_terms_make_no_use_of_the_rows(town: Town, tmp_path: Path) -> None:
    (house,), path = town.move_in(1), tmp_path / "hub.journal"
    async with living_hub(town, path) as life:
        await life.open([house])
        await life.bill(house)
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        lending = Book(town.hub_key.address, 1)
        assert recall(lending, journal) == 0
        lending.replay(journal.replay())
        assert lending.homes[house.channel].payee.stopped is not None


async def test_there_is_one_object_of_a_home_while_anybody_holds_it(
    town: Town, tmp_path: Path
) -> None:
    houses = town.move_in(5)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        life.book.homes.limit = 2
        await life.open(houses)
        held = life.book.homes[houses[0].channel]
        assert isinstance(held, Home)
        for house in houses[1:]:
            await life.bill(house)
        assert life.book.homes.peek(houses[0].channel) is held
        record = await life.bill(houses[0])
        assert held.tip == record.statement.tip
        async with held.lock:
            for house in houses[1:]:
                assert not isinstance(life.book.served(house.channel), Refused)
            assert life.book.served(houses[0].channel) is held
            assert life.book.homes.rest(0) is None, "something of it may be under way"
        await life.pay(houses[0], record)
        stranger = town.plan_house().channel
        assert life.book.served(stranger) == Refused(HubRefusal.UNKNOWN_CHANNEL)
        told = durable_parts(life.book)
    assert told == durable_parts(replayed(town.hub_key.address, tmp_path / "hub.journal"))


async def test_a_cut_waits_for_homes_that_have_not_heard_what_is_durable(
    town: Town, tmp_path: Path
) -> None:
    """I-ST-4. Such a home looks as if nothing had changed since its row was written."""
    (house,), path = town.move_in(1), tmp_path / "hub.journal"
    async with living_hub(town, path) as life:
        await life.open([house])
        await life.hub.keeper.keep(pause_ms=0)
        before, home = kept_up_to(life.journal), life.book.homes[house.channel]
        async with home.lock:
            keeping = asyncio.create_task(life.hub.keeper.keep(pause_ms=0))
            for _ in range(50):
                await asyncio.to_thread(lambda: None)
            assert (keeping.done(), kept_up_to(life.journal)) == (False, before)
        await keeping


async def test_a_hub_that_met_a_bug_keeps_nothing(town: Town, tmp_path: Path) -> None:
    (house,), path = town.move_in(1), tmp_path / "hub.journal"
    async with living_hub(town, path) as life:
        await life.open([house])
        await life.hub.aclose()
        await life.hub.put_down()
        assert list[Stored | State](life.journal.kept()) == []
