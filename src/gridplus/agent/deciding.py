"""What every device of a home shall do now: from a plan of all of them, made anew in time.

A plan is followed for an hour; new prices end it at once. The battery goes by a rule that is made
anew for each quarter hour, from all that may come, and that meets the load live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gridplus.agent.devices import HomeDevices
from gridplus.control import Decision, Guidance, decide
from gridplus.control.decide import Plans
from gridplus.control.guidance import devices_of
from gridplus.market import PriceVersion
from gridplus.planner import (
    Ahead,
    Energies,
    Home,
    HomePlan,
    Now,
    Rule,
    State,
    hedge,
    plan_home,
    reasons,
)
from gridplus.planner.devices import APPLIANCES, BATTERY, CAR, CLIMATE, WATER
from gridplus.planner.runs import begun_wh
from gridplus.tariff import Plan as TariffPlan
from gridplus.tariff import Tally, energy_prices, peaks_ahead
from gridplus.units import DAY_S, HOUR_S, Interval

PLANNED_ANEW_S = HOUR_S
STORES = (CAR, CLIMATE, WATER)


@dataclass(frozen=True, slots=True)
class Coming:
    """What is known and expected of the rest of the day: `net_wh` is load less solar without the
    devices that are planned."""

    intervals: Sequence[Interval]
    prices: PriceVersion
    net_wh: Sequence[int]
    before: Tally


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan, and a sentence for each of its devices in each interval."""

    home: Home
    ahead: Ahead
    plan: HomePlan
    labels: Sequence[str]
    sentences: tuple[tuple[str, ...], ...]

    @classmethod
    def of(
        cls,
        home: Home,
        ahead: Ahead,
        *,
        state: State,
        labels: Sequence[str],
        last: HomePlan | None = None,
    ) -> "_Planned":
        plan = plan_home(home, ahead, state=state, last=last)
        said = reasons(home, ahead, plan=plan, labels=labels)
        return cls(home, ahead, plan, labels, said)

    def hedged(self, now: Now) -> "_Planned":
        """The same with the battery's rule of this interval taken from all that may come."""
        at, label = now.at, self.labels[now.at]
        found = hedge(self.home, self.ahead, plan=self.plan, now=now, label=label)
        if found is None:
            return self
        rules, said = list(self.plan.rules), list(self.sentences)
        rules[at] = found.rule
        if found.why is not None:
            said[at] = (found.why, *said[at][1:])
        return replace(self, plan=replace(self.plan, rules=tuple(rules)), sentences=tuple(said))

    def why(self, at: int) -> dict[str, str]:
        here = [track.device for track in self.plan.tracks if track.first <= at < track.end]
        said = dict(zip(here, self.sentences[at], strict=False))
        waiting = [f"{name} waits for {self.labels[i]}" for name, i in self.plan.begins if i > at]
        begun = self.sentences[at][len(here) :][: len(self.begun(at))]
        if begun or waiting:
            said[APPLIANCES] = "; ".join(begun or waiting)
        return said

    def begun(self, at: int) -> list[str]:
        """The appliances that begin."""
        return [name for name, first in self.plan.begins if first == at]


@dataclass(frozen=True, slots=True)
class _Guided:
    """What was planned under a guidance: nothing, where no device may be planned."""

    key: tuple[object, ...]
    ahead: Ahead
    asked: _Planned | None = None
    plain: _Planned | None = None


