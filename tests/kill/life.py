"""One life of a hub in a process of its own, from its journal's opening to its end.

It tells what it found when it opened, then each bill and each voucher at the moment the hub has
acknowledged it: one line each, written with one call, so that a kill cuts none in two.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gridplus.failures import StorageError
from gridplus.hub import Book, Hub
from gridplus.hub.archive import Record
from gridplus.hub.facts import Kind
from gridplus.hub.home import Paid
from gridplus.journal import Journal
from gridplus.journal.opening import OpenJournal
from tests.kill.street import Home, hub_on, street


@dataclass(frozen=True)
class Life:
    """`begin` says where each home goes on: its first interval without an acknowledged bill, and
    the one without an acknowledged voucher. `pipe` is a descriptor to tell on."""

    open: Callable[[], OpenJournal]
    begin: tuple[tuple[int, int], ...]
    pipe: int

    def live(self) -> None:
        """Ends by itself when the day is over or the journal refused."""
        try:
            journal = self.open()
            hub = hub_on(journal)
        except StorageError:
            self._tell("shut")
            return
        with suppress(StorageError):
            asyncio.run(self._live(hub, journal))

    async def _live(self, hub: Hub, journal: OpenJournal) -> None:
        with journal:
            require_all_facts(hub, journal)
            for number, home in enumerate(street()):
                self._tell("found", number, *standing(hub, journal, home))
            days = (self._day(hub, number) for number in range(len(self.begin)))
            ended = await asyncio.gather(*days, return_exceptions=True)
            failures = [error for error in ended if isinstance(error, BaseException)]
            if failures:
                await self._must_refuse(hub)
                self._tell("refused")
                raise failures[0]
            await hub.put_down()
        self._tell("over")

    async def _day(self, hub: Hub, number: int) -> None:
        billed, paid = self.begin[number]
        for at, step in enumerate(street()[number].steps):
            if at >= billed:
                record = await hub.submit_read(step.read)
                assert isinstance(record, Record), record
                assert record.statement == step.statement, "a retry is answered as the first time"
                self._tell("billed", number, at + 1)
            if at >= paid:
                answer = await hub.submit_voucher(step.statement.channel, step.voucher)
                assert isinstance(answer, Paid), answer
                assert answer.voucher == step.voucher
                self._tell("paid", number, at + 1)
            await hub.keeper.keep(pause_ms=0)

    async def _must_refuse(self, hub: Hub) -> None:
        """After one failure nothing more is taken, whoever asks."""
        for home in street():
            last = hub.book.homes[home.house.channel].last_read
            due = [
                step.read
                for step in home.steps
                if last is None or step.read.read.interval > last.interval
            ]
            if due:
                try:
                    await hub.submit_read(due[0])
                except StorageError:
                    continue
                raise AssertionError("the hub billed after its journal had failed")

    def _tell(self, word: str, *numbers: int) -> None:
        os.write(self.pipe, " ".join((word, *map(str, numbers))).encode() + b"\n")


def require_all_facts(hub: Hub, journal: Journal) -> None:
    """What was kept beside the facts, and the facts after it, are the facts from the first one."""
    whole = Book(hub.book.hub, hub.book.unsigned_limit_ubolt)
    whole.replay(journal.replay())
    homes = {channel: known for channel, known in whole.homes.items() if known.payee}
    assert homes == {channel: known for channel, known in hub.book.homes.items() if known.payee}
    assert (whole.prices, whole.followed) == (hub.book.prices, hub.book.followed)


def standing(hub: Hub, journal: Journal, home: Home) -> tuple[int, int, int]:
    """By the journal alone: bills and vouchers that are durable, and bills that stand twice.

    Every bill and the newest voucher is held against what this home would have signed.
    """
    known = hub.book.homes[home.house.channel]
    bills = bills_of(hub, home)
    right = {step.statement.read.interval.start_s: step.statement for step in home.steps}
    assert all(bill.statement == right[bill.statement.interval.start_s] for bill in bills)
    marks = [(0, 0), *((step.voucher.spent, step.voucher.earned) for step in home.steps)]
    paid = marks.index((known.durable.spent_ubolt, known.durable.earned_ubolt))
    about = journal.replay(subject=home.house.channel)
    stored = Counter(s.fact.kind for s in about)[Kind.BILLED.value]
    return len(bills), paid, stored - len(bills)


def bills_of(hub: Hub, home: Home) -> list[Record]:
    """Read back from the journal, each with its receipt."""
    return hub.archive.records(home.house.channel, start_s=0, end_s=1 << 40)
