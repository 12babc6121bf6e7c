"""The Smart Agent in its box: meters, hears, plans, pays, and stays certified, until it is told to
stop.

Whatever is not there (node, retailer, hub, network, meter) is waited for, each by itself: reads are
kept meanwhile and paid for in one voucher later. Nothing is lost when the box is switched off.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gridplus.agent.agent import AgentKeys, Household, SmartAgent
from gridplus.agent.asked import AskFeed
from gridplus.agent.box_devices import BoxDevices
from gridplus.agent.chores import Chore
from gridplus.agent.ground import Ground, PriceSource, fetch_plan, remember
from gridplus.agent.identity import Identity, meet
from gridplus.agent.links import LineRefused, Link, PriceFeed, Unreachable
from gridplus.agent.memory import Memory
from gridplus.agent.moving_in import UNPOSTED_LIMIT_UBOLT
from gridplus.agent.owners_word import OrdersFolder, OwnersWord
from gridplus.agent.price_signals import VenFeed
from gridplus.agent.stream import HubLink
from gridplus.agent.ven import Ven
from gridplus.agent.ven import enrol as enrol_ven
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask, see_home
from gridplus.clock import Clock
from gridplus.contracts import calls, registry
from gridplus.failures import RemoteError
from gridplus.journal import Journal
from gridplus.planner import Home
from gridplus.tariff import ChannelIdentity
from gridplus.units import DAY_S, SETTLEMENT_INTERVAL_S, Interval, format_ubolt
from gridplus.wallet import Address
from gridplus.wallet.certificates import device_id

if TYPE_CHECKING:
    from gridplus.agent.push import Push

TICK_S: Final = 1
METER_S: Final = 1
SIGNALS_S: Final = 60
LINE_S: Final = 600
LOOK_S: Final = 300


@dataclass(frozen=True, slots=True)
class Box:
    """What an enrolled folder holds. `door` is the retailer's enrolment door, `root` the SHA-256 of
    its pinned root; certificates live by `world_s`, all else by `clock`."""

    folder: Path
    door: str
    root: bytes
    deployment: Deployment
    registry: Address
    keys: AgentKeys
    channel: ChannelIdentity
    home: Home
    chain: Chain
    clock: Clock
    world_s: Callable[[], int]


class Life:
    """One box, from when it is switched on. `ready` is called when it is on the line."""

    def __init__(
        self,
        box: Box,
        journal: Journal,
        *,
        devices: BoxDevices,
        log: logging.Logger,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._box = box
        self._journal = journal
        self._devices = devices
        self._log = log
        self._ready = ready
        self._open = AsyncExitStack()
        self._memory: Memory | None = None
        self._identity: Identity | None = None
        self._agent: SmartAgent | None = None
        self._ven: Ven | None = None
        self._push: Push | None = None
        self._decided: Interval | None = None
        self._owes = True
        spread, remembers, is_on_line = box.keys.device.public[0], self._remembers, self._is_on_line
        self._chores = [
            Chore("chain", self._look_at_chain, LOOK_S, spread),
            Chore("meter", self._take_reads, METER_S, ready=remembers),
            Chore("line", self._stay_on_line, LINE_S, spread, remembers),
            Chore("signals", self._hear, SIGNALS_S, spread, is_on_line),
            Chore("devices", self._decide, METER_S, ready=is_on_line),
            Chore("payment", self._pay, METER_S, spread, is_on_line),
            Chore("restatements", self._restate, DAY_S, spread, is_on_line),
            Chore("revocation lists", self._refresh, DAY_S, spread, is_on_line),
        ]

    async def live(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what has begun is ended first."""
        loop = asyncio.get_running_loop()
        async with self._open:
            while not stop.is_set():
                if self._push is not None and self._push.news.is_set():
                    self._push.news.clear()
                    self._chore("signals").hurry()
                for chore in self._chores:
                    if stop.is_set():
                        break
                    await chore.do(int(loop.time()), log=self._log)
                try:
                    await asyncio.wait_for(stop.wait(), TICK_S)
                except TimeoutError:
                    continue

    def _remembers(self) -> bool:
        """Whether the chain was seen once, which memory begins with."""
        return self._memory is not None

    def _is_on_line(self) -> bool:
        return self._agent is not None

    async def _look_at_chain(self) -> None:
        box, now_s = self._box, self._box.clock.now_s()
        if self._agent is not None:
            await self._agent.see_chain(now_s=now_s)
            if self._agent.credit_fault is not None:
                raise RemoteError(self._agent.credit_fault)
        elif self._memory is None:
            self._memory = await asyncio.to_thread(self._remember, box, now_s)

    def _remember(self, box: Box, now_s: int) -> Memory:
        where = box.deployment
        seen = see_home(box.chain, where, channel=box.channel.channel, now_s=now_s)
        hub = Address(ask(box.chain, where.vault, view=calls.hub()))
        return remember(
            self._journal,
            box.channel,
            hub=hub,
            seen=seen,
            unposted_limit_ubolt=UNPOSTED_LIMIT_UBOLT,
        )

    async def _take_reads(self) -> None:
        """Keep what the meter has said since the last look."""
        memory = self._memory
        meter = None if memory is None else self._devices.look(memory.last_read)
        if memory is None or meter is None:
            return
        for problem in meter.problems:
            self._log.warning("meter: left out: %s", problem)
        for read in meter.following():
            await memory.take_read(read)
        gap = meter.gap()
        if gap is not None:
            raise RemoteError(f"the read of {gap} is missing; nothing after it can be paid for")

    async def _stay_on_line(self) -> None:
        """Get on the line; once there, see that it is believed, and renew what is due."""
        identity = self._identity
        if identity is None:
            await self._get_on_line()
            return
        office = Link("retailer", identity.retailer.line, tls=identity.context)
        try:
            if identity.is_due():
                await identity.renew()
                self._log.info("line: certified until %s", _until(identity))
            await office.get("/v1/retailer")
        except LineRefused as error:
            self._log.warning("line: %s; starting again at the door", error)
            await self._require_ours()
            await identity.start_again(self._box.door)
            self._log.info("line: certified until %s", _until(identity))
        finally:
            await office.aclose()

    async def _get_on_line(self) -> None:
        box, memory = self._box, self._memory
        if memory is None:
            return
        await self._require_ours()
        retailer = await meet(box.door, root=box.root, now_s=box.world_s)
        if (retailer.deployment, retailer.registry) != (box.deployment, box.registry):
            raise RemoteError("the retailer names other contracts than this box enrolled with")
        device, now_s = box.keys.device, box.world_s
        identity = await Identity.enrol(box.door, retailer, device=device, now_s=now_s)
        tls = identity.context
        office = Link("retailer", retailer.line, tls=tls)
        hub = HubLink(Link("hub", retailer.hub, tls=tls), retailer.hub, tls=tls, news=self._told)
        async with AsyncExitStack() as opened:
            for link in (office, hub):
                opened.push_async_callback(link.aclose)
            agent = await self._agent_on(office, hub, memory=memory)
            await agent.open()
            self._open.push_async_callback(opened.pop_all().aclose)
        self._identity, self._agent = identity, agent
        self._log.info("line: certified until %s", _until(identity))
        self._ready()

    async def _agent_on(self, office: Link, hub: HubLink, *, memory: Memory) -> SmartAgent:
        box = self._box
        plan = await fetch_plan(office)
        feed, word = await self._signals_of(office)
        return SmartAgent(
            Household(box.channel, box.home, plan, word),
            keys=box.keys,
            devices=self._devices,
            hub=hub,
            ground=Ground(box.chain, box.deployment, memory, feed, archive=office),
        )

    async def _signals_of(self, office: Link) -> tuple[PriceSource, OwnersWord]:
        """Events of the VTN; the plain list of prices where it does not enrol this VEN."""
        box = self._box
        said, device = OrdersFolder(box.folder, box.channel), box.keys.device
        try:
            known = await enrol_ven(office, box.channel, device=device, now_s=box.clock.now_s())
        except Unreachable:
            raise
        except RemoteError as error:
            self._log.warning("signals: prices alone, nothing that is asked: %s", error)
            return PriceFeed(office), OwnersWord(said, lambda _from_s, _until_s: ())
        self._ven = ven = Ven(office, known)
        asked = AskFeed(ven, box.deployment)
        return VenFeed(ven, box.deployment), OwnersWord(said, asked.asks, asked.promised)

    async def _require_ours(self) -> None:
        """Whether the registry still has this box as its owner's. Raises RemoteError."""
        box = self._box
        view = registry.device(device_id(box.keys.device.public))
        state = await asyncio.to_thread(lambda: ask(box.chain, box.registry, view=view))
        if not any(state.owner):
            raise RemoteError("this box is enrolled no more: it was given up, or its code revoked")

    def _told(self, _news: bytes) -> None:
        """The hub says over its stream that prices were published: they are asked for at once."""
        self._chore("signals").hurry()

    def _chore(self, name: str) -> Chore:
        return next(each for each in self._chores if each.name == name)

    async def _hear(self) -> None:
        if self._agent is not None:
            await self._agent.learn_prices()
            await self._listen()
            await self._agent.take_part(now_s=self._box.clock.now_s())

    async def _listen(self) -> None:
        """Hear of events from the VTN's broker, where it has one: each notice makes a poll due."""
        where = () if self._ven is None or self._push is not None else await self._ven.broker()
        if where and self._ven is not None:
            from gridplus.agent.push import Push  # only where there is a broker: 3 MB

            push = Push(self._ven, where[0], topics=where[1:])
            self._push = await self._open.enter_async_context(push)
            self._log.info("signals: told of events by %s", where[0])

    async def _decide(self) -> None:
        """Once a quarter hour, as soon as it has begun."""
        agent, now_s = self._agent, self._box.clock.now_s()
        start_s = now_s - now_s % SETTLEMENT_INTERVAL_S
        interval = Interval(start_s, SETTLEMENT_INTERVAL_S)
        if agent is None or interval == self._decided:
            return
        agent.decide(interval)
        await asyncio.to_thread(self._devices.tell, interval, why=agent.why())
        self._decided = interval

    async def _pay(self) -> None:
        agent, memory = self._agent, self._memory
        if agent is None or memory is None or not (memory.unpaid or self._owes):
            return
        self._owes = True
        payment = await agent.pay_unpaid(now_s=self._box.clock.now_s())
        if payment is not None:
            paid = format_ubolt(payment.voucher.spent)
            newest = memory.payer.bill.interval
            self._log.info("payment: paid for %s: %s BOLT in all", newest, paid)
        if memory.unpaid:
            self._chore("line").hurry()
            kept = len(memory.unpaid)
            raise Unreachable(f"the hub cannot be reached; {kept} reads are kept and paid later")
        self._owes = False

    async def _restate(self) -> None:
        if self._agent is not None:
            await self._agent.take_restatements(now_s=self._box.clock.now_s())

    async def _refresh(self) -> None:
        if self._identity is not None:
            await self._require_ours()
            await self._identity.refresh()


def _until(identity: Identity) -> str:
    return f"{identity.certificate.not_valid_after_utc:%Y-%m-%d %H:%M}Z"
