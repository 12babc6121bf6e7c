"""Shards behind a line: the coordinator ends TLS for requests, each shard for its own streams, and
at both a device speaks for itself alone."""

from collections.abc import Iterator

import pytest

from gridplus.agent import HubLink, Link
from gridplus.failures import RemoteError
from gridplus.hub.shard import shard_of
from gridplus.wire import (
    Acknowledgement,
    BillOffer,
    ChannelStatus,
    FetchRestatement,
    OpenChannel,
    RefusalMessage,
    RestatementOffer,
    StreamPlace,
    SubmitRead,
    SubmitVoucher,
)
from tests.first_day.retailer import Retailer, retailer_of
from tests.hub.process import TOKEN
from tests.hub.town import House, Town


@pytest.fixture(scope="module")
def retailer(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retailer]:
    folder = tmp_path_factory.mktemp("line") / "retailer"
    with retailer_of(town, folder, shards=2) as made:
        yield made


def house_of(town: Town, shard: int) -> House:
    while True:
        (house,) = town.move_in(1)
        if shard_of(house.channel, 2) == shard:
            return house


async def test_a_device_speaks_for_itself_alone_at_the_coordinator_and_at_its_shard(
    retailer: Retailer,
) -> None:
    ours, theirs = (house_of(retailer.town, shard) for shard in (0, 1))
    links = []
    for house in (ours, theirs):
        identity = await retailer.enrol(house)
        plain = Link("hub", retailer.urls["hub"], tls=identity.context)
        link = HubLink(plain, retailer.urls["hub"], tls=identity.context)
        opened = await link.ask("/v1/channels", OpenChannel(house.identity), answer=ChannelStatus)
        assert isinstance(opened, ChannelStatus)
        assert link.is_streaming
        offer = await link.ask("/v1/reads", SubmitRead(house.meter(400)), answer=BillOffer)
        assert isinstance(offer, BillOffer)
        voucher = SubmitVoucher(house.channel, house.voucher(offer.statement.spent_ubolt))
        for way in (link, plain):
            told = await way.ask("/v1/vouchers", voucher, answer=Acknowledgement)
            assert isinstance(told, Acknowledgement)
        assert b'"spent_ubolt"' in await plain.get(f"/v1/channels/0x{house.channel.hex()}")
        links.append((link, plain))
    read = SubmitRead(theirs.meter(400))
    with pytest.raises(RemoteError, match=r"409.*OTHER_LINE"):
        await links[0][1].get(f"/v1/channels/0x{theirs.channel.hex()}")
    foreign = FetchRestatement(theirs.channel, bytes(32), bytes(64))
    asked = await links[0][1].ask("/v1/restatements", foreign, answer=RestatementOffer)
    for refused in (await links[0][1].ask("/v1/reads", read, answer=BillOffer), asked):
        assert isinstance(refused, RefusalMessage)
        assert refused.name == "OTHER_LINE"
    for link, _ in links:
        await link.aclose()


async def test_shards_take_nothing_of_homes_but_from_the_coordinator(retailer: Retailer) -> None:
    plain = Link("hub", retailer.urls["plain"])
    channel = house_of(retailer.town, 0).channel
    path = f"/v1/channels/0x{channel.hex()}"
    with pytest.raises(RemoteError, match=r"403.*mutual TLS"):
        await plain.get(path)
    health = await plain.get("/health")
    for shard in (0, 1):
        url = health.decode().split('"url":"')[1 + shard].split('"')[0]
        door = Link("shard", url)
        with pytest.raises(RemoteError, match=r"403.*mutual TLS"):
            await door.get(path)
        headers = {"authorization": f"Bearer {TOKEN}"}
        there = f"/v1/stream?channel=0x{house_of(retailer.town, shard).channel.hex()}"
        status, told = await door.send("GET", there, content=None, headers=headers, limit=9_999)
        assert status == 200
        assert StreamPlace.parse(told).port is not None
        await door.aclose()
    await plain.aclose()
