"""The hub: bills reads, keeps vouchers, and says nothing that is not durable yet.

Requests of one channel take turns; those of different channels share commit groups. The machine's
state moves only after the commit, so a failed commit leaves nothing half-applied: the writer stops
and every later request is answered with the same StorageError until the hub is started again.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gridplus.channel import Billed, ChainSeen, Metered, Refusal, Voucher
from gridplus.clock import Clock
from gridplus.failures import Bug, StorageError
from gridplus.hub.archive import Archive, Record
from gridplus.hub.book import Book
from gridplus.hub.facts import (
    BilledRead,
    Kind,
    VaultFollowed,
    billed_fact,
    followed_fact,
    seen_fact,
)
from gridplus.hub.following import (
    concerned,
    concerns_everybody,
    moves_pool,
    named_hub,
    new_day,
    worth_keeping,
)
from gridplus.hub.home import Home, Paid, bill_of, credit_asked
from gridplus.hub.joining import Joiner
from gridplus.hub.orders import NoticeFolder, OrderDesk
from gridplus.hub.refusals import HubRefusal, Refused, refused
from gridplus.hub.restating import Restater
from gridplus.hub.sealing import BillNote, GroupSealer, Note, Receipt, bill_leaf
from gridplus.hub.shard import WHOLE, Shard
from gridplus.hub.snapshot import Keeper, recall
from gridplus.hub.standing import CreditStanding
from gridplus.hub.till import Till
from gridplus.hub.today import Today
from gridplus.hub.vault import VaultLink
from gridplus.journal import Fact, GroupWriter, Journal, Stored
from gridplus.journal.group import CLOSED
from gridplus.keystore import Secp256k1Key
from gridplus.market import PriceVersion
from gridplus.meter import SignedRead, check_follows
from gridplus.tariff import (
    ChannelIdentity,
    Plan,
    next_statement,
)
from gridplus.wallet import ChannelId, Domain, verify_device
from gridplus.wire import OpenChannel

SWEPT_AT_ONCE = 500
"""Words read with one look at the chain that no log asked for."""
LAST_KEEP_S = 20
"""So long the end of a life may take to make the next one begin quickly."""


@dataclass(frozen=True, slots=True)
class HubParts:
    """What a hub is made of: its hot key, its vault, its journal, its clock, who tells homes, and
    which part of the channels is its own."""

    key: Secp256k1Key
    vault: VaultLink
    journal: Journal
    clock: Clock
    unsigned_limit_ubolt: int
    herald: NoticeFolder | None = None
    shard: Shard = WHOLE


class Hub:
    """`start` it before the first request, `aclose` it at the end."""

    def __init__(self, parts: HubParts) -> None:
        self._parts = parts
        self._book = Book(parts.key.address, parts.unsigned_limit_ubolt, parts.shard)
        sealer = GroupSealer(parts.key, self.domain, parts.clock.now_s)
        self._writer: GroupWriter[Note, Receipt | None] = GroupWriter(parts.journal, seal=sealer)
        self.today = Today(parts.clock, self._commit)
        self.till = Till(self._book, self._writer, today=self.today)
        self.orders = OrderDesk(
            parts.key, self.domain, parts.clock, self._book, self.today, parts.herald
        )
        self.archive = Archive(parts.journal)
        self.restater = Restater(
            self._book, self._writer, parts.key, parts.clock, self.archive, self.today
        )
        self.joiner = Joiner(self._book, self._writer, parts.clock, parts.vault, self.archive)
        self.keeper = Keeper(self._book, parts.journal)
        self._following = asyncio.Lock()
        self._followed: tuple[bytes, int] | None = None
        self._payable_ubolt: int | None = None
        self._swept = 0

    @property
    def domain(self) -> Domain:
        return self._parts.vault.domain

    @property
    def book(self) -> Book:
        return self._book

    @property
    def waiting(self) -> int:
        """Callers whose facts are not durable yet."""
        return self._writer.waiting

    @property
    def trouble(self) -> str | None:
        """Why nothing more can be made durable, if so."""
        return self._writer.stopped

    @property
    def credit(self) -> CreditStanding:
        """What homes are owed beyond the chain, beside what the chain would pay of it today."""
        return CreditStanding(self._book.homes.figures.unposted, self._payable_ubolt)

    def start(self) -> None:
        """Rebuild everything from what was kept, and from the facts that came after."""
        journal = self._parts.journal
        self._book.replay(journal.replay(after=recall(self._book, journal)))
        if self._book.leave_to_others():
            journal.forget()

    async def aclose(self) -> None:
        await self._writer.aclose()

    async def put_down(self) -> None:
        """The same at the end of a good life: whatever still changed is kept, for a quick start."""
        healthy = self.trouble is None
        await self.aclose()
        if healthy and self.trouble == CLOSED:
            with suppress(TimeoutError, StorageError):
                async with asyncio.timeout(LAST_KEEP_S):
                    await self.keeper.keep(pause_ms=0)

    async def adopt_plan(self, plan: Plan) -> None:
        """Sell under `plan` from now on."""
        if self._book.plan is None or self._book.plan.digest != plan.digest:
            async with self._book.adopting:
                at = await self._commit(Fact(Kind.PLAN_ADOPTED.value, b"", plan.canonical))
                self._book.adopt_plan(plan, at=at)

    async def adopt_prices(self, prices: PriceVersion, document: bytes) -> None:
        """Bill with this published version."""
        if prices.digest not in self._book.prices:
            async with self._book.adopting:
                at = await self._commit(Fact(Kind.PRICES_ADOPTED.value, b"", document))
                self._book.adopt_prices(prices, at=at)

    async def open_channel(self, message: OpenChannel) -> Home | Refused:
        """Know a home whose deposit the chain shows; opening again changes nothing."""
        identity = message.identity
        if self._book.replaced_by is not None:
            return Refused(HubRefusal.HUB_REPLACED)
        if identity.channel in self._book.homes:
            return self._book.homes[identity.channel]
        if not self._parts.shard.owns(identity.channel):
            return self._book.unserved(identity.channel)
        if not self._parts.vault.holds(identity):
            return Refused(HubRefusal.FOREIGN_VAULT)
        now_s = self._parts.clock.now_s()
        seen = (await self._see([identity.channel], now_s=now_s))[identity.channel]
        if seen.view.word.deposited == 0:
            return Refused(HubRefusal.NO_DEPOSIT)
        opened = Fact(Kind.CHANNEL_OPENED.value, identity.channel, message.to_bytes())
        async with self._book.adopting:
            if identity.channel not in self._book.homes:
                await self._commit(opened, seen_fact(identity.channel, seen, at_s=now_s))
                self._book.open(identity, seen)
        return self._book.homes[identity.channel]

    async def submit_read(self, signed: SignedRead) -> Record | Refused:
        """The bill of a read, durable. The same read is answered as the first time."""
        home = self._book.served(signed.channel)
        if isinstance(home, Refused):
            return home
        device = home.identity.descriptor.device_key
        if not verify_device(device, signed.message, signature=signed.signature):
            return Refused(HubRefusal.FOREIGN_DEVICE)
        async with home.lock:
            await home.settled()
            if home.hold is not None:
                return Refused(HubRefusal.ORDER_UNDER_WAY)
            return await self._billed_before(home, signed) or await self._bill(home, signed)

    async def submit_voucher(self, channel: ChannelId, voucher: Voucher) -> Paid | Refused:
        """What is durable after a voucher, with its receipt. Equal is answered again."""
        return await self.till.submit(channel, voucher)

    async def follow_chain(self) -> None:
        """Learn what the vault logged since the last time; journal what is new.

        A life begins with the word of every channel, so many at a time, and so it goes on with each
        channel that is opened. Beside those only words that a log concerns are read, and nothing
        while the newest final block and the day are those of the last time.
        """
        async with self._following:
            now_s, vault, book = self._parts.clock.now_s(), self._parts.vault, self._book
            moment = await asyncio.to_thread(vault.moment, now_s=now_s)
            if moment == self._followed and self._swept == len(book.homes):
                return
            self.today.day = moment[1]
            before = book.followed
            sight = await asyncio.to_thread(vault.look, None if before is None else before.cursor)
            begin = 0 if concerns_everybody(sight.events) else self._swept
            end = min(begin + SWEPT_AT_ONCE, len(book.homes))
            told = concerned(sight.events, book.homes)
            due = dict.fromkeys([*told, *book.homes.slice(begin, end)])
            seen = await self._see([*due], now_s=now_s)
            facts = new_day(book.homes, self.today)
            for channel, fact in seen.items():
                if not book.homes.shows(channel, fact.view):
                    facts[channel] = told.get(channel, ChainSeen)(fact.view, fact.block)
            await asyncio.gather(
                *(self._learn(book.homes[c], fact, at_s=now_s) for c, fact in facts.items())
            )
            day = None if self._followed is None else self._followed[1]
            if day != moment[1] or moves_pool(sight.events):
                self._payable_ubolt = await asyncio.to_thread(vault.payable_credit)
            followed = VaultFollowed(sight.cursor, named_hub(sight.events, before, ours=book.hub))
            if before is None or worth_keeping(sight, before):
                async with book.adopting:
                    book.follow(followed, at=await self._commit(followed_fact(followed)))
            if self.orders.is_holding:
                self.orders.release(await asyncio.to_thread(vault.chain_s))
            self._followed = moment
            self._swept = end

    def stored(self, *, after: int) -> Iterator[Stored]:
        """The durable facts above `after`, for a copy of the journal. Blocking."""
        return self._parts.journal.replay(after=after)

    def leaving(self) -> list[Home]:
        """The homes whose exit has started."""
        return list(self._book.homes.at(self._book.homes.figures.leaving))

    def identities(self) -> Iterable[ChannelIdentity]:
        return (home.identity for home in self._book.homes.all())

    async def _billed_before(self, home: Home, signed: SignedRead) -> Record | Refused | None:
        last, start_s = home.last_read, signed.read.interval.start_s
        if last is None or start_s > last.interval.start_s:
            return None
        record = await asyncio.to_thread(self.archive.billed, home.channel, start_s)
        if record is None or record.statement.read == signed.read:
            return record
        return Refused(HubRefusal.READ_CONFLICT)

    async def _bill(self, home: Home, signed: SignedRead) -> Record | Refused:
        read = signed.read
        reason = check_follows(home.last_read, read)
        if reason is not None:
            return Refused(reason)
        plan, prices = self._book.plan, self._book.price_at(read.interval)
        if plan is None or prices is None:
            return Refused(HubRefusal.PRICES_NOT_PUBLISHED)
        now_s = self._parts.clock.now_s()
        given = await self.joiner.given(home, read.interval)
        statement = next_statement(home.tip, plan=plan, prices=prices, read=read, given=given)
        news = self.today.news(home)
        dawn = () if news is None else (news,)
        sold = (Metered(statement.interval), Billed(bill_of(statement)))
        rehearsed = home.rehearse(*dawn, *sold, now_s=now_s)
        if isinstance(rehearsed, Refusal):
            return refused(rehearsed)
        asked = credit_asked(rehearsed.effects)
        credit = None if asked is None else self._parts.key.sign(asked.digest)
        billed = BilledRead(statement, signed.signature, credit, home.signed_last)
        note = BillNote(bill_leaf(statement.channel, statement.head))
        facts = [seen_fact(home.channel, seen, at_s=now_s) for seen in dawn]
        committed = await self._writer.commit([*facts, billed_fact(billed, at_s=now_s)], note)
        if committed.receipt is None:
            raise Bug("the seal leaves a receipt for each bill")
        home.keep_bill(billed, now_s=now_s, rehearsed=rehearsed)
        record = Record(billed, committed.receipt, home.signed_last)
        self.archive.remember(record)
        return record

    async def _learn(self, home: Home, fact: ChainSeen, *, at_s: int) -> None:
        """A node that has fallen behind, or shows another past, teaches nothing."""
        async with home.lock:
            await home.settled()
            if fact.view == home.view:
                return
            if not isinstance(home.rehearse(fact, now_s=at_s), Refusal):
                await self._commit(seen_fact(home.channel, fact, at_s=at_s))
                home.apply(fact, now_s=at_s)

    async def _see(
        self, channels: Sequence[ChannelId], *, now_s: int
    ) -> dict[ChannelId, ChainSeen]:
        return await asyncio.to_thread(self._parts.vault.see, channels, now_s=now_s)

    async def _commit(self, *facts: Fact) -> int:
        return (await self._writer.commit(facts, None)).sequence
