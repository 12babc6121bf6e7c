"""A full journal: said in a sentence, nothing half-applied, and with room the day goes on."""

from pathlib import Path

import httpx

from gridplus.channel import Counters
from gridplus.wire import Acknowledgement, BillOffer, SubmitRead, SubmitVoucher
from tests.hub.process import make_hub_folder, start_limited
from tests.hub.test_http import hub_door, sentence
from tests.hub.town import (
    House,
    Town,
    durable_parts,
    living_hub,
    replayed,
)


async def live_until_full(
    client: httpx.AsyncClient, house: House
) -> tuple[Counters, httpx.Response]:
    """Meter and pay until the hub has no room; the newest acknowledged counters, and the answer to
    the read or voucher that found it full."""
    newest = Counters(0, 0)
    while True:
        read = SubmitRead(house.meter(400))
        answer = await client.post("/v1/reads", content=read.to_bytes())
        if answer.status_code != 200:
            break
        statement = BillOffer.parse(answer.content).statement
        voucher = house.voucher(statement.spent_ubolt, statement.earned_ubolt)
        content = SubmitVoucher(house.channel, voucher).to_bytes()
        answer = await client.post("/v1/vouchers", content=content)
        if answer.status_code != 200:
            break
        newest = Acknowledgement.parse(answer.content).counters
    assert answer.status_code == 503
    return newest, answer


async def go_on(town: Town, journal: Path, house: House, newest: Counters) -> None:
    """With room again: everything acknowledged is there, and the last read is billed after all."""
    async with living_hub(town, journal) as life:
        home = life.book.homes[house.channel]
        assert home.durable == newest
        for read in house.reads:
            record = await life.billed(house.sign(read))
        assert (await life.pay(house, record)).covers(newest)
        assert [record.statement.read for record in life.records(house)] == house.reads
        live = durable_parts(life.book)
    assert live == durable_parts(replayed(town.hub_key.address, journal))


async def test_a_journal_at_its_page_limit_stops_the_hub_and_goes_on_with_room(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    journal = tmp_path / "hub.journal"
    async with hub_door(town, tmp_path, page_limit=40) as door:
        await door.open(house)
        newest, full = await live_until_full(door.client, house)
        assert newest.spent_ubolt > 0
        why = "the disk or the page limit is full; make room and open it again"
        assert why in sentence(full)
        before = durable_parts(door.hub.book)
        again = await door.client.send(full.request)
        assert again.status_code == 503
        assert "the journal's writer has stopped" in sentence(again)
        known = await door.client.get(f"/v1/channels/0x{house.channel.hex()}")
        assert known.status_code == 200
        health = (await door.client.get("/health")).json()
        assert health["ok"] is False
        assert why in health["faults"]["journal"]
        assert durable_parts(door.hub.book) == before
    assert durable_parts(replayed(town.hub_key.address, journal)) == before
    await go_on(town, journal, house, newest)


async def test_a_file_size_limit_stops_the_hub_and_loses_nothing_acknowledged(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    config = make_hub_folder(town, tmp_path / "hub")
    journal = tmp_path / "hub" / "hub.journal"
    async with living_hub(town, journal) as life:
        await life.open([house])
    with start_limited(config, file_bytes=150_000) as hub:
        async with httpx.AsyncClient(base_url=hub.url) as client:
            newest, full = await live_until_full(client, house)
        assert newest.spent_ubolt > 0
        assert str(journal) in sentence(full)
    await go_on(town, journal, house, newest)
