"""What each device does in one interval, why, by which signal and by whose leave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gridplus.control.asks import Signal
from gridplus.control.consents import Consent
from gridplus.control.guidance import Guidance, devices_of
from gridplus.control.orders import Hand, Override
from gridplus.digest import Document
from gridplus.planner import Ahead, Home, HomePlan, Rule
from gridplus.planner.devices import APPLIANCES, BATTERY, CAR, CLIMATE
from gridplus.planner.runs import begun_wh
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S


@dataclass(frozen=True, slots=True)
class Action:
    """One device in one interval. `signals` are events with their version; `consents` are those
    that allowed it; both are empty for what the owner's own wishes did."""

    device: str
    does: str
    why: str
    signals: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()

    def document(self) -> Document:
        """As the agent's journal has it."""
        allowed: list[Document] = [
            f"{each.signal.name.lower()} {each.number}" for each in self.consents
        ]
        return {
            "device": self.device,
            "does": self.does,
            "why": self.why,
            "signals": list[Document](self.signals),
            "consents": allowed,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule` is the battery's, None to leave it alone; `wanted_wh` what other devices take, those
    that are left alone are not named. `declined` are the asks that nobody follows, and why."""

    rule: Rule | None
    wanted_wh: Mapping[str, int]
    actions: tuple[Action, ...]
    declined: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan that follows what is asked, its sentences by device, and the one without any ask
    (the same, where no device stays out)."""

    asked: HomePlan
    plain: HomePlan
    ahead: Ahead
    why: Mapping[str, str]
    why_plain: Mapping[str, str]


def decide(guidance: Guidance, plans: Plans | None, *, home: Home, at_s: int) -> Decision:
    """`home` is all of it, as its file says; `plans` are None when no device is planned."""
    desk = _Desk(guidance, plans, home, at_s)
    rule, wanted = desk.rule(), desk.wanted()
    actions = tuple(desk.action(device, rule, wanted=wanted) for device in devices_of(home))
    declined = tuple((each.ask.cited, each.why_not) for each in guidance.heeds if not each.consents)
    return Decision(rule, wanted, actions, declined)


@dataclass(frozen=True, slots=True)
class _Desk:
    guidance: Guidance
    plans: Plans | None
    home: Home
    at_s: int

    def rule(self) -> Rule | None:
        """By hand, else by plan; no charge from the grid above the highest price."""
        battery = self.home.battery
        if battery is None:
            return None
        full, reserve = battery.capacity_uwh, battery.reserve_uwh
        override = self.guidance.overrides.get(BATTERY)
        if override is not None:
            by_hand = {Hand.RUN: Rule(full, full, full, full), Hand.REST: Rule(0, 0, full, full)}
            return by_hand.get(override.hand)
        plans = self.plans
        if plans is None or BATTERY in self.guidance.apart:
            return None
        rule = self._plan(BATTERY, plans).rules[self._at(plans)]
        if self._is_quiet(BATTERY, plans):
            return Rule(0, 0, full, full)
        if self._is_dear(plans):
            return rule._replace(grid_to_uwh=min(rule.grid_to_uwh, reserve))
        return rule

    def wanted(self) -> dict[str, int]:
        """What the other devices take, those that are not left alone."""
        found: dict[str, int] = {}
        for device in devices_of(self.home):
            override = self.guidance.overrides.get(device)
            if device == BATTERY:
                continue
            if device == APPLIANCES:
                found |= self._begun(override)
                continue
            if override is not None and override.hand is not Hand.LEAVE:
                found[device] = self._most_wh(device) if override.hand is Hand.RUN else 0
            elif device not in self.guidance.apart and self.plans is not None:
                move = self._plan(device, self.plans).move(device, self._at(self.plans))
                found[device] = 0 if move is None else move.take_wh
        return found

    def _begun(self, override: Override | None) -> dict[str, int]:
        """The appliances that begin now, and what they then take."""
        names = set[str]()
        if override is not None:
            if override.hand is Hand.RUN:
                names = {appliance.name for appliance in self.home.appliances}
        elif APPLIANCES not in self.guidance.apart and self.plans is not None:
            at = self._at(self.plans)
            names = {
                name for name, first in self._plan(APPLIANCES, self.plans).begins if first == at
            }
        return {
            appliance.name: begun_wh(appliance, length_s=SETTLEMENT_INTERVAL_S)
            for appliance in self.home.appliances
            if appliance.name in names
        }

    def action(self, device: str, rule: Rule | None, *, wanted: Mapping[str, int]) -> Action:
        does = f"takes {wanted[device]} Wh" if device in wanted else "does as it does alone"
        if device == BATTERY:
            does = "is left alone" if rule is None else "follows the meter"
        elif device == APPLIANCES:
            begun = [each.name for each in self.home.appliances if each.name in wanted]
            does = f"begins {', '.join(begun)}" if begun else "begins nothing now"
        apart = self.guidance.apart.get(device)
        if apart is not None:
            return Action(device, does, apart)
        return Action(device, does, self._why(device), *self._leave(device))

    def _why(self, device: str) -> str:
        plans = self.plans
        if plans is None:
            return "there is no plan"
        if self._is_quiet(device, plans):
            return "these are your quiet hours"
        why = plans.why_plain if device in self.guidance.withheld else plans.why
        sentence = why.get(device, "nothing is to be done now")
        if device != BATTERY and self._is_dear(plans):
            sentence = f"it waits: you never want to pay so much; {sentence}"
        asked = "; ".join(text for text, _cited, _consent in self._followed(device))
        return f"{sentence} (asked: {asked})" if asked else sentence

    def _leave(self, device: str) -> tuple[tuple[str, ...], tuple[Consent, ...]]:
        """The signals behind it, and the consents: prices always, then what is asked now."""
        consents = self.guidance.orders.consents
        price = consents.of(device, Signal.PRICE, now_s=self.guidance.now_s)
        found = list(self._followed(device))
        allowed = [price] if price is not None else []
        return (
            tuple(cited for _text, cited, _consent in found),
            (*allowed, *(consent for _text, _cited, consent in found)),
        )

    def _followed(self, device: str) -> Iterator[tuple[str, str, Consent]]:
        if device in self.guidance.withheld:
            return
        for each in self.guidance.followed:
            if each.ask.holds_at(self.at_s):
                yield each.ask.text, each.ask.cited, each.consents[device]

    def _plan(self, device: str, plans: Plans) -> HomePlan:
        return plans.plain if device in self.guidance.withheld else plans.asked

    def _at(self, plans: Plans) -> int:
        return (self.at_s - plans.asked.start_s) // plans.asked.length_s

    def _is_quiet(self, device: str, plans: Plans) -> bool:
        minute = plans.ahead.minutes[self._at(plans)]
        return self.guidance.orders.preferences.quiet_at(device, minute)

    def _is_dear(self, plans: Plans) -> bool:
        most = self.guidance.orders.preferences.most_abolt
        return most is not None and plans.ahead.prices[self._at(plans)][0] > most

    def _most_wh(self, device: str) -> int:
        """What it can take in a quarter hour; the device takes no more than it can hold."""
        car, climate, water = self.home.car, self.home.climate, self.home.water
        power_w = 0
        if device == CAR and car is not None:
            power_w = car.battery.power_w
        elif device == CLIMATE and climate is not None:
            power_w = climate.power_w
        elif water is not None:
            power_w = water.power_w
        return power_w * SETTLEMENT_INTERVAL_S // HOUR_S
