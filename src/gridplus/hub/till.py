"""Where vouchers are taken: the plain ones through their home's gate, all others by the machine.

Memory runs ahead of the disk: a gate has let a voucher pass before it is durable, so that the next
one may already be under way; nothing is told before. When a commit fails the writer stops, and
nothing is taken any more until the hub has read its journal again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from gridplus.channel import Refusal, StoreVoucher, Voucher, VoucherReceived
from gridplus.failures import Bug
from gridplus.hub.book import Book
from gridplus.hub.facts import StoredVoucher
from gridplus.hub.home import Home, Paid
from gridplus.hub.refusals import HubRefusal, Refused, refused
from gridplus.hub.sealing import Note, Receipt, VoucherNote
from gridplus.hub.today import Today
from gridplus.journal import Batch, Committed, GroupWriter
from gridplus.wallet import ChannelId

Told: TypeAlias = Callable[[Paid | Exception], None]


class Till:
    """Over the book of a hub and the writer of its journal. A home that has not heard of the day is
    told before the machine is asked; its gate admits less than it might, until then."""

    def __init__(
        self, book: Book, writer: GroupWriter[Note, Receipt | None], *, today: Today
    ) -> None:
        self._book = book
        self._writer = writer
        self._today = today

    def quick(self, channel: ChannelId, voucher: Voucher, *, told: Told) -> bool:
        """Take a plain voucher without waiting; `told` hears of it when it is durable, or why it is
        not. False, and nothing has happened, for one that `submit` must look at.

        Raises StorageError when the journal's writer has stopped.
        """
        home = self._book.homes.get(channel)
        if home is None or home.lock.locked() or self._book.replaced_by is not None:
            return False
        if home.hold is not None:
            return False
        if not home.gate.admits(voucher.spent, voucher.earned):
            return False
        if not voucher.is_valid(home.machine.terms):
            return False
        self._fly(home, voucher, told=told)
        return True

    async def submit(self, channel: ChannelId, voucher: Voucher) -> Paid | Refused:
        """What is durable after a voucher. Equal is answered again. Raises StorageError."""
        done: asyncio.Future[Paid] = asyncio.get_running_loop().create_future()
        if self.quick(channel, voucher, told=partial(_resolve, done)):
            return await done
        home = self._book.served(channel)
        if isinstance(home, Refused):
            return home
        async with home.lock:
            await home.settled()
            if home.hold is not None:
                return Refused(HubRefusal.ORDER_UNDER_WAY)
            await self._today.tell(home)
            answer = home.rehearse(VoucherReceived(voucher), now_s=0)  # vouchers stop no sale
            if isinstance(answer, Refusal):
                return refused(answer)
            if StoreVoucher(voucher) not in answer.effects:
                return _newest(home)
            self._fly(home, voucher, told=partial(_resolve, done))
            return await done

    def _fly(self, home: Home, voucher: Voucher, *, told: Told) -> None:
        spent, earned = voucher.spent, voucher.earned
        note = VoucherNote(StoredVoucher(home.channel, spent, earned, voucher.signature))
        self._writer.enqueue(Batch((), note), _Flight(home, voucher, told))
        home.gate.passed(spent, earned)
        home.flying += 1


@dataclass(frozen=True, slots=True)
class _Flight:
    """A voucher on its way to the disk; called when it has landed there, or has failed to."""

    home: Home
    voucher: Voucher
    told: Told

    def __call__(self, result: Committed[Receipt | None] | Exception) -> None:
        home = self.home
        home.flying -= 1
        if isinstance(result, Exception):
            self.told(result)
        elif result.receipt is None:
            raise Bug("the seal leaves a receipt for each voucher")
        else:
            self.told(home.keep_voucher(self.voucher, result.receipt))
        if not home.flying and home.landed is not None:
            home.landed.set()


def _newest(home: Home) -> Paid:
    if home.paid is None:
        raise Bug("a voucher that is answered again was stored")
    return home.paid


def _resolve(done: asyncio.Future[Paid], result: Paid | Exception) -> None:
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
