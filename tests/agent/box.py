"""A Smart Agent's box in front of a real hub, with someone on the line who may meddle."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from gridplus.agent import (
    AgentKeys,
    Ground,
    HomeDevices,
    Household,
    Link,
    Payment,
    PriceFeed,
    SmartAgent,
    remember,
)
from gridplus.agent.memory import Kind
from gridplus.chain.views import see_channels
from gridplus.demo.options import bundled
from gridplus.digest import canonical_json
from gridplus.hub.app import HubApp
from gridplus.hub.home import Home
from gridplus.hub.supply import Supply
from gridplus.journal import SqliteJournal
from gridplus.meter import IntervalRead
from gridplus.planner import Energies, Rule, parse_home
from gridplus.units import SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT
from tests.hub.board import Board
from tests.hub.town import PLAN, PRICES, START_S, House, Life, Town, living_hub

UNPOSTED_LIMIT = 50 * UBOLT_PER_BOLT
Meddling = Callable[[dict[str, Any]], None]


class HandMeter:
    """The home's meter and battery. What it measured is what the test wrote down."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.rule: Rule | None = None

    @property
    def stored_uwh(self) -> int:
        return 3_200_000_000

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        count = (end_s - start_s) // SETTLEMENT_INTERVAL_S
        return np.full(count, 250), np.zeros(count, dtype=np.int64)

    def follow(self, rule: Rule) -> None:
        self.rule = rule

    def read(self, start_s: int) -> IntervalRead:
        return next(read for read in self._house.reads if read.interval.start_s == start_s)


@dataclass
class Line(httpx.AsyncBaseTransport):
    """A home's connection. `open` is whether anybody is there, `deaf` names a path whose answers
    are lost, `meddle` changes the JSON of an answer, `instead` replaces an answer altogether."""

    inner: httpx.AsyncBaseTransport
    open: bool = True
    deaf: str = ""
    meddle: Meddling | None = None
    instead: httpx.Response | None = None
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if not self.open:
            raise httpx.ConnectError("nobody listens")
        response = await self.inner.handle_async_request(request)
        if path == self.deaf:
            raise httpx.ReadError("the line is cut")
        if self.instead is not None:
            return self.instead
        if self.meddle is None or response.status_code != 200:
            return response
        document = json.loads(await response.aread())
        self.meddle(document)
        return httpx.Response(200, content=canonical_json(document))


@dataclass
class Box:
    """One home, its agent, the hub behind the line, and the board."""

    town: Town
    house: House
    life: Life
    board: Board
    line: Line
    folder: Path
    agent: SmartAgent
    journal: SqliteJournal

    @property
    def hub_home(self) -> Home:
        """What the hub knows of this home."""
        return self.life.book.homes[self.house.channel]

    async def live(self, import_wh: int = 400, export_wh: int = 0) -> Payment | None:
        """A quarter of an hour goes by, and is paid for."""
        read = self.house.next_read(import_wh, export_wh)
        self.life.clock.shown_s = read.interval.end_s
        return await self.agent.pay(read.interval, now_s=read.interval.end_s)

    async def retry(self) -> Payment | None:
        """Ask again, nothing new having been metered."""
        return await self.agent.pay_unpaid(now_s=self.life.clock.shown_s)

    def facts(self, kind: Kind) -> list[dict[str, Any]]:
        """What the agent's own journal holds of a kind."""
        stored = self.journal.replay()
        return [json.loads(s.fact.body) for s in stored if s.fact.kind == kind]

    async def restart(self, *, unposted_limit: int = UNPOSTED_LIMIT) -> None:
        """The box loses power; everything it knows again comes from its journal."""
        self.journal.close()
        self.agent, self.journal = start_agent(self, unposted_limit=unposted_limit)
        await self.agent.learn_prices()


def start_agent(
    box: Any, *, unposted_limit: int, devices: HomeDevices | None = None
) -> tuple[SmartAgent, SqliteJournal]:
    town, house = box.town, box.house
    journal = SqliteJournal.open(box.folder / "agent.journal", now_s=box.life.clock.now_s)
    seen = see_channels(town.chain, town.deployment, channels=[house.channel], now_s=START_S)
    memory = remember(
        journal,
        house.identity,
        hub=town.hub_key.address,
        seen=seen[house.channel],
        unposted_limit_ubolt=unposted_limit,
    )
    retailer = Link("retailer", "http://retailer", transport=box.board.transport())
    agent = SmartAgent(
        Household(house.identity, parse_home(bundled("home.toml"), what="home.toml"), PLAN),
        keys=AgentKeys(house.device, house.voucher_key),
        devices=devices or HandMeter(house),
        hub=Link("hub", "http://hub", transport=box.line),
        ground=Ground(town.chain, town.deployment, memory, PriceFeed(retailer), archive=retailer),
    )
    return agent, journal


@asynccontextmanager
async def agent_box(
    town: Town,
    folder: Path,
    *,
    unposted_limit: int = UNPOSTED_LIMIT,
    devices: HomeDevices | None = None,
) -> AsyncIterator[Box]:
    """A home whose channel is open at the hub, with the day's prices known."""
    (house,) = town.move_in(1)
    board = Board()
    board.publish(PRICES)
    async with AsyncExitStack() as stack:
        life = await stack.enter_async_context(living_hub(town, folder / "hub.journal"))
        client = await stack.enter_async_context(board.client())
        app = HubApp(life.hub, Supply(client, life.hub), admin_token="").starlette()
        line = Line(httpx.ASGITransport(app=app))
        box = Box(town, house, life, board, line, folder, None, None)  # type: ignore[arg-type]
        box.agent, box.journal = start_agent(box, unposted_limit=unposted_limit, devices=devices)
        await box.agent.open()
        await box.agent.learn_prices()
        yield box
        box.journal.close()
