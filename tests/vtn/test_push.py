"""Events by broker: at once when it is there, by the next poll when it is not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gridplus.agent import Link, Ven, VenCredentials
from gridplus.agent.push import Push
from gridplus.failures import InputError
from tests.vtn.broker import Broker, needs_mosquitto
from tests.vtn.place import Place

WAIT_S = 20
PERIOD = {"start": "2026-01-31T18:00:00Z", "duration": "PT1H"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    made.start()
    yield made
    made.stop()


class Home:
    """Business logic, and a VEN with one ven object of its own, granted `north`."""

    def __init__(self, place: Place, bl: httpx.Client) -> None:
        self.bl = bl
        granted = {"objectType": "BL_VEN_REQUEST", "clientID": "ven", "venName": "home"}
        ven = bl.post("/vens", json=granted | {"targets": ["north"]}).json()
        self.program = str(bl.post("/programs", json={"programName": "p"}).json()["id"])
        self.link = Link("vtn", place.url)
        self.ven = Ven(self.link, VenCredentials("ven", "ven-secret", str(ven["id"])), path="")

    def say(self, price: float, **more: object) -> str:
        body = {
            "programID": self.program,
            "intervalPeriod": PERIOD,
            "intervals": [{"id": 0, "payloads": [{"type": "PRICE", "values": [price]}]}],
        }
        return str(self.bl.post("/events", json=body | more).json()["id"])

    def prices(self) -> list[str]:
        found = self.ven.timeline.stretches("PRICE", from_s=0, until_s=1 << 35)
        return [str(stretch.value) for stretch in found]


def live(place: Place, story: Callable[[Home, Push], Awaitable[None]]) -> None:
    async def scenario() -> None:
        with place.client("bl") as bl:
            home = Home(place, bl)
            uri, *topics = await home.ven.broker()
            async with Push(home.ven, uri, topics=tuple(topics)) as push:
                async with asyncio.timeout(WAIT_S):
                    await push.connected.wait()
                await story(home, push)
            await home.link.aclose()

    asyncio.run(scenario())


async def heard(push: Push, home: Home, wanted: list[str]) -> None:
    """Until notices have made it so."""
    async with asyncio.timeout(WAIT_S):
        while home.prices() != wanted:
            await push.news.wait()
            push.news.clear()


@needs_mosquitto
def test_events_arrive_revised_and_cancelled_without_a_poll(tmp_path: Path, broker: Broker) -> None:
    async def story(home: Home, push: Push) -> None:
        event = home.say(0.25)
        await heard(push, home, ["0.25"])
        for_us = home.say(0.5, targets=["north"], priority=0)
        await heard(push, home, ["0.5"])
        home.say(9.75, targets=["south"], priority=0)
        home.bl.delete(f"/events/{for_us}")
        await heard(push, home, ["0.25"])
        home.bl.delete(f"/events/{event}")
        await heard(push, home, [])
        assert len(home.ven.timeline.events) == 2, "the one for others never came"

    with Place(tmp_path, mqtt=broker.uri) as place:
        live(place, story)


@needs_mosquitto
def test_what_a_lost_broker_did_not_tell_is_polled_and_push_goes_on(
    tmp_path: Path, broker: Broker
) -> None:
    async def story(home: Home, push: Push) -> None:
        broker.stop()
        event = home.say(0.25)
        await home.ven.poll()
        assert home.prices() == ["0.25"], "found without the broker"
        async with asyncio.timeout(WAIT_S):
            while push.connected.is_set():
                await asyncio.to_thread(broker.stop)
        broker.start()
        async with asyncio.timeout(WAIT_S):
            await push.connected.wait()
        await home.ven.poll()
        home.bl.delete(f"/events/{event}")
        home.say(0.75)
        await heard(push, home, ["0.75"])

    with Place(tmp_path, mqtt=broker.uri) as place:
        live(place, story)


def test_a_vtn_without_a_broker_names_none_and_noise_is_counted(tmp_path: Path) -> None:
    async def scenario(place: Place) -> None:
        with place.client("bl") as bl:
            home = Home(place, bl)
            assert await home.ven.broker() == ()
            for noise in (
                b"",
                b"[]",
                b"\xff",
                b'{"objectType":"EVENT","object":{}}',
                b"[" * 99_999,
            ):
                home.ven.hear(noise)
            assert home.ven.unreadable == 5
            assert home.prices() == []
            with pytest.raises(InputError, match="no broker"):
                Push(home.ven, "http://somewhere", topics=())
            await home.link.aclose()

    with Place(tmp_path) as place:
        asyncio.run(scenario(place))
