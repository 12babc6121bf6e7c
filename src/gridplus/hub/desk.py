"""What a home asks and what it is told, whichever way the message came: HTTP or the stream."""

import asyncio
from typing import Protocol, TypeAlias

from gridplus.hub.archive import Record, RestatedRecord
from gridplus.hub.binding import Speaker, may_send
from gridplus.hub.home import Home, Paid
from gridplus.hub.hub import Hub
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.supply import Supply
from gridplus.meter import SignedRead
from gridplus.wallet import ChannelId
from gridplus.wire import (
    Acknowledgement,
    BatchAnswer,
    BillOffer,
    ChannelStatus,
    FetchRestatement,
    JoinRequest,
    OpenChannel,
    OrderRestatement,
    RefusalMessage,
    RequestJoined,
    RestatementOffer,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire.batches import Item, ItemAnswer

Asked: TypeAlias = (
    OpenChannel | SubmitRead | SubmitVoucher | SubmitBatch | FetchRestatement | JoinRequest
)
Answered: TypeAlias = ChannelStatus | ItemAnswer | BatchAnswer | RestatementOffer | RequestJoined


class Counts(Protocol):
    """Whoever counts what the hub answers."""

    def refused(self, name: str) -> None:
        """A request was refused by this name."""

    def answered(self, request: str, taken_ns: int) -> None:
        """A read, a voucher or a batch was answered."""


class Desk:
    """`counts` hears of each refusal; of answers it hears from whoever carries them."""

    def __init__(self, hub: Hub, supply: Supply, *, counts: Counts) -> None:
        self._hub = hub
        self._supply = supply
        self.counts = counts

    async def answer(self, asked: Asked, *, peer: Speaker | None = None) -> Answered:
        """What a home is told; `peer` is who is at the other end, on a line that asks for names.

        Raises StorageError when nothing more can be made durable, RemoteError and ChainError
        when somebody else is needed and does not answer."""
        if not may_send(peer, asked, homes=self._hub.book.homes):
            return self.refusal(Refused(HubRefusal.OTHER_LINE))
        match asked:
            case OpenChannel():
                opened = await self._hub.open_channel(asked)
                return self.refusal(opened) if isinstance(opened, Refused) else status_of(opened)
            case SubmitBatch():
                return await self._batch(asked)
            case FetchRestatement():
                return self._restated(await self._hub.restater.after(asked))
            case JoinRequest():
                joined = await self._hub.joiner.join(asked)
                if isinstance(joined, Refused):
                    return self.refusal(joined)
                digest = joined.request.digest(self._hub.joiner.domain)
                return RequestJoined(asked.channel, digest, joined.group)
            case SubmitRead() | SubmitVoucher():
                return await self._item(asked)

    async def restate(self, order: OrderRestatement) -> RestatementOffer | RefusalMessage:
        """What the back office is told, by prices that it may have corrected this moment."""
        answer = await self._hub.restater.restate(order)
        if answer == Refused(HubRefusal.PRICES_NOT_PUBLISHED):
            await self._supply.refresh()
            answer = await self._hub.restater.restate(order)
        return self._restated(answer)

    def _restated(self, answer: RestatedRecord | Refused) -> RestatementOffer | RefusalMessage:
        if isinstance(answer, Refused):
            return self.refusal(answer)
        return RestatementOffer(answer.restatement, answer.link.evidence)

    async def bill(self, signed: SignedRead) -> BillOffer | RefusalMessage:
        """A bill, by prices that the retailer may have published this moment."""
        answer = await self._hub.submit_read(signed)
        if answer == Refused(HubRefusal.PRICES_NOT_PUBLISHED):
            await self._supply.refresh()
            answer = await self._hub.submit_read(signed)
        return self.refusal(answer) if isinstance(answer, Refused) else offer_of(answer)

    def unserved(self, channel: ChannelId) -> RefusalMessage:
        return self.refusal(self._hub.book.unserved(channel))

    def other_line(self) -> RefusalMessage:
        return self.refusal(Refused(HubRefusal.OTHER_LINE))

    def refusal(self, refused: Refused) -> RefusalMessage:
        self.counts.refused(refused.reason.name)
        return RefusalMessage.of(refused.reason, refused.newest, more=refused.more)

    async def _item(self, item: Item) -> ItemAnswer:
        if isinstance(item, SubmitRead):
            return await self.bill(item.signed)
        answer = await self._hub.submit_voucher(item.channel, item.voucher)
        if isinstance(answer, Refused):
            return self.refusal(answer)
        return acknowledgement(item.channel, answer)

    async def _batch(self, batch: SubmitBatch) -> BatchAnswer:
        """All at once, so that they share commit groups; but each after its home's last read."""
        begun, reads = list[asyncio.Task[ItemAnswer]](), dict[ChannelId, asyncio.Task[ItemAnswer]]()
        for item in batch.items:
            task = asyncio.create_task(self._in_turn(item, after=reads.get(item.channel)))
            begun.append(task)
            if isinstance(item, SubmitRead):
                reads[item.channel] = task
        answers = await asyncio.gather(*begun, return_exceptions=True)
        for failed in answers:
            if isinstance(failed, BaseException):
                raise failed
        return BatchAnswer(tuple(a for a in answers if not isinstance(a, BaseException)))

    async def _in_turn(self, item: Item, *, after: asyncio.Task[ItemAnswer] | None) -> ItemAnswer:
        if after is not None:
            await asyncio.wait([after])
        return await self._item(item)


def acknowledgement(channel: ChannelId, paid: Paid) -> Acknowledgement:
    """What a home is told of a durable voucher."""
    return Acknowledgement(channel, paid.voucher.counters, paid.receipt.evidence)


def offer_of(record: Record) -> BillOffer:
    """What a home is told of a durable bill."""
    return BillOffer(record.statement, record.group, record.billed.credit_signature)


def status_of(home: Home) -> ChannelStatus:
    return ChannelStatus(home.channel, home.durable, home.tip.head)
