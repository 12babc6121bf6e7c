"""The back office: opens a day by buying its energy and publishing its prices, and closes it.

Everything it knows comes from its journal. A step is journaled before the next one begins, and a
step that touches the world (an anchor, a claim, a file) may be made twice without harm; so a crash
anywhere, and asking again, gives the one result.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gridplus.chain import Standing
from gridplus.clock import Clock
from gridplus.contracts.calls import ANCHOR_BILLS, ANCHOR_PRICES, AnchorEntry
from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.files import read_file, write_file
from gridplus.journal import SqliteJournal
from gridplus.ledger import Refused, invoice
from gridplus.ledger.exports import hledger_journal
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.retailer.accounts import (
    ClosingDay,
    MoneyTerms,
    day_batch,
    post_day,
    value_imbalance,
)
from gridplus.retailer.announcing import Announcer
from gridplus.retailer.bid import Bid, bids_close_s, make_bid
from gridplus.retailer.book import OpenedDay
from gridplus.retailer.chain_link import ChainLink
from gridplus.retailer.customers import load_customers
from gridplus.retailer.decision import Decision
from gridplus.retailer.errors import (
    DayIncompleteError,
    DayNotOpenError,
    InvoiceConflictError,
    LedgerRefusedError,
    NothingToRestateError,
)
from gridplus.retailer.facts import (
    DayClosed,
    VaultFollowed,
    bought_fact,
    closed_fact,
    corrected_fact,
    decided_fact,
    followed_fact,
    invoice_fact,
    plan_fact,
    posted_fact,
    prices_fact,
    published_fact,
    salt_fact,
)
from gridplus.retailer.history import parse_history
from gridplus.retailer.hub_link import HubLink
from gridplus.retailer.invoices import ReceivedInvoice
from gridplus.retailer.market_folder import MarketFolder
from gridplus.retailer.records import Records
from gridplus.retailer.restating import AskedRestatement, decide_prices, decide_reads, told
from gridplus.retailer.result import day_result
from gridplus.retailer.street_day import DayTerms, StreetDay, make_street_day, require_customers
from gridplus.tariff import Plan, format_bill, format_octets
from gridplus.tariff.moment import local_day
from gridplus.wallet import ChannelId
from gridplus.wire import PriceEvent

RESTATED_KIND = "gridplus.restated/1"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Folders:
    """Where others put what the office reads, and where it puts what others read."""

    market: Path
    history: Path
    customers: Path
    out: Path


@dataclass(frozen=True, slots=True)
class OfficeParts:
    """What a back office is made of."""

    plan: Plan
    journal: SqliteJournal
    clock: Clock
    chain: ChainLink
    hub: HubLink
    folders: Folders
    money: MoneyTerms
    announcer: Announcer


class BackOffice:
    """`start` before the first question. Days are opened and closed one at a time, on a thread;
    `book.events` and `book.documents` may be read meanwhile."""

    def __init__(self, parts: OfficeParts) -> None:
        self._parts = parts
        self._market = MarketFolder(
            parts.folders.market, settlement_point=parts.plan.settlement_point
        )
        self._turn = asyncio.Lock()
        self._records = Records(parts.journal)
        self.book = self._records.book

    @property
    def plan(self) -> Plan:
        return self._parts.plan

    @property
    def announcer(self) -> Announcer:
        return self._parts.announcer

    @property
    def standing(self) -> Standing:
        """How the office's anchors stand on chain."""
        return self._parts.chain.sender.standing

    def start(self) -> None:
        """Adopt the plan. Raises InputError when the journal is another plan's."""
        if self.book.plan is None:
            self._records.record(plan_fact(self.plan))
        elif self.book.plan.digest != self.plan.digest:
            raise InputError(
                f"this office sells plan {self.book.plan.id} with digest "
                f"0x{self.book.plan.digest.hex()}; the plan file holds another. "
                "Give a new plan a new state folder"
            )

    async def open_day(self, day: date) -> dict[str, Document]:
        """Buy the street's energy for `day` day-ahead and publish its prices, once.

        Raises OfficeError when the prices are not posted or others are anchored already; InputError
        or StorageError for a file that cannot be used; RemoteError, ChainError for the chain.
        """
        async with self._turn:
            opened = await asyncio.to_thread(self._open_day, day)
            await self.announcer.announce(self.book.days[day].prices, program=self.plan.id)
            return opened

    async def close_day(self, day: date) -> Document:
        """Claim, anchor, bill and post `day`, once; its result, `result.RESULT_KIND`.

        Raises OfficeError when the day was not opened, has a hole, or the ledger refuses it;
        otherwise as `open_day`, and RemoteError for the hub.
        """
        async with self._turn:
            if day not in self.book.closed:
                opened = self.book.days.get(day)
                if opened is None or self.book.event_of(day) is None:
                    raise DayNotOpenError(f"{day} was not opened: no prices, no position")
                street = await self._fetch_street(opened)
                await self._parts.hub.claim()
                await asyncio.to_thread(self._close_day, opened, street)
            await asyncio.to_thread(self._write_ledger)
            return self.book.closed[day]

    async def receive_invoice(self, received: ReceivedInvoice) -> dict[str, Document]:
        """Settle what was accrued by an invoice, once; what it came to.

        Raises InvoiceConflictError when another was received under its number, LedgerRefusedError
        when the ledger refuses it, StorageError.
        """
        async with self._turn:
            return await asyncio.to_thread(self._receive_invoice, received)

    async def restate(self, asked: AskedRestatement) -> dict[str, Document]:
        """Decide what earlier bills should have been, once, and have the hub restate them; what
        became of it by home. A home whose newest bill is not paid yet refuses: ask again then.

        Raises NothingToRestateError, InputError for files that cannot be used, AnchorConflictError,
        StorageError, ChainError, RemoteError.
        """
        async with self._turn:
            customers = await asyncio.to_thread(load_customers, self._parts.folders.customers)
            names = {customer.channel: customer.name for customer in customers}
            decided = await asyncio.to_thread(self._decide, asked, names)
            homes = list[Document]()
            for order in decided.orders:
                name = names.get(order.channel, format_octets(order.channel))
                homes.append(told(name, order, answer=await self._parts.hub.restate(order)))
            return {
                "kind": RESTATED_KIND,
                "cause": decided.cause.value,
                "decided_at_s": decided.decided_at_s,
                "homes": homes,
            }

    def _decide(self, asked: AskedRestatement, names: Mapping[ChannelId, str]) -> Decision:
        now_s = self._parts.clock.now_s()
        if asked.day is not None:
            return self._decide_prices(asked.day, now_s=now_s)
        channels = [channel for channel, name in names.items() if name == asked.home]
        if not channels:
            raise InputError(f"the order names {asked.home}, who is no customer")
        decided = decide_reads(
            self.book, asked, channel=channels[0], plan=self.plan, decided_at_s=now_s
        )
        if decided not in self.book.decided:
            day = local_day(self.plan.time_zone, asked.reads[0].interval.start_s)
            self._records.record(decided_fact(day, decided))
        return decided

    def _decide_prices(self, day: date, *, now_s: int) -> Decision:
        if day not in self.book.closed:
            raise NothingToRestateError(f"{day} is not closed; restate it afterwards")
        prices = self._market.corrected(day)
        if prices is None:
            raise NothingToRestateError(f"no corrected prices of {day} are in the market folder")
        decided = decide_prices(self.book, prices, decided_at_s=now_s)
        if decided not in self.book.decided:
            self._records.record(corrected_fact(prices), decided_fact(day, decided))
        if prices.digest not in self.book.documents:
            self._publish(prices, prices.version)
        return decided

    def _receive_invoice(self, received: ReceivedInvoice) -> dict[str, Document]:
        if received.key not in self.book.invoices:
            refused = self.book.ledger.fork().post(invoice(received.settled(self.book.ledger)))
            if isinstance(refused, Refused):
                raise LedgerRefusedError(f"the invoice cannot be posted: {refused}")
            self._records.record(invoice_fact(received))
        known, settled = self.book.invoices[received.key]
        if known != received:
            raise InvoiceConflictError(
                f"{received.number} of {known.day} is known with {known.amount_ubolt} µBOLT for "
                f"everything until {known.until}; a correction is an invoice of its own"
            )
        difference = settled.amount_ubolt - settled.accrued_ubolt
        accrued: dict[str, Document] = {"accrued_ubolt": settled.accrued_ubolt}
        return received.document() | accrued | {"difference_ubolt": difference}

    def _open_day(self, day: date) -> dict[str, Document]:
        if day not in self.book.days:
            self.plan.require_effective(day)
            prices = self._market.day_ahead(day, now_s=self._parts.clock.now_s())
            bid, secret = self._bid(day), secrets.token_bytes(_SECRET_BYTES)
            self._records.record(prices_fact(prices), bought_fact(day, bid), salt_fact(day, secret))
        opened = self.book.days[day]
        event = self.book.event_of(day)
        if event is None:
            event = self._publish(opened.prices, ANCHOR_PRICES)
        bid = opened.bid
        return {
            "day": day.isoformat(),
            "prices": format_octets(opened.prices.digest),
            "position": {**bid.document(), "cost_ubolt": bid.position.cost_ubolt(opened.prices)},
            "event": event.document(),
        }

    def _bid(self, day: date) -> Bid:
        """Only what is known when bids close: earlier prices, and the homes' past until then."""
        until_s = bids_close_s(day, self.plan.time_zone)
        index = self._market.newest_day_ahead(before=day, at_s=until_s)
        if index is not None and index.operating_day < self.plan.effective_from:
            index = None
        street = []
        for customer in load_customers(self._parts.folders.customers):
            path = self._parts.folders.history / f"{customer.name}.csv"
            past = parse_history(read_file(path), what=str(path), until_s=until_s)
            street.append((customer.home(), past))
        return make_bid(day, plan=self.plan, street=street, index=index)

    def _publish(self, prices: PriceVersion, kind: int) -> PriceEvent:
        entry = AnchorEntry(prices.digest, 0, 0)
        self._parts.chain.anchor_once(prices.operating_day, kind, entry=entry)
        event = PriceEvent(
            sequence=len(self.book.events) + 1,
            program=self.plan.id,
            operating_day=prices.operating_day,
            prices=prices.digest,
            published_at_s=self._parts.clock.now_s(),
        )
        self._records.record(published_fact(event))
        return event

    async def _fetch_street(self, opened: OpenedDay) -> StreetDay:
        hub, day = self._parts.hub, opened.prices.operating_day
        customers = await asyncio.to_thread(load_customers, self._parts.folders.customers)
        if not customers:
            raise DayIncompleteError(f"{day}: there is no customer to bill")
        named = await hub.fetch_channels()
        require_customers(customers, [identity.channel for identity in named.identities])
        start_s, end_s = operating_day_bounds(day, self.plan.time_zone)
        fetched = {
            customer: await hub.fetch_day(customer.channel, start_s=start_s, end_s=end_s)
            for customer in customers
        }
        book = self.book
        terms = DayTerms(self.plan, opened.prices, opened.secret, book.billed, book.versions)
        return await asyncio.to_thread(make_street_day, fetched, terms=terms)

    def _close_day(self, opened: OpenedDay, street: StreetDay) -> None:
        day, root = opened.prices.operating_day, street.root
        imbalance = value_imbalance(opened, street, real_time=self._market.real_time(day))
        entry = AnchorEntry(root.hash, root.spent_ubolt, root.earned_ubolt)
        self._parts.chain.anchor_once(day, ANCHOR_BILLS, entry=entry)
        followed = self._parts.chain.follow(self.book.next_block, known=self.book.words)
        closing = ClosingDay(opened, street, imbalance, followed)
        batch = day_batch(self.book, closing, terms=self._parts.money)
        posted = post_day(self.book, batch, followed=followed)
        for name, bill in street.bills.items():
            path = self._parts.folders.out / "bills" / f"{name}-{day}.json"
            write_file(path, format_bill(bill))
        gas = self._parts.money.gas
        result = day_result(self.book, closing, batch=batch, posted=posted, gas=gas)
        moved = {c: word for c, word in followed.words.items() if word != self.book.words.get(c)}
        self._records.record(
            followed_fact(day, VaultFollowed(followed.block + 1, moved)),
            posted_fact(day, batch),
            closed_fact(DayClosed(day, street.billed, result)),
        )

    def _write_ledger(self) -> None:
        books = hledger_journal(self.book.ledger)
        write_file(self._parts.folders.out / "ledger.journal", books.encode())