@dataclass
class DevicePlanner:
    """Plans for a home with more than a battery. `plan`, and a sentence for each device in `why`,
    are for whoever asks."""

    home: Home
    terms: TariffPlan
    devices: HomeDevices
    plan: HomePlan | None = None
    why: Mapping[str, str] = field(default_factory=dict)
    _prices: bytes = b""
    _planned: _Planned | None = None
    _guided: _Guided | None = None

    def needs_plan(
        self, interval: Interval, prices: PriceVersion, *, guidance: Guidance | None = None
    ) -> bool:
        """Whether `plan_for` should be asked before `act` in `interval`."""
        if prices.digest != self._prices:
            return True
        if guidance is not None:
            guided = self._guided
            return guided is None or guided.key != guidance.key or _is_old(guided.ahead, interval)
        return self.plan is None or _is_old(self.plan, interval)

    def plan_for(self, coming: Coming) -> None:
        """Plan all devices. The plan before goes on when the solver runs out of time."""
        ahead, labels = self._ahead(coming), self.labels(coming.intervals)
        state = self._standing(ahead)
        self._planned = _Planned.of(self.home, ahead, state=state, labels=labels, last=self.plan)
        self.plan, self._prices = self._planned.plan, coming.prices.digest

    def plan_guided(self, coming: Coming, guidance: Guidance) -> None:
        """Plan what the owner lets be planned, with what is asked, and without where a device
        stays out of that."""
        self._prices = coming.prices.digest
        home = guidance.home
        plain = guidance.plain(self._ahead(coming))
        if home is None:
            self._guided = _Guided(guidance.key, plain)
            return
        state = guidance.state(self._standing(plain), zone=plain.zone)
        labels = self.labels(coming.intervals)
        asked = _Planned.of(home, guidance.asked(plain), state=state, labels=labels)
        other = asked
        if guidance.withheld:
            other = _Planned.of(home, plain, state=state, labels=labels)
        self.plan, self._guided = asked.plan, _Guided(guidance.key, plain, asked, other)

    def act_guided(self, interval: Interval, guidance: Guidance, *, nets_wh: Energies) -> Decision:
        """Tell every device that is not left alone what it does in `interval`; what was decided.
        `plan_guided` came before; `nets_wh` as for `act`."""
        guided = self._guided
        plans = None
        if guided is not None and guided.asked is not None and guided.plain is not None:
            now = self._now(interval, guided.ahead, nets_wh=nets_wh)
            asked = guided.asked.hedged(now)
            plain = asked if guided.plain is guided.asked else guided.plain.hedged(now)
            self.plan, at = asked.plan, now.at
            plans = Plans(asked.plan, plain.plan, guided.ahead, asked.why(at), plain.why(at))
        decision = decide(guidance, plans, home=self.home, at_s=interval.start_s)
        if not self.home.is_battery_alone:
            self.devices.run(decision.wanted_wh)
        if decision.rule is not None:
            self.devices.follow(decision.rule)
        self.why = {each.device: each.why for each in decision.actions}
        return decision

    def act(self, interval: Interval, *, nets_wh: Energies) -> Rule | None:
        """Tell every device what the plan wants of it in `interval`; the battery's rule, if there
        is a battery. `plan_for` came before; `nets_wh` are net loads that may come, in rows that
        begin with `interval` and end where the plan does or later."""
        if self._planned is None:
            return None
        now = self._now(interval, self._planned.ahead, nets_wh=nets_wh)
        planned = self._planned.hedged(now)
        self.plan, plan = planned.plan, planned.plan
        if not self.home.is_battery_alone:
            wanted_wh = {device: 0 for device in devices_of(self.home) if device in STORES}
            for appliance in self.home.appliances:
                if appliance.name in planned.begun(now.at):
                    wanted_wh[appliance.name] = begun_wh(appliance, length_s=plan.length_s)
            for track in plan.tracks:
                move = track.at(now.at)
                if track.device != BATTERY:
                    wanted_wh[track.device] += 0 if move is None else move.take_wh
            self.devices.run(wanted_wh)
        self.why = planned.why(now.at)
        rule = plan.rules[now.at] if plan.rules else None
        if rule is not None:
            self.devices.follow(rule)
        return rule

    def _now(self, interval: Interval, ahead: Ahead, *, nets_wh: Energies) -> Now:
        at = (interval.start_s - ahead.start_s) // ahead.length_s
        stored_uwh = 0 if self.home.battery is None else self.devices.stored_uwh
        return Now(at, stored_uwh, nets_wh[:, : ahead.count - at])

    def _ahead(self, coming: Coming) -> Ahead:
        prices = energy_prices(
            self.terms, coming.prices, intervals=coming.intervals, before=coming.before
        )
        return Ahead(
            coming.intervals[0].start_s,
            self.terms.time_zone,
            prices,
            load_wh=[max(0, wh) for wh in coming.net_wh],
            solar_wh=[max(0, -wh) for wh in coming.net_wh],
            outdoor_mc=self._outdoors(coming.intervals),
            peaks=peaks_ahead(self.terms, coming.intervals, before=coming.before),
            length_s=coming.intervals[0].length_s,
        )

    def _standing(self, ahead: Ahead) -> State:
        if self.home.is_battery_alone:
            return State(self.devices.stored_uwh)
        return self.devices.standing(ahead.start_s, ahead.end_s)

    def _outdoors(self, intervals: Sequence[Interval]) -> list[int]:
        """As warm as at the same time of the day before: what is known for sure of tomorrow."""
        if self.home.climate is None:
            return []
        return [self.devices.outdoor_mc(each.start_s - DAY_S) for each in intervals]

    def labels(self, intervals: Sequence[Interval]) -> list[str]:
        """Their times on the home's clock."""
        zone = ZoneInfo(self.terms.time_zone)
        return [f"{datetime.fromtimestamp(each.start_s, zone):%H:%M}" for each in intervals]


def _is_old(plan: HomePlan | Ahead, interval: Interval) -> bool:
    age_s = interval.start_s - plan.start_s
    return not 0 <= age_s < min(PLANNED_ANEW_S, plan.count * plan.length_s)
