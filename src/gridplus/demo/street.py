"""The homes of the street: their keys, their devices, and a Smart Agent in each."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from gridplus.agent import (
    AgentKeys,
    AskFeed,
    Ground,
    Household,
    HubLink,
    Identity,
    Link,
    OrdersFolder,
    OwnersWord,
    SmartAgent,
    Ven,
    VenFeed,
    enrol,
    fetch_plan,
    meet,
    remember,
)
from gridplus.agent.agent import HISTORY_DAYS
from gridplus.agent.moving_in import Family, channel_of, claim_box
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import see_channels
from gridplus.clock import Clock, SystemClock
from gridplus.demo.asks import write_owners_word
from gridplus.demo.device import DeviceState, Measured, SimulatedHome
from gridplus.demo.founding import seed_of
from gridplus.demo.line import Line
from gridplus.demo.options import StreetTerms, bundled
from gridplus.demo.street_data import Energies, HomeSeries, outdoor_mc
from gridplus.failures import Bug, RemoteError, invariant
from gridplus.journal import SqliteJournal
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key, claim_key, new_claim_code
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.planner import UWH_PER_WH, Home, Rule, State, forecast_net_load, parse_home
from gridplus.tariff import ChannelIdentity
from gridplus.tariff import Plan as TariffPlan
from gridplus.units import SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT, Interval
from gridplus.wallet import Address

if TYPE_CHECKING:
    from gridplus.agent.push import Push

HEARD_S = 10
"""How long news may take over a broker."""
HOME_FILES = ("home.toml", "home-car.toml", "home-climate.toml", "home-both.toml")


class SimulatedDevices:
    """The agent's side of a simulated home; time passes only when the demo says so."""

    def __init__(self, home: SimulatedHome) -> None:
        self._home = home
        self._rule: Rule | None = None
        self._wanted_wh: Mapping[str, int] | None = None
        self.measured: dict[int, Measured] = {}

    @property
    def stored_uwh(self) -> int:
        return self._home.state.stored_uwh

    @property
    def measured_until_s(self) -> int:
        return self._home.state.now_s

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        return self._home.past(start_s, end_s)

    def metered_past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        return self._home.metered_past(start_s, end_s)

    def follow(self, rule: Rule) -> None:
        self._rule = rule

    def standing(self, now_s: int, end_s: int) -> State:
        return self._home.fittings.state(self.stored_uwh, now_s=now_s, end_s=end_s)

    def outdoor_mc(self, start_s: int) -> int:
        invariant(start_s < self.measured_until_s, "nobody feels tomorrow's weather")
        return outdoor_mc(start_s)

    def run(self, wanted_wh: Mapping[str, int]) -> None:
        self._wanted_wh = wanted_wh

    def read(self, start_s: int) -> IntervalRead:
        invariant(start_s in self.measured, "a meter reads what is over")
        return self.measured[start_s].read

    def rest_until(self, until_s: int) -> None:
        """Live on without any rule until `until_s`; nothing when that is over."""
        while (interval := self._home.next_interval).end_s <= until_s:
            self.pass_time(interval)

    def pass_time(self, interval: Interval) -> None:
        """Live through `interval`; what was told holds for this one interval only."""
        rule, self._rule = self._rule, None
        wanted_wh, self._wanted_wh = self._wanted_wh, None
        self.measured[interval.start_s] = self._home.advance(interval, rule, wanted_wh=wanted_wh)


