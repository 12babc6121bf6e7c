"""The framed stream against a real hub on a real socket: what it carries, and whom it cuts off."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gridplus.agent.links import Unreachable
from gridplus.agent.stream import HubStream
from gridplus.channel import Counters, PayeeRefusal
from gridplus.failures import RemoteError
from gridplus.hub.desk import Desk
from gridplus.hub.refusals import HubRefusal
from gridplus.hub.stream import Patience, StreamListener
from gridplus.serving import LOOPBACK, bound_listener
from gridplus.wire import (
    Acknowledgement,
    BillOffer,
    ChannelStatus,
    OpenChannel,
    RefusalMessage,
    SubmitRead,
    SubmitVoucher,
)
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, FrameReader, frame
from tests.hub.test_http import Door, hub_door
from tests.hub.town import House, Town

QUICK = Patience(hello_s=0, silent_s=1, unread_s=0, sweep_s=1)


@dataclass
class Streaming:
    """A hub that listens for streams, and a home's connection to it."""

    door: Door
    listener: StreamListener
    stream: HubStream
    news: list[bytes]

    @property
    def port(self) -> int:
        assert self.listener.port is not None
        return self.listener.port

    async def connect(self) -> HubStream:
        return await HubStream.open(LOOPBACK, self.port, tls=None, news=self.news.append)

    async def bill(self, house: House, import_wh: int = 400, export_wh: int = 0) -> BillOffer:
        read = SubmitRead(house.meter(import_wh, export_wh))
        offer = await self.stream.ask(read, answer=BillOffer)
        assert isinstance(offer, BillOffer), offer
        return offer


@dataclass
class Counted:
    """What was answered and refused, by name."""

    names: list[str] = field(default_factory=list)

    def refused(self, name: str) -> None:
        self.names.append(name)

    def answered(self, request: str, taken_ns: int) -> None:
        assert taken_ns > 0
        self.names.append(request)


@asynccontextmanager
async def streaming(
    town: Town, folder: Path, *, patience: Patience | None = None, page_limit: int | None = None
) -> AsyncIterator[Streaming]:
    async with hub_door(town, folder, page_limit=page_limit) as door:
        desk = Desk(door.hub, door.supply, counts=Counted())
        listener = StreamListener(
            door.hub, desk, broken=door.hub.aclose, patience=patience or Patience()
        )
        await listener.open(bound_listener(LOOPBACK, 0))
        news: list[bytes] = []
        assert listener.port is not None
        stream = await HubStream.open(LOOPBACK, listener.port, tls=None, news=news.append)
        try:
            yield Streaming(door, listener, stream, news)
        finally:
            await stream.aclose()
            await listener.aclose()


