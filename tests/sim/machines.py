"""The machines of the world: the real hub and the real agents, each on its disk, node and clock."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from gridplus.agent import AgentKeys, Ground, Household, Link, PriceFeed, SmartAgent, remember
from gridplus.agent import open_outbox as home_outbox
from gridplus.chain import Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.patience import Patience
from gridplus.chain.views import see_home
from gridplus.digest import canonical_json
from gridplus.failures import Bug, GridPlusError, StorageError
from gridplus.hub import Hub, HubParts
from gridplus.hub.app import HubApp
from gridplus.hub.claim_policy import USUAL_CLAIMS
from gridplus.hub.claiming import Claimer
from gridplus.hub.facts import open_outbox
from gridplus.hub.owing import OwnHomes
from gridplus.hub.supply import Supply
from gridplus.hub.vault import ClaimLink, VaultLink
from gridplus.keystore import Secp256k1Key
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff import ChannelIdentity, Plan
from gridplus.units import SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT, Interval
from gridplus.wire import PriceEvent, PriceEvents
from tests.sim.clockwork import Process
from tests.sim.disk import Disk, DiskJournal
from tests.sim.network import Answer, Network, Request, ask_app
from tests.sim.node import Node
from tests.sim.setting import LoopWaiting, ProcessClock, Setting

UNSIGNED_LIMIT = 3 * UBOLT_PER_BOLT
UNPOSTED_LIMIT = 40 * UBOLT_PER_BOLT
PATIENCE_S = 15


@dataclass
class Board:
    """The retailer, as far as homes and hub ask it: a plan and prices that never change."""

    plan: Plan
    prices: PriceVersion
    process: Process | None = field(default_factory=lambda: Process("retailer"))

    async def answer(self, request: Request) -> Answer:
        match request.path.split("/")[2:]:
            case ["plan"]:
                return Answer(200, self.plan.canonical)
            case ["price-events"]:
                prices = self.prices
                event = PriceEvent(
                    1, self.plan.id, prices.operating_day, prices.digest, prices.known_at_s
                )
                fresh = () if request.query.endswith(b"=1") else (event,)
                return Answer(200, PriceEvents(fresh).to_bytes())
        return Answer(200, canonical_json(self.prices.document()))


@dataclass
class Machine(ABC):
    """Started, it lives until it is killed; its disk stays. `pace_s` is how often it looks."""

    name: str
    setting: Setting
    node: Node
    disk: Disk
    clock: ProcessClock
    process: Process | None = None
    pace_s: int = 200
    lives: int = 0

    def start(self) -> None:
        self.lives += 1
        self.process = Process(f"{self.name}/{self.lives}")
        self.setting.note(f"{self.process.name} starts")
        task = self.setting.loop.spawn(self.process, self.live(self.process))
        task.add_done_callback(self._ended)

    def kill(self) -> None:
        if self.process is not None and self.process.alive:
            self.setting.note(f"{self.process.name} is killed")
            self.process.kill()

    @abstractmethod
    async def live(self, process: Process) -> None:
        """What it does until it is killed."""

    def journal(self, process: Process) -> DiskJournal:
        return self.disk.open(process, self.clock.now_s)

    async def again(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Try until it is done: the world fails often, and not for ever."""
        while not await self.once(what, work):
            await asyncio.sleep(self.setting.random.randrange(20, 100))

    async def once(self, what: str, work: Callable[[], Awaitable[object]]) -> bool:
        try:
            await work()
        except StorageError as error:
            self.setting.note(f"{self.name}: {what}: {error}")
            self.kill()  # its operator starts it again
            await asyncio.sleep(1)
        except GridPlusError as error:
            self.setting.note(f"{self.name}: {what}: {error}")
            return False
        return True

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self.setting.fail(task.exception() or Bug("unknown"))


@dataclass
class HubMachine(Machine):
    """The hub behind its real HTTP app. What the app does by itself, on a loop of seconds, happens
    here every `pace_s`."""

    key: Secp256k1Key = None  # type: ignore[assignment]
    deployment: Deployment = None  # type: ignore[assignment]
    network: Network = None  # type: ignore[assignment]
    board: Board = None  # type: ignore[assignment]
    hub: Hub | None = None
    claimer: Claimer | None = None
    make_hub: Callable[[HubParts], Hub] = Hub
    make_claimer: Callable[..., Claimer] = Claimer
    _app: Any = None

    async def live(self, process: Process) -> None:
        self._app = None
        journal = self.journal(process)
        sender = Sender(
            self.key,
            self.node,
            outbox=open_outbox(journal),
            patience=Patience(PATIENCE_S, LoopWaiting(self.setting)),
        )
        vault = VaultLink(self.node, self.deployment)
        hub = self.make_hub(HubParts(self.key, vault, journal, self.clock, UNSIGNED_LIMIT))
        hub.start()
        payees, claims = OwnHomes(hub), ClaimLink(vault, sender)
        claimer = self.make_claimer(payees, claims, journal=journal, clock=self.clock)
        self.hub, self.claimer = hub, claimer
        line = self.network.line(self.name, self.board)
        client = httpx.AsyncClient(transport=line, base_url="http://retailer", timeout=10)
        supply = Supply(client, hub)
        self._app = HubApp(hub, supply, admin_token="").starlette()
        chores: tuple[tuple[str, Callable[[], Awaitable[object]], int], ...] = (
            ("follow", hub.follow_chain, 1),
            ("refresh", supply.refresh, 10),
            ("leaving", claimer.claim_leaving, 1),
            ("keep", hub.keeper.keep, 3),
            ("claim", lambda: claimer.claim_due(USUAL_CLAIMS), 4),
        )
        await asyncio.gather(*(self._repeat(*chore) for chore in chores))

    async def answer(self, request: Request) -> Answer:
        if self._app is None:
            return Answer(503, b"starting")
        try:
            answer = await ask_app(self._app, request)
            if answer.status == 503:
                self.setting.note("hub: its journal has stopped; somebody will start it again")
                self.setting.loop.call_later(30, self.kill)
            return answer
        except Exception as error:
            self.setting.fail(error)
            raise

    async def close_day(self) -> None:
        """The back office orders a claim of everything."""
        if self.claimer is not None and self._app is not None:
            await self.once("close", self.claimer.claim)

    async def _repeat(self, what: str, chore: Callable[[], Awaitable[object]], every: int) -> None:
        while True:
            await self.once(what, chore)
            await asyncio.sleep(self.setting.random.uniform(0.5, 1.5) * self.pace_s * every)