@dataclass(frozen=True, slots=True)
class Start:
    """When and with which values the street begins."""

    now_s: int
    seed: int
    daily_cap_bolt: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every box of the street is told when it is set up."""

    chain: Chain
    deployment: Deployment
    hub: Address
    line: Line
    plan: TariffPlan
    clock: Clock
    terms: StreetTerms


@dataclass
class Resident:
    """One home: what its owner holds, the code from its box, what stands in it, and the agent that
    serves it."""

    name: str
    folder: Path
    owner: Secp256k1Key
    claim: Secp256k1Key
    keys: AgentKeys
    identity: ChannelIdentity
    home: Home
    devices: SimulatedDevices
    deposits: int = 0
    _agent: SmartAgent | None = None
    _journal: SqliteJournal | None = None
    _feed: VenFeed | None = None
    _word: OwnersWord | None = None
    _push: "Push | None" = None
    _links: list[HubLink | Link] = field(default_factory=list)

    @property
    def journal_path(self) -> Path:
        return self.folder / "agent.journal"

    @property
    def agent(self) -> SmartAgent:
        """Raises Bug before `wake`."""
        if self._agent is None:
            raise Bug("a resident's agent is awake before it works")
        return self._agent

    async def wake(self, around: Surroundings) -> None:
        """Claim the box, get on the line, and start the home's agent: it remembers what its journal
        says, enrols its VEN, agrees to the plan that it was shown, and opens its channel."""
        channel, now_s = self.identity.channel, around.clock.now_s()
        line = await self._get_on_line(around)
        seen = see_channels(around.chain, around.deployment, channels=[channel], now_s=now_s)
        self._journal = SqliteJournal.open(self.journal_path, now_s=around.clock.now_s)
        memory = remember(
            self._journal,
            self.identity,
            hub=around.hub,
            seen=seen[channel],
            unposted_limit_ubolt=around.terms.unposted_limit_bolt * UBOLT_PER_BOLT,
        )
        there, tls = line.retailer, line.context
        hub = HubLink(Link("hub", there.hub, tls=tls), there.hub, tls=tls)
        retailer = Link("retailer", there.line, tls=tls)
        self._links = [hub, retailer]
        if (await fetch_plan(retailer)).digest != around.plan.digest:
            raise RemoteError(f"the retailer sells another plan than {self.name} was shown")
        credentials = await enrol(retailer, self.identity, device=self.keys.device, now_s=now_s)
        ven = Ven(retailer, credentials)
        self._feed, asked = (
            (feed := VenFeed(ven, around.deployment)),
            AskFeed(ven, around.deployment),
        )
        said = OrdersFolder(self.folder, self.identity)
        self._word = word = OwnersWord(said, asked.asks, asked.promised)
        self._agent = SmartAgent(
            Household(self.identity, self.home, around.plan, word),
            keys=self.keys,
            devices=self.devices,
            hub=hub,
            ground=Ground(around.chain, around.deployment, memory, feed, archive=retailer),
        )
        await self._agent.open()

    async def listen(self) -> None:
        """Hear of events from the VTN's broker, if it has one, from now on. Raises RemoteError for
        one that does not answer."""
        broker = () if self._push is not None else await self._heard.ven.broker()
        if broker:
            from gridplus.agent.push import Push

            push = Push(self._heard.ven, broker[0], topics=broker[1:])
            self._push = await push.__aenter__()
            try:
                await asyncio.wait_for(push.connected.wait(), HEARD_S)
            except TimeoutError:
                raise RemoteError(
                    f"the MQTT broker does not answer within {HEARD_S} s; start it, or leave "
                    "--broker out: homes poll then"
                ) from None

    async def hear_of(self, event_id: str, *, now_s: int) -> str:
        """Hear of an event that was published, and join it where it is to be joined; which way the
        news came."""
        ven = self._heard.ven
        way = "MQTT" if self._push is not None and await self._was_pushed(event_id) else "poll"
        if way == "poll":
            await ven.poll()
        await self.agent.take_part(now_s=now_s)
        return way

    async def _was_pushed(self, event_id: str) -> bool:
        """Wait for the broker's news of an event, and not for ever."""
        try:
            async with asyncio.timeout(HEARD_S):
                while self._push is not None and event_id not in self._heard.ven.timeline.events:
                    self._push.news.clear()
                    await self._push.news.wait()
        except TimeoutError:
            return False
        return True

    async def _get_on_line(self, around: Surroundings) -> Identity:
        """The code from the box claims its device for the owner; the retailer certifies it."""
        url, now_s = around.line.enrol_url, SystemClock().now_s
        retailer = await meet(url, root=around.line.root, now_s=now_s)
        claim, ground = (self.claim, self.owner.address), (around.chain, now_s)
        return await claim_box(url, retailer, keys=self.keys, claim=claim, ground=ground)

    @property
    def orders_fault(self) -> str | None:
        """Why the owner's orders are not followed, where that is so."""
        return None if self._word is None else self._word.fault

    async def report_forecast(self, day: date) -> None:
        """Tell the retailer what this home expects to take on `day`, by what it has measured."""
        intervals, now_s = operating_day_intervals(day), self.devices.measured_until_s
        ahead = (intervals[0].start_s - now_s) // SETTLEMENT_INTERVAL_S
        load_wh, solar_wh = self.devices.past(now_s - HISTORY_DAYS * 86_400, now_s)
        net_wh = forecast_net_load(load_wh, solar_wh, count=ahead + len(intervals))[ahead:]
        await self._heard.report("USAGE_FORECAST", day, net_wh=net_wh)

    async def report_usage(self, day: date) -> None:
        """Tell the retailer what this home took on `day`, which is over."""
        reads = [self.devices.read(each.start_s) for each in operating_day_intervals(day)]
        net_wh = [read.import_wh - read.export_wh for read in reads]
        await self._heard.report("USAGE", day, net_wh=net_wh)

    @property
    def _heard(self) -> VenFeed:
        if self._feed is None:
            raise Bug("a resident's VEN is awake before it reports")
        return self._feed

    async def sleep(self) -> None:
        """Stop the agent; everything it must remember is in its journal."""
        if self._push is not None:
            await self._push.__aexit__()
            self._push = None
        for link in self._links:
            await link.aclose()
        if self._journal is not None:
            self._journal.close()
        self._agent, self._journal, self._links = None, None, []


def make_resident(
    name: str, series: HomeSeries, *, folder: Path, deployment: Deployment, start: Start
) -> Resident:
    """Keys, identity and devices of a home whose data begins to count at `start.now_s`."""
    folder.mkdir(parents=True)
    seed = seed_of(start.seed, name)
    family, box = KeyStore(folder / "owner-keys"), KeyStore(folder / "agent-keys")
    owner = family.create("owner", Secp256k1Key, seed=seed)
    guardian = family.create("guardian", Secp256k1Key, seed=seed)
    keys = AgentKeys(
        box.create("device", DeviceKey, seed=seed), box.create("voucher", Secp256k1Key, seed=seed)
    )
    salt = seed_of(start.seed, name + " salt")
    whose = Family(owner.address, guardian.address, salt, start.daily_cap_bolt)
    identity = channel_of(deployment, keys, family=whose)
    claim = claim_key(new_claim_code(seed=seed_of(start.seed, name + " claim code")))
    file = home_file(name)
    (folder / "home.toml").write_bytes(bundled(file))
    home = parse_home(bundled(file), what=file)
    state = DeviceState(start.now_s, stored_uwh=home.end_of_day_wh * UWH_PER_WH)
    write_owners_word(folder, name, home=home, identity=identity, key=owner)
    devices = SimulatedDevices(SimulatedHome(series, home, state=state))
    return Resident(name, folder, owner, claim, keys, identity, home, devices)


def home_file(name: str) -> str:
    """What stands in home-01, home-02, ...: a battery in each, in turn a car, a heat pump, both."""
    number = int(name.rpartition("-")[2])
    return HOME_FILES[(number - 1) % len(HOME_FILES)]
