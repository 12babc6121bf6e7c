"""The hub in a process of its own, killed; its journal in a file, or a database that fails over.

tests/kill does the same to the hub without its network, at every point of its writing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from gridplus.channel import Counters
from gridplus.demo.processes import ServiceProcess, start_service
from gridplus.failures import RemoteError
from gridplus.journal import JournalPlace
from gridplus.meter import SignedRead
from gridplus.tariff import Statement
from gridplus.wire import Acknowledgement, BillOffer, SubmitRead, SubmitVoucher
from tests.hub.process import make_hub_folder
from tests.hub.town import House, Town, billed_starts, living_hub, replayed
from tests.journal.server import NoServerError, Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    try:
        with running_server() as server:
            yield server
    except NoServerError as error:
        pytest.skip(str(error))


def served(config: Path) -> ServiceProcess:
    arguments = ["hub", "serve", "--config", str(config)]
    return start_service("hub", arguments, log=config.with_name("log"))


def client_of(hub: ServiceProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=hub.url, trust_env=False, timeout=60)


async def bill(client: httpx.AsyncClient, read: SignedRead) -> Statement:
    answer = await client.post("/v1/reads", content=SubmitRead(read).to_bytes())
    assert answer.status_code == 200, answer.text
    return BillOffer.parse(answer.content).statement


async def pay(client: httpx.AsyncClient, house: House) -> Counters:
    """One interval metered, billed, paid and acknowledged."""
    statement = await bill(client, house.meter(400))
    voucher = house.voucher(statement.spent_ubolt, statement.earned_ubolt)
    content = SubmitVoucher(house.channel, voucher).to_bytes()
    taken = await client.post("/v1/vouchers", content=content)
    assert taken.status_code == 200, taken.text
    return Acknowledgement.parse(taken.content).counters


async def moved_in(town: Town, place: JournalPlace) -> House:
    (house,) = town.move_in(1)
    async with living_hub(town, place) as life:
        await life.open([house])
    return house


def require_all(town: Town, place: JournalPlace, house: House, told: list[Counters]) -> None:
    """I-ST-1. Every acknowledged voucher is covered, every interval billed once."""
    assert told == sorted(set(told), key=lambda counters: counters.spent_ubolt)
    (home,) = replayed(town.hub_key.address, place).homes.values()
    assert home.durable == told[-1]
    assert billed_starts(place, house) == [read.interval.start_s for read in house.reads]


async def test_a_hub_killed_at_an_acknowledgement_or_within_a_request_loses_nothing(
    town: Town, tmp_path: Path
) -> None:
    place = tmp_path / "hub" / "hub.journal"
    config = make_hub_folder(town, tmp_path / "hub")
    house, told = await moved_in(town, place), []
    for _ in range(2):
        hub = served(config)
        async with client_of(hub) as client:
            if house.reads:
                await bill(client, house.sign(house.reads[-1]))
            told.append(await pay(client, house))
            unanswered = asyncio.create_task(bill(client, house.meter(400)))
            await asyncio.sleep(0)
            hub.kill()
            with suppress(httpx.HTTPError):
                await unanswered
    house.reads.pop()
    require_all(town, place, house, told)
    assert config.with_name("log").read_text() == "", "no life ended by itself"


async def test_neither_a_killed_hub_nor_a_database_that_fails_over_loses_a_payment(
    town: Town, server: Server, tmp_path: Path
) -> None:
    place = server.new_place()
    house, told = await moved_in(town, place), []
    config = make_hub_folder(town, tmp_path / "hub", journal=str(place))
    first = served(config)
    async with client_of(first) as client:
        told.append(await pay(client, house))
    first.kill()
    second = served(config)
    async with client_of(second) as client:
        told.append(await pay(client, house))
        for _ in range(2):
            server.stop("immediate")
            waiting = asyncio.create_task(pay(client, house))
            await asyncio.to_thread(server.start)
            told.append(await waiting)
    second.stop()
    require_all(town, place, house, told)
    assert config.with_name("log").read_text() == ""


async def test_a_hub_without_its_database_does_not_start_and_says_why(
    town: Town, server: Server, tmp_path: Path
) -> None:
    place = server.place("nowhere")
    config = make_hub_folder(town, tmp_path / "hub", journal=str(place))
    with pytest.raises(RemoteError, match="names no schema; create it first"):
        served(config)