@dataclass
class Meter:
    """Hardware of the home: it measures whatever the box does. `truth` is what flowed."""

    setting: Setting
    start_s: int
    earns: bool
    truth: dict[int, IntervalRead] = field(default_factory=dict)
    stopped_s: int = 1 << 60

    def read(self, start_s: int) -> IntervalRead:
        return self.truth[start_s]

    def over(self) -> list[int]:
        """Starts of the intervals that are over."""
        until_s = min(self.setting.now_s, self.stopped_s)
        next_s = self.start_s + len(self.truth) * SETTLEMENT_INTERVAL_S
        while next_s + SETTLEMENT_INTERVAL_S <= until_s:
            self._measure(next_s)
            next_s += SETTLEMENT_INTERVAL_S
        return list(self.truth)

    def _measure(self, start_s: int) -> None:
        random, last = self.setting.random, self.truth.get(start_s - SETTLEMENT_INTERVAL_S)
        import_wh = random.choice((0, random.randrange(2_000), random.randrange(20_000)))
        export_wh = random.randrange(15_000) if self.earns and random.random() < 0.5 else 0
        before = (0, 0) if last is None else (last.register_import_wh, last.register_export_wh)
        self.truth[start_s] = IntervalRead(
            Interval(start_s, SETTLEMENT_INTERVAL_S),
            import_wh,
            export_wh,
            before[0] + import_wh,
            before[1] + export_wh,
        )


@dataclass
class HomeMachine(Machine):
    """The box of one home: the real agent, its memory and its keys."""

    identity: ChannelIdentity = None  # type: ignore[assignment]
    keys: AgentKeys = None  # type: ignore[assignment]
    fee_payer: Secp256k1Key = None  # type: ignore[assignment]
    meter: Meter = None  # type: ignore[assignment]
    deployment: Deployment = None  # type: ignore[assignment]
    hub: HubMachine = None  # type: ignore[assignment]
    agent: SmartAgent | None = None
    make_agent: Callable[..., SmartAgent] = SmartAgent

    async def live(self, process: Process) -> None:
        self.agent = None
        journal = self.journal(process)
        agents: list[SmartAgent] = []

        async def begin() -> None:
            agents.append(await self._begin(journal))

        await self.again("begin", begin)
        agent = self.agent = agents[0]
        await self.again("prices", agent.learn_prices)
        await self.again("open", agent.open)
        while True:
            await self._pay(agent)
            await self.once("look", lambda: agent.see_chain(now_s=self.clock.now_s()))
            if agent.credit_fault is not None:
                self.setting.note(f"{self.name}: credit: {agent.credit_fault}")
            await asyncio.sleep(self.setting.random.uniform(0.3, 1.5) * self.pace_s)

    async def _begin(self, journal: DiskJournal) -> SmartAgent:
        channel, network = self.identity.channel, self.hub.network
        seen = await asyncio.to_thread(
            see_home, self.node, self.deployment, channel=channel, now_s=self.clock.now_s()
        )
        memory = remember(
            journal,
            self.identity,
            hub=self.hub.key.address,
            seen=seen,
            unposted_limit_ubolt=UNPOSTED_LIMIT,
        )
        payer = Sender(
            self.fee_payer,
            self.node,
            outbox=home_outbox(journal),
            patience=Patience(PATIENCE_S, LoopWaiting(self.setting)),
        )
        board = Link("retailer", "http://r", transport=network.line(self.name, self.hub.board))
        return self.make_agent(
            Household(self.identity, None, self.hub.board.plan),  # type: ignore[arg-type]
            keys=self.keys,
            devices=self.meter,
            hub=Link("hub", "http://hub", transport=network.line(self.name, self.hub)),
            ground=Ground(self.node, self.deployment, memory, PriceFeed(board), payer),
        )

    async def _pay(self, agent: SmartAgent) -> None:
        for start_s in self.meter.over():
            taking = partial(agent.memory.take_read, self.meter.read(start_s))
            if not await self.once("read", taking):
                return
        await self.once("pay", lambda: agent.pay_unpaid(now_s=self.clock.now_s()))
