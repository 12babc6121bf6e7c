"""What every device of a home shall do now: from a plan of all of them, made anew in time.

A plan is followed for an hour; new prices end it at once. The battery goes by its rule, which meets
each quarter hour's load live, so that an hour is no long time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from gridplus.agent.devices import HomeDevices
from gridplus.market import PriceVersion
from gridplus.planner import Ahead, Home, HomePlan, Rule, plan_home, reasons
from gridplus.tariff import Plan as TariffPlan
from gridplus.tariff import Tally, energy_prices, peaks_ahead
from gridplus.units import DAY_S, HOUR_S, Interval

PLANNED_ANEW_S = HOUR_S
BATTERY = "battery"


@dataclass(frozen=True, slots=True)
class Coming:
    """What is known and expected of the rest of the day: `net_wh` is load less solar without the
    devices that are planned."""

    intervals: Sequence[Interval]
    prices: PriceVersion
    net_wh: Sequence[int]
    before: Tally


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
    _sentences: tuple[tuple[str, ...], ...] = field(default=())

    def needs_plan(self, interval: Interval, prices: PriceVersion) -> bool:
        """Whether `plan_for` should be asked before `act` in `interval`."""
        if self.plan is None or prices.digest != self._prices:
            return True
        age_s = interval.start_s - self.plan.start_s
        return not 0 <= age_s < min(PLANNED_ANEW_S, self.plan.count * self.plan.length_s)

    def plan_for(self, coming: Coming) -> None:
        """Plan all devices. The plan before goes on when the solver runs out of time."""
        first, last = coming.intervals[0], coming.intervals[-1]
        prices = energy_prices(
            self.terms, coming.prices, intervals=coming.intervals, before=coming.before
        )
        ahead = Ahead(
            first.start_s,
            self.terms.time_zone,
            prices,
            load_wh=[max(0, wh) for wh in coming.net_wh],
            solar_wh=[max(0, -wh) for wh in coming.net_wh],
            outdoor_mc=self._outdoors(coming.intervals),
            peaks=peaks_ahead(self.terms, coming.intervals, before=coming.before),
            length_s=first.length_s,
        )
        state = self.devices.standing(first.start_s, last.end_s)
        self.plan = plan_home(self.home, ahead, state=state, last=self.plan)
        self._prices = coming.prices.digest
        self._sentences = reasons(
            self.home, ahead, plan=self.plan, labels=self.labels(coming.intervals)
        )

    def act(self, interval: Interval) -> Rule | None:
        """Tell every device what the plan wants of it in `interval`; the battery's rule, if there
        is a battery. `plan_for` came before."""
        plan = self.plan
        if plan is None:
            return None
        at = (interval.start_s - plan.start_s) // plan.length_s
        wanted_wh = dict[str, int]()
        for track in plan.tracks:
            move = track.at(at)
            if track.device != BATTERY:
                taken = 0 if move is None else move.take_wh
                wanted_wh[track.device] = wanted_wh.get(track.device, 0) + taken
        self.devices.run(wanted_wh)
        here = [track.device for track in plan.tracks if track.first <= at < track.end]
        self.why = dict(zip(here, self._sentences[at], strict=False))
        rule = plan.rules[at] if plan.rules else None
        if rule is not None:
            self.devices.follow(rule)
        return rule

    def _outdoors(self, intervals: Sequence[Interval]) -> list[int]:
        """As warm as at the same time of the day before: what is known for sure of tomorrow."""
        if self.home.climate is None:
            return []
        return [self.devices.outdoor_mc(each.start_s - DAY_S) for each in intervals]

    def labels(self, intervals: Sequence[Interval]) -> list[str]:
        """Their times on the home's clock."""
        zone = ZoneInfo(self.terms.time_zone)
        return [f"{datetime.fromtimestamp(each.start_s, zone):%H:%M}" for each in intervals]