async def test_a_home_opens_meters_and_pays_over_one_connection(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with streaming(town, tmp_path) as at:
        opened = await at.stream.ask(OpenChannel(house.identity), answer=ChannelStatus)
        assert isinstance(opened, ChannelStatus)
        offer = await at.bill(house, 500, 80)
        voucher = house.voucher(offer.statement.spent_ubolt, offer.statement.earned_ubolt)
        asked = SubmitVoucher(house.channel, voucher)
        told = await at.stream.ask(asked, answer=Acknowledgement)
        assert isinstance(told, Acknowledgement)
        assert told.counters == voucher.counters
        assert told.is_signed_by(town.hub_key.address, domain=town.vault.domain)
        assert await at.stream.ask(asked, answer=Acknowledgement) == told, "as the first time"
        assert at.listener.desk.counts == Counted(["channel", "read", "voucher", "voucher"])
        over_http = await at.door.client.post("/v1/vouchers", content=asked.to_bytes())
        assert Acknowledgement.parse(over_http.content) == told, "the same core"


async def test_requests_overtake_each_other_and_each_gets_its_own_answer(
    town: Town, tmp_path: Path
) -> None:
    houses = town.move_in(3)
    async with streaming(town, tmp_path) as at:
        for house in houses:
            await at.door.open(house)
        offers = [await at.bill(house) for house in houses]
        asked = [
            SubmitVoucher(house.channel, house.voucher(offer.statement.spent_ubolt * n // 40))
            for n in range(1, 41)
            for house, offer in zip(houses, offers, strict=True)
        ]
        told = await asyncio.gather(*(at.stream.ask(a, answer=Acknowledgement) for a in asked))
        for question, answer in zip(asked, told, strict=True):
            assert isinstance(answer, Acknowledgement)
            assert answer.channel == question.channel
            assert answer.counters == question.voucher.counters


async def test_refusals_and_nonsense_are_answered_and_the_connection_lives(
    town: Town, tmp_path: Path
) -> None:
    (house, stranger) = town.move_in(2)
    async with streaming(town, tmp_path) as at:
        await at.door.open(house)
        spent = (await at.bill(house)).statement.spent_ubolt
        for asked, name, newest in (
            (SubmitVoucher(house.channel, house.voucher(spent + 1)), PayeeRefusal.PAST_BILL, True),
            (
                SubmitVoucher(house.channel, house.voucher(spent, by=stranger.voucher_key)),
                PayeeRefusal.WRONG_SIGNER,
                False,
            ),
            (
                SubmitVoucher(stranger.channel, stranger.voucher(1)),
                HubRefusal.UNKNOWN_CHANNEL,
                False,
            ),
        ):
            refused = await at.stream.ask(asked, answer=Acknowledgement)
            expected = RefusalMessage.of(name, Counters(0, 0) if newest else None)
            assert refused == expected
        for kind, payload, why in (
            (FrameKind.VOUCHER, b"x", "108 bytes"),
            (FrameKind.READ, bytes(139), "140 bytes"),
            (FrameKind.MESSAGE, b"{}", "kind"),
            (FrameKind.PONG, b"", "no frame of kind 8"),
        ):
            with pytest.raises(RemoteError, match=f"400.*{why}"):
                await at.stream._exchange(kind, payload)
        assert await at.stream._exchange(FrameKind.PING, b"still?") == (FrameKind.PONG, b"still?")


async def test_news_reaches_every_home_that_is_connected(town: Town, tmp_path: Path) -> None:
    async with streaming(town, tmp_path) as at:
        other = await at.connect()
        assert at.listener.connections == 2
        at.listener.tell_all(b"prices")
        await other._exchange(FrameKind.PING, b"")
        await at.stream._exchange(FrameKind.PING, b"")
        assert at.news == [b"prices", b"prices"]
        await other.aclose()


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (frame(FrameKind.PING, 7), "begins with a hello"),
        (frame(FrameKind.HELLO, 7, payload=wire.pack_hello(8, 9)), "speaks version 1"),
        (b"GET / HTTP/1.1\r\nhost: hub\r\n\r\n", "a frame of"),
    ],
)
async def test_who_does_not_say_hello_is_told_why_and_cut_off(
    town: Town, tmp_path: Path, first: bytes, why: str
) -> None:
    async with streaming(town, tmp_path) as at:
        reader, writer = await asyncio.open_connection(LOOPBACK, at.port)
        writer.write(first)
        ((kind, _, payload),) = FrameReader().feed(await reader.read())
        assert kind == FrameKind.TROUBLE
        assert why in wire.unpack_trouble(payload)[1]
        writer.close()
        assert at.stream.is_open


async def test_who_is_silent_or_does_not_read_is_cut_off(town: Town, tmp_path: Path) -> None:
    async with streaming(town, tmp_path, patience=QUICK) as at:
        mute, mute_writer = await asyncio.open_connection(LOOPBACK, at.port)
        silent = await at.connect()
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, (LOOPBACK, at.port))
        hello = frame(FrameKind.HELLO, 1, payload=wire.pack_hello())
        ping = frame(FrameKind.PING, 2, payload=bytes(16_000))
        flood = asyncio.create_task(
            asyncio.get_running_loop().sock_sendall(deaf, hello + ping * 1_000)
        )
        assert await mute.read() == b""
        with pytest.raises(ConnectionError):
            await flood
        for _ in range(40):
            if not silent.is_open:
                break
            await asyncio.sleep(0.1)
        assert not silent.is_open
        deaf.close()
        mute_writer.close()
        again = await at.connect()
        assert (await again._exchange(FrameKind.PING, b"x"))[1] == b"x"
        await again.aclose()


async def test_a_flood_is_taken_in_turns_and_all_of_it_is_answered(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with streaming(town, tmp_path) as at:
        await at.door.open(house)
        spent = (await at.bill(house)).statement.spent_ubolt
        many = 10 * wire.WINDOW
        assert spent > many
        reader, writer = await asyncio.open_connection(LOOPBACK, at.port)
        sent = frame(FrameKind.HELLO, 0, payload=wire.pack_hello())
        for n in range(1, many + 1):
            packed = wire.pack_voucher(house.channel, house.voucher(n))
            sent += frame(FrameKind.VOUCHER, n, payload=packed)
        writer.write(sent)
        frames, found = FrameReader(), list[wire.Frame]()
        while len(found) < many + 1:
            found += frames.feed(await reader.read(65_536))
        acknowledged = [number for kind, number, _ in found if kind == FrameKind.ACKNOWLEDGEMENT]
        assert acknowledged == list(range(1, many + 1))
        assert at.door.hub.book.homes[house.channel].durable == Counters(many, 0)
        writer.close()


async def test_a_journal_that_takes_nothing_more_is_told_on_the_stream_too(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with streaming(town, tmp_path, page_limit=40) as at:
        await at.door.open(house)
        with pytest.raises(Unreachable, match=r"out of order.*page limit is full"):
            await bill_for_ever(at, house)


async def bill_for_ever(at: Streaming, house: House) -> None:
    while True:
        await at.bill(house)
