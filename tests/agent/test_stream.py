"""The agent stays connected where it can, and pays over HTTP where it cannot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from gridplus.agent import HubLink, Link
from gridplus.channel import Counters
from gridplus.wire import (
    Acknowledgement,
    BillOffer,
    ChannelStatus,
    OpenChannel,
    PriceEvent,
    StreamPlace,
    SubmitRead,
    SubmitVoucher,
)
from tests.hub.test_http import Door, hub_door
from tests.hub.town import PRICES, House, Town


@asynccontextmanager
async def linked(door: Door, *, to: httpx.ASGITransport | None = None) -> AsyncIterator[HubLink]:
    transport = to or httpx.ASGITransport(app=door.app)
    link = HubLink(Link("hub", "http://127.0.0.1", transport=transport), "http://127.0.0.1")
    try:
        yield link
    finally:
        await link.aclose()


async def opened(link: HubLink, house: House) -> None:
    status = await link.ask("/v1/channels", OpenChannel(house.identity), answer=ChannelStatus)
    assert isinstance(status, ChannelStatus)


async def paid(link: HubLink, house: House) -> Counters:
    """An interval metered, billed and paid."""
    offer = await link.ask("/v1/reads", SubmitRead(house.meter(400)), answer=BillOffer)
    assert isinstance(offer, BillOffer), offer
    voucher = house.voucher(offer.statement.spent_ubolt, offer.statement.earned_ubolt)
    asked = SubmitVoucher(house.channel, voucher)
    told = await link.ask("/v1/vouchers", asked, answer=Acknowledgement)
    assert isinstance(told, Acknowledgement), told
    return told.counters


async def test_a_connection_that_breaks_is_made_again_and_nothing_is_lost(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door, door.app.router.lifespan_context(door.app):
        async with linked(door) as link:
            await opened(link, house)
            assert link.is_streaming
            first = await paid(link, house)
            assert link._stream is not None
            link._stream._writer.transport.abort()
            second = await paid(link, house)
            assert link.is_streaming
        assert door.hub.book.homes[house.channel].durable == second
        assert second.covers(first)


async def test_what_an_open_connection_leaves_unanswered_is_asked_over_http(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with hub_door(town, tmp_path) as door:
        broken = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = broken.sockets[0].getsockname()[1]
        async with linked(door, to=Elsewhere(door, port)) as link:
            await opened(link, house)
            assert not link.is_streaming
            assert await paid(link, house) == door.hub.book.homes[house.channel].durable
        broken.close()


async def test_a_hub_without_a_stream_is_paid_over_http(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with hub_door(town, tmp_path) as door, linked(door) as link:
        await opened(link, house)
        assert await paid(link, house) == door.hub.book.homes[house.channel].durable
        assert not link.is_streaming


async def test_prices_that_the_hub_adopts_are_news_to_who_is_connected(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with hub_door(town, tmp_path) as door:
        published, door.board.events = door.board.events, []
        async with door.app.router.lifespan_context(door.app):
            plain = Link("hub", "http://127.0.0.1", transport=httpx.ASGITransport(app=door.app))
            link = HubLink(plain, "http://127.0.0.1", news=heard.put_nowait)
            await opened(link, house)
            assert heard.empty()
            door.board.events = published
            await door.supply.refresh()
            event = PriceEvent.parse(await asyncio.wait_for(heard.get(), 10))
            assert event.prices == PRICES.digest
            await link.aclose()


class Elsewhere(httpx.ASGITransport):
    """The hub over HTTP, which names a port of somebody else for its stream."""

    def __init__(self, door: Door, port: int) -> None:
        super().__init__(app=door.app)
        self._place = StreamPlace(port).to_bytes()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/stream":
            return httpx.Response(200, content=self._place)
        return await super().handle_async_request(request)
