"""Stopped anywhere and asked again, the back office gives one result."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import httpx
import pytest

from gridplus.chain import RpcChain
from gridplus.digest import Document
from gridplus.failures import StorageError
from gridplus.retailer.config import RetailerConfig
from gridplus.retailer.office import BackOffice
from gridplus.retailer.service import open_office
from gridplus.retailer.vtn import VtnTerms, open_vtn
from tests.retailer.ground import DAY, NAMES, Ground
from tests.retailer.scene import Scene, post_order


class Killed(Exception):  # noqa: N818 - what happens to a process
    """The end of an office in the middle of its work."""


class MortalClock:
    """The scene's clock, whose owner dies when it looks for the time once too often: an office
    looks before each step and at each commit."""

    def __init__(self, scene: Scene, looks: int) -> None:
        self._clock, self._looks_left = scene.clock, looks

    def now_s(self) -> int:
        self._looks_left -= 1
        if self._looks_left < 0:
            raise Killed
        return self._clock.now_s()


def _office(
    config: RetailerConfig, hub: httpx.AsyncClient, *, clock: MortalClock, opened: ExitStack
) -> BackOffice:
    vtn = open_vtn(VtnTerms(config.state, clock=config.clock), opened=opened)
    return open_office(config, hub, clock=clock, opened=opened, desk=vtn.desk)


Order = Callable[[BackOffice, date], Awaitable[Document]]


def live_and_die(scene: Scene, order: Order, *, looks: int) -> Document:
    """The answer of an office that lives for so many looks at the clock. Raises Killed."""
    config = RetailerConfig.load(scene.root / "retailer.toml")
    clock = MortalClock(scene, looks)

    async def scenario() -> Document:
        hub = httpx.AsyncClient(
            transport=httpx.ASGITransport(scene.hub.app()), base_url=config.hub_url
        )
        async with hub:
            with ExitStack() as opened:
                return await order(_office(config, hub, clock=clock, opened=opened), DAY)

    return asyncio.run(scenario())


def anchors_of(scene: Scene) -> int:
    anchor = scene.ground.deployment.anchor
    with RpcChain(scene.chain.url) as chain:
        return len(chain.logs(anchor, [], from_block=0, to_block=chain.head().number))


OPENED = ["PlanAdopted", "PricesAdopted", "PositionBought", "SaltDrawn", "PricesPublished"]
CLOSED = ["VaultFollowed", "BatchPosted", "DayClosed"]


@pytest.mark.parametrize(
    ("looks", "left", "anchors"),
    [
        ((0,), [], 0),
        ((1,), OPENED[:1], 0),
        ((1, 1), OPENED[:1], 0),
        ((1, 2), OPENED[:4], 0),
        ((1, 3), OPENED[:4], 1),
        ((1, 3, 0), OPENED[:4], 1),
        ((1, 4), OPENED[:4], 1),
        ((1, 4, 1), OPENED[:4], 1),
    ],
)
def test_killed_while_it_opens_a_day_it_goes_on_where_it_was(
    scene: Scene, looks: tuple[int, ...], left: list[str], anchors: int
) -> None:
    for life in looks:
        with pytest.raises(Killed):
            live_and_die(scene, BackOffice.open_day, looks=life)
    assert [stored.fact.kind for stored in scene.facts()] == left
    assert anchors_of(scene) == anchors
    answer = scene.order("day-ahead", DAY)
    assert answer.status_code == 200
    assert [stored.fact.kind for stored in scene.facts()] == OPENED
    assert anchors_of(scene) == 1
    assert scene.order("day-ahead", DAY).content == answer.content


def test_killed_with_the_bills_anchored_and_written_it_closes_the_day_once(scene: Scene) -> None:
    scene.order("day-ahead", DAY)
    for looks in (0, 1, 1):
        with pytest.raises(Killed):
            live_and_die(scene, BackOffice.close_day, looks=looks)
    assert [stored.fact.kind for stored in scene.facts()] == OPENED
    assert anchors_of(scene) == 2
    answer = scene.order("close", DAY)
    assert answer.status_code == 200
    assert [stored.fact.kind for stored in scene.facts()] == OPENED + CLOSED
    assert anchors_of(scene) == 2
    assert answer.json()["gas"]["kinds"]["claim"]["transactions"] == 1
    assert scene.order("close", DAY).content == answer.content


def test_a_disk_that_fills_up_keeps_whole_commits_only(scene: Scene) -> None:
    """The journal has one page more at each attempt."""
    scene.order("day-ahead", DAY)
    before = scene.facts()
    pages = (scene.root / "state" / "retailer.journal").stat().st_size // 4_096
    refused = 0
    while True:
        limit = f"journal_page_limit = {pages + refused}"
        scene.configure(('clock = "clock"', f'clock = "clock"\n{limit}'))
        answer = scene.order("close", DAY)
        if answer.status_code == 200:
            break
        assert answer.status_code == 503
        assert "the page limit is full" in answer.json()["error"]
        assert scene.facts() == before
        refused += 1
    assert refused >= 2
    assert Counter(stored.fact.kind for stored in scene.facts())["DayClosed"] == 1
    assert anchors_of(scene) == 2


def test_after_a_failed_commit_questions_are_answered_and_orders_are_not(scene: Scene) -> None:
    scene.order("day-ahead", DAY)
    size = (scene.root / "state" / "retailer.journal").stat().st_size
    pages = f"journal_page_limit = {size // 4096}"
    scene.configure(('clock = "clock"', f'clock = "clock"\n{pages}'))

    async def question(client: httpx.AsyncClient) -> None:
        assert (await post_order(client, "close", day=DAY)).status_code == 503
        again = await post_order(client, "close", day=DAY)
        assert again.status_code == 503
        assert "open it again and replay" in again.json()["error"]
        assert (await client.get("/health")).json() == {
            "ok": True,
            "opened": 1,
            "closed": 0,
            "chain": {"standing": "SETTLED", "sentence": "everything sent is final"},
        }

    scene.ask(question)


def test_a_bill_that_cannot_be_written_stops_the_close_before_it_is_journaled(
    scene: Scene,
) -> None:
    scene.order("day-ahead", DAY)
    before = scene.facts()
    in_the_way = scene.root / "out" / "bills" / f"{NAMES[-1]}-{DAY}.json"
    in_the_way.mkdir(parents=True)
    answer = scene.order("close", DAY)
    assert answer.status_code == 503
    assert f"{in_the_way} cannot be written" in answer.json()["error"]
    assert scene.facts() == before
    in_the_way.rmdir()
    assert scene.order("close", DAY).status_code == 200
    assert sorted(path.name for path in in_the_way.parent.iterdir()) == [
        f"{name}-{DAY}.json" for name in NAMES
    ]
    assert anchors_of(scene) == 2


def test_books_that_cannot_be_written_are_written_when_asked_again(scene: Scene) -> None:
    scene.order("day-ahead", DAY)
    books = scene.root / "out" / "ledger.journal"
    books.mkdir(parents=True)
    assert scene.order("close", DAY).status_code == 503
    books.rmdir()
    again = scene.order("close", DAY)
    assert again.status_code == 200
    assert books.read_text().startswith("commodity 1000.000000 BOLT")


def test_a_chain_that_is_gone_is_named_and_the_day_opens_when_it_is_back(
    ground: Ground, tmp_path: Path
) -> None:
    scene = Scene(tmp_path, ground)
    try:

        async def question(client: httpx.AsyncClient) -> httpx.Response:
            await asyncio.to_thread(scene.chain.stop)
            return await post_order(client, "day-ahead", day=DAY)

        answer = scene.ask(question)
        assert answer.status_code == 502
        assert "cannot be asked" in answer.json()["error"]
        kinds = [stored.fact.kind for stored in scene.facts()]
        assert kinds == OPENED[:4]
    finally:
        scene.chain.stop()
    scene.serve_chain()
    try:
        scene.configure()
        assert scene.order("day-ahead", DAY).status_code == 200
        assert Counter(stored.fact.kind for stored in scene.facts())["PositionBought"] == 1
    finally:
        scene.chain.stop()


def test_another_writer_of_the_journal_is_refused(scene: Scene) -> None:
    async def question(_client: httpx.AsyncClient) -> None:
        with pytest.raises(StorageError, match="a journal has one writer"):
            async with scene.office():
                pass

    scene.ask(question)
