"""What the hub makes of an order to restate earlier bills, and tells of it to the home."""

import asyncio
from dataclasses import dataclass

from gridplus.channel import Refusal, Restated
from gridplus.clock import Clock
from gridplus.failures import Bug, InputError
from gridplus.hub.archive import Archive, RestatedRecord
from gridplus.hub.book import Book
from gridplus.hub.facts import RestatedBills, restated_fact
from gridplus.hub.home import Home, RestatedAt, credit_asked, link_of
from gridplus.hub.refusals import HubRefusal, Refused, refused
from gridplus.hub.sealing import BillNote, Note, Receipt, bill_leaf
from gridplus.hub.today import Today
from gridplus.journal import GroupWriter
from gridplus.keystore import Secp256k1Key
from gridplus.tariff import (
    Correction,
    History,
    Restatement,
    history_along,
    in_chain,
    restate,
    tip_before,
)
from gridplus.wallet import verify_device
from gridplus.wire import FetchRestatement, OrderRestatement, RightInputs


@dataclass(frozen=True, slots=True)
class Restater:
    """Over the book of a hub, the writer and the archive of its journal."""

    book: Book
    writer: GroupWriter[Note, Receipt | None]
    key: Secp256k1Key
    clock: Clock
    archive: Archive
    today: Today

    async def restate(self, order: OrderRestatement) -> RestatedRecord | Refused:
        """The restatement that `order` leads to, durable. Asked again, it is the same."""
        home = self.book.served(order.channel)
        if isinstance(home, Refused):
            return home
        async with home.lock:
            await home.settled()
            if home.hold is not None:
                return Refused(HubRefusal.ORDER_UNDER_WAY)
            known = next((each for each in home.restated if each.order == order.id), None)
            if known is not None:
                return await self._read(home, known)
            await self.today.tell(home)
            return await self._restate(home, order)

    async def after(self, asked: FetchRestatement) -> RestatedRecord | Refused:
        """The restatement that follows a head of the home's chain, for the home alone."""
        home = self.book.served(asked.channel)
        if isinstance(home, Refused):
            return home
        device = home.identity.descriptor.device_key
        if not verify_device(device, asked.signed, signature=asked.signature):
            return Refused(HubRefusal.FOREIGN_DEVICE)
        known = next((each for each in home.restated if each.previous_head == asked.after), None)
        if known is None:
            return Refused(HubRefusal.NOTHING_RESTATED)
        return await self._read(home, known)

    async def _read(self, home: Home, known: RestatedAt) -> RestatedRecord:
        at, paid = [known.sequence], home.paid
        return (await asyncio.to_thread(self.archive.restated, home.channel, at, paid=paid))[0]

    async def _restate(self, home: Home, order: OrderRestatement) -> RestatedRecord | Refused:
        restatement = await asyncio.to_thread(self._restatement, order, home)
        if isinstance(restatement, Refused):
            return restatement
        now_s = self.clock.now_s()
        rehearsed = home.rehearse(Restated(link_of(restatement)), now_s=now_s)
        if isinstance(rehearsed, Refusal):
            return refused(rehearsed)
        asked = credit_asked(rehearsed.effects)
        credit = None if asked is None else self.key.sign(asked.digest)
        restated = RestatedBills(restatement, order.id, credit, home.signed_last)
        note = BillNote(bill_leaf(restatement.channel, restatement.head))
        committed = await self.writer.commit([restated_fact(restated, at_s=now_s)], note)
        if committed.receipt is None:
            raise Bug("the seal leaves a receipt for each link")
        home.keep_restatement(restated, at=committed.sequence, now_s=now_s)
        return RestatedRecord(restated, committed.receipt, home.signed_last)

    def _restatement(self, order: OrderRestatement, home: Home) -> Restatement | Refused:
        """The one right restatement after the home's newest link. Blocking.

        It waits until the home has signed for that one: a day is paid to its end by a voucher over
        exactly its last bill.
        """
        newest = home.machine.bill
        if newest.interval is None or newest.counters != home.durable:
            return Refused(HubRefusal.BILL_UNPAID, home.durable)
        corrections = [_correction(inputs, self.book) for inputs in order.inputs]
        known = [each for each in corrections if each is not None]
        if len(known) < len(corrections):
            return Refused(HubRefusal.PRICES_NOT_PUBLISHED)
        try:
            history = self._history(home, since_s=order.inputs[0].interval.start_s)
            found = restate(history, known, cause=order.cause, decided_at_s=order.decided_at_s)
        except InputError:
            return Refused(HubRefusal.INPUTS_NOT_USABLE)
        return Refused(HubRefusal.NOTHING_RESTATED) if found is None else found[0]

    def _history(self, home: Home, *, since_s: int) -> History:
        """The newest version of each interval from `since_s` on, or from an earlier one that was
        ever restated. Raises InputError as `history_along`."""
        first_s = min([since_s, *(each.since_s for each in home.restated)])
        stated = self.archive.statements(home.channel, since_s=first_s)
        if not stated:
            return History(home.tip, {})
        at = [each.sequence for each in home.restated]
        restated = self.archive.restated(home.channel, at)
        links = in_chain(stated, [each.restatement for each in restated])
        return history_along(tip_before(stated[0]), links, sources=self.book.sources)


def _correction(inputs: RightInputs, book: Book) -> Correction | None:
    """None when the prices are not known here."""
    prices = None if inputs.prices is None else book.prices.get(inputs.prices)
    if prices is None and inputs.prices is not None:
        return None
    return Correction(inputs.interval, inputs.energy_wh, prices)
