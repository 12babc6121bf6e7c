"""Paid requests that homes join, and what the bills of their intervals are given."""

import asyncio
from dataclasses import dataclass, field, replace

from gridplus.clock import Clock
from gridplus.failures import Bug
from gridplus.hub.archive import Archive
from gridplus.hub.book import Book
from gridplus.hub.facts import BilledRead
from gridplus.hub.home import Home
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.request_facts import RequestTaken, joined_fact
from gridplus.hub.sealing import JoinNote, Note, Receipt
from gridplus.hub.vault import VaultLink
from gridplus.journal import GroupWriter
from gridplus.meter import SignedRead
from gridplus.tariff import (
    JOIN_LEAD_S,
    NOTHING_GIVEN,
    Baseline,
    Given,
    JoinedRequest,
    PaidRequest,
    Past,
    SettledRequest,
    join_message,
    settle,
)
from gridplus.units import DAY_S, Interval
from gridplus.wallet import ChannelId, Domain, verify_device
from gridplus.wire import BilledDay, JoinRequest


@dataclass
class ReadBack:
    """A home's past, read back from the journal a day at a time, as it is asked for. Blocking."""

    archive: Archive
    channel: ChannelId
    _days: dict[int, dict[int, BilledRead]] = field(default_factory=dict)

    @property
    def past(self) -> Past:
        return Past(self._import_wh, self._is_called)

    def read(self, start_s: int) -> SignedRead:
        """Of an interval that was billed."""
        billed = self._billed(start_s)
        if billed is None:
            raise Bug("a baseline rests on reads that were billed")
        return SignedRead(self.channel, billed.statement.read, billed.read_signature)

    def _import_wh(self, start_s: int) -> int | None:
        billed = self._billed(start_s)
        return None if billed is None else billed.statement.read.import_wh

    def _is_called(self, start_s: int) -> bool:
        billed = self._billed(start_s)
        return billed is not None and billed.statement.given.called is not None

    def _billed(self, start_s: int) -> BilledRead | None:
        day = start_s // DAY_S
        if day not in self._days:
            when = (day * DAY_S, (day + 1) * DAY_S)
            bills = self.archive.bills(self.channel, start_s=when[0], end_s=when[1])
            self._days[day] = {each.statement.interval.start_s: each for each in bills}
        return self._days[day].get(start_s)


@dataclass(frozen=True, slots=True)
class Joiner:
    """Over the book of a hub and the writer of its journal; `vault` knows who publishes."""

    book: Book
    writer: GroupWriter[Note, Receipt | None]
    clock: Clock
    vault: VaultLink
    archive: Archive

    @property
    def domain(self) -> Domain:
        """In which requests are signed."""
        return self.vault.anchor_domain

    async def join(self, asked: JoinRequest) -> JoinedRequest | Refused:
        """The home takes part, durably. Asked again, it is answered as the first time."""
        home = self.book.served(asked.channel)
        if isinstance(home, Refused):
            return home
        request, digest = asked.request, asked.request.digest(self.domain)
        device = home.identity.descriptor.device_key
        message = join_message(asked.channel, digest)
        if not verify_device(device, message, signature=asked.signature):
            return Refused(HubRefusal.FOREIGN_DEVICE)
        if not request.is_signed_by(self.vault.deployment.publisher, self.domain):
            return Refused(HubRefusal.UNSIGNED_REQUEST)
        async with home.lock:
            await home.settled()
            for before in home.joined:
                if before.request.digest(self.domain) == digest:
                    return before
            reason = _refusal(home, request, now_s=self.clock.now_s())
            if reason is not None:
                return Refused(reason)
            taken = RequestTaken(asked.channel, request, asked.signature, digest)
            committed = await self.writer.commit([joined_fact(taken)], JoinNote(taken.leaf))
            if committed.receipt is None:
                raise Bug("the seal leaves a receipt for each word of a home")
            return home.keep_joined(taken, committed.receipt)

    async def given(self, home: Home, interval: Interval) -> Given:
        """What the bill of `interval` is given: a baseline, where the home takes part."""
        joined = (each.request for each in home.joined)
        request = next((each for each in joined if each.covers(interval)), None)
        if request is None:
            return NOTHING_GIVEN
        digest = request.digest(self.domain)
        if home.reckoned is None or home.reckoned[0] != digest:
            home.reckoned = digest, await asyncio.to_thread(self._reckon, home, request)
        called = request.called(interval, home.reckoned[1], domain=self.domain)
        return NOTHING_GIVEN if called is None else Given(called)

    def day(self, home: Home, *, start_s: int, end_s: int) -> BilledDay:
        """What the archive has of [start_s, end_s), and the paid requests that hold in one of its
        intervals, with the reads under them. Blocking."""
        day = self.archive.day(home, start_s=start_s, end_s=end_s)
        called = [record.statement.given.called for record in day.records]
        digests = dict.fromkeys(each.request for each in called if each is not None)
        if not digests:
            return day
        known = {each.request.digest(self.domain): each for each in home.joined}
        joined = [known.get(each) or self.archive.joined(home.channel, each) for each in digests]
        back = ReadBack(self.archive, home.channel)
        intervals = [record.statement.interval for record in day.records]
        settled: tuple[SettledRequest, ...] = settle(
            joined, intervals, past=back.past, read_at=back.read, zone=self._zone
        )
        return replace(day, settled=settled)

    def _reckon(self, home: Home, request: PaidRequest) -> Baseline | None:
        back = ReadBack(self.archive, home.channel)
        return request.reckon(past=back.past, zone=self._zone)

    @property
    def _zone(self) -> str:
        if self.book.plan is None:
            raise Bug("nothing is billed before there is a plan")
        return self.book.plan.time_zone


def _refusal(home: Home, request: PaidRequest, *, now_s: int) -> HubRefusal | None:
    """Why a home cannot take part. A newer version of a request that has not begun replaces it."""
    if now_s > request.start_s - JOIN_LEAD_S:
        return HubRefusal.JOINED_TOO_LATE
    for each in (joined.request for joined in home.joined):
        if each.name != request.name:
            if each.overlaps(request):
                return HubRefusal.REQUEST_OVERLAPS
        elif each.version >= request.version or now_s > each.start_s - JOIN_LEAD_S:
            return HubRefusal.REQUEST_REPLACED
    return None
