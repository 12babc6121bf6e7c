"""A home with battery, car and heat pump that lives a day under its owner's orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from coincurve import PrivateKey

from gridplus.agent.deciding import Coming, DevicePlanner
from gridplus.agent.owners_word import OwnersWord
from gridplus.control import (
    Consent,
    Consents,
    Decision,
    Orders,
    Preferences,
    Signal,
    asks_of,
    consent_digest,
)
from gridplus.demo.fittings import Fittings
from gridplus.demo.options import bundled
from gridplus.digest import keccak256
from gridplus.failures import Bug
from gridplus.keystore import Secp256k1Key
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.planner import UWH_PER_WH, Energies, Home, Rule, State, parse_home, respond
from gridplus.signals import Json, Timeline
from gridplus.tariff import Tally
from gridplus.wallet import Address, ChannelId, vault_domain
from tests.hub.town import DAY, PLAN, PRICES

HOME = parse_home(bundled("home-both.toml"), what="home-both.toml")
OWNER = Secp256k1Key(PrivateKey(keccak256(b"owner")))
CHANNEL = ChannelId(b"c" * 32)
DOMAIN = vault_domain(1, Address(bytes(19) + b"v"))
LOAD_WH = 200
THREE = ("battery", "car", "climate")


def signed(consent: Consent, key: Secp256k1Key = OWNER) -> Consent:
    return replace(consent, signature=key.sign(consent_digest(DOMAIN, consent)))


def consents(*pairs: tuple[str, Signal], until_s: int = 1 << 40) -> Consents:
    given = [signed(Consent(CHANNEL, device, signal, 1, until_s)) for device, signal in pairs]
    return Consents.checked(given, channel=CHANNEL, domain=DOMAIN, owner=OWNER.address)


EVERYTHING = consents(*((device, signal) for device in THREE for signal in Signal))


def orders(preferences: Preferences | None = None, given: Consents = EVERYTHING) -> Orders:
    return Orders(preferences or Preferences(least_reward_abolt=0), given)


class Devices:
    """Behind one meter: a load that never changes, no sun, and the home's devices."""

    def __init__(self, home: Home) -> None:
        self.waiting = frozenset(each.name for each in home.appliances)
        self.fittings = Fittings(home, zone=PLAN.time_zone, outdoor_mc=self.outdoor_mc)
        self.stored_uwh = HOME.end_of_day_wh * UWH_PER_WH
        self.rule: Rule | None = None
        self.wanted: Mapping[str, int] | None = None

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        count = (end_s - start_s) // 900
        return np.full(count, LOAD_WH), np.zeros(count, dtype=np.int64)

    def follow(self, rule: Rule) -> None:
        self.rule = rule

    def run(self, wanted_wh: Mapping[str, int]) -> None:
        self.wanted = wanted_wh
        self.waiting -= wanted_wh.keys()

    def standing(self, now_s: int, end_s: int) -> State:
        state = self.fittings.state(self.stored_uwh, now_s=now_s, end_s=end_s)
        return replace(state, waiting=self.waiting)

    def outdoor_mc(self, start_s: int) -> int:
        return 32_000

    def read(self, start_s: int) -> IntervalRead:
        raise Bug("a decision reads no meter")


@dataclass
class House:
    """`hear` what the retailer says, change `orders`, and `live` on."""

    orders: Orders = field(default_factory=orders)
    home: Home = HOME
    prices: PriceVersion = PRICES
    timeline: Timeline = field(default_factory=lambda: Timeline("home"))
    at: int = 0
    took: list[dict[str, int]] = field(default_factory=list)
    imported: list[int] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    made_of: type[Devices] = Devices

    def __post_init__(self) -> None:
        self.devices = self.made_of(self.home)
        self.planner = DevicePlanner(self.home, PLAN, self.devices)
        self.word = OwnersWord(
            lambda: self.orders,
            lambda from_s, until_s: asks_of(self.timeline, from_s=from_s, until_s=until_s),
        )

    def hear(self, body: dict[str, Json], event_id: str, *, second: int = 0) -> None:
        stamp = f"2021-07-03T12:00:{second:02}Z"
        self.timeline = self.timeline.hear(body | {"id": event_id, "modificationDateTime": stamp})

    def live(self, until: int) -> None:
        """Up to the quarter hour `until` of the day."""
        while self.at < until:
            interval = DAY[self.at]
            guidance = self.word.guidance(self.home, day=DAY, now_s=interval.start_s)
            if self.planner.needs_plan(interval, self.prices, guidance=guidance):
                ahead = DAY[self.at :]
                coming = Coming(ahead, self.prices, [LOAD_WH] * len(ahead), Tally())
                self.planner.plan_guided(coming, guidance)
            self.devices.rule = self.devices.wanted = None
            nets_wh = np.full((1, len(DAY) - self.at), LOAD_WH)
            decision = self.planner.act_guided(interval, guidance, nets_wh=nets_wh)
            self.decisions.append(decision)
            self._pass(decision)
            self.at += 1

    def _pass(self, decision: Decision) -> None:
        battery, full_uwh = HOME.require_battery(), HOME.require_battery().capacity_uwh
        took = self.devices.fittings.step(DAY[self.at], self.devices.wanted)
        step = respond(
            battery,
            self.devices.rule or Rule(0, 0, full_uwh, full_uwh),
            net_load_wh=LOAD_WH + sum(took.values()),
            stored_uwh=self.devices.stored_uwh,
            length_s=900,
        )
        self.devices.stored_uwh = step.stored_uwh
        moved = {"battery": step.charge_wh - step.discharge_wh}
        self.took.append({**took, **moved})
        self.imported.append(step.import_wh)

    def why(self, at: int, device: str) -> str:
        return next(a.why for a in self.decisions[at].actions if a.device == device)

    def sum_of(self, device: str, first: int = 0, end: int = 96) -> int:
        return sum(took[device] for took in self.took[first:end])
