"""The battery's part of a plan, once the interval is there: a rule that hedges, and why.

A plan is made for one forecast. What the battery does now is taken from all that may come, given
what the plan's other devices do.
"""

from dataclasses import dataclass

import numpy as np

from gridplus.planner.ahead import Ahead
from gridplus.planner.battery import UWH_PER_WH, Battery
from gridplus.planner.course import Move, site_limits_wh
from gridplus.planner.devices import BATTERY
from gridplus.planner.expected import Expected, Prospect, expected_rule
from gridplus.planner.explain import format_cents, worth_of
from gridplus.planner.forecast import Energies
from gridplus.planner.home import Home
from gridplus.planner.home_plan import HomePlan
from gridplus.planner.rule import Rule, Step, respond
from gridplus.units import PPM

IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Now:
    """What is known as interval `at` of a plan begins: what the battery holds, and in each row of
    `nets_wh` load less solar, without planned devices, of one future from `at` to the plan's end.
    """

    at: int
    stored_uwh: int
    nets_wh: Energies


@dataclass(frozen=True, slots=True)
class Hedged:
    """The battery's rule for one interval; `why` is None where the plan's own sentence is true of
    it too."""

    rule: Rule
    why: str | None


def hedge(home: Home, ahead: Ahead, *, plan: HomePlan, now: Now, label: str) -> Hedged | None:
    """What the battery shall do now beside `plan`, which was made for `home` and `ahead`; `label`
    is the interval's time as a person writes it.

    None where the plan's own rule holds: without a battery, and where a limit, a demand charge,
    inverted prices or closed hours may hold it back.
    """
    battery, at = home.battery, now.at
    is_capped = any(i >= at for i in ahead.caps_w)
    is_bound = ahead.peaks or ahead.closed.get(BATTERY) or is_capped or not ahead.is_convex
    if battery is None or is_bound:
        return None
    nets_wh = now.nets_wh + np.array(_others_wh(ahead, plan)[at:])
    limit_wh = battery.limit_wh(ahead.length_s)
    most = (int(nets_wh.max()) + limit_wh, limit_wh - int(nets_wh.min()))
    limits = site_limits_wh(home.site, ahead.length_s)
    if any(end is not None and wh > end for wh, end in zip(most, limits, strict=True)):
        return None
    prospect = Prospect(ahead.prices[at:], nets_wh, ahead.length_s)
    expected = expected_rule(battery, prospect, end_wh=home.end_of_day_wh)
    net_wh = int(nets_wh[:, 0].mean())
    step = respond(
        battery,
        expected.rule,
        net_load_wh=net_wh,
        stored_uwh=now.stored_uwh,
        length_s=ahead.length_s,
    )
    price, does = worth_of(step, ahead.prices[at], net_wh=net_wh)
    does = does if step.charge_wh or step.discharge_wh else IDLE
    if does == _planned(ahead, plan, at=at):
        return Hedged(expected.rule, None)
    words = _Words(battery, expected, step, max(taken for taken, _ in ahead.prices[at:]))
    return Hedged(expected.rule, f"{does} at {label}: {words.why(price)}")


def _others_wh(ahead: Ahead, plan: HomePlan) -> list[int]:
    """What the plan's other devices take, less what they give."""
    found = []
    for i, flow in enumerate(plan.flows):
        move = plan.move(BATTERY, i) or Move(0, 0, 0)
        net_wh = flow.import_wh - flow.export_wh - flow.curtailed_wh
        found.append(net_wh - move.take_wh + move.give_wh - ahead.net_wh[i])
    return found


def _planned(ahead: Ahead, plan: HomePlan, *, at: int) -> str:
    """What the battery does in the plan, in the words of its sentences."""
    move, flow = plan.move(BATTERY, at) or Move(0, 0, 0), plan.flows[at]
    if not move.take_wh and not move.give_wh:
        return IDLE
    step = Step(move.take_wh, move.give_wh, move.level, flow.import_wh, flow.export_wh)
    net_wh = flow.import_wh - flow.export_wh - move.take_wh + move.give_wh
    return worth_of(step, ahead.prices[at], net_wh=net_wh)[1]


def _against(price: str, later_abolt: int) -> str:
    """Where they are the same to a tenth of a cent, nothing is said to beat anything."""
    later = format_cents(later_abolt)
    return f"{price} now is all that is" if later == price else f"{price} now beats the {later}"


@dataclass(frozen=True, slots=True)
class _Words:
    """What energy is expected to be worth later, at the meter, beside what it is worth now."""

    battery: Battery
    expected: Expected
    step: Step
    dearest_abolt: int

    def why(self, price_abolt: int) -> str:
        price = format_cents(price_abolt)
        if self.step.charge_wh:
            if self._stored > self.dearest_abolt:
                return f"{price} now, for the charge wished for at the end"
            return f"{_against(price, self._stored)} expected of it later, after losses and wear"
        if self.step.discharge_wh:
            return f"{_against(price, self._kept)} expected of it later"
        if self.step.stored_uwh <= self.battery.reserve_uwh + UWH_PER_WH:
            return f"a charge now is expected to be worth less later than {price}"
        if self._kept > self.dearest_abolt:
            return "kept for the charge wished for at the end"
        return f"what is stored is expected to be worth {format_cents(self._kept)} later"

    @property
    def _stored(self) -> int:
        """aBOLT for the last Wh that was taken."""
        level_uwh = self.step.stored_uwh - UWH_PER_WH
        return self.expected.worth_abolt(level_uwh) * self.battery.charge_ppm // PPM

    @property
    def _kept(self) -> int:
        """aBOLT for the next Wh that would be given."""
        level_uwh = self.step.stored_uwh - (0 if self.step.discharge_wh else UWH_PER_WH)
        worth_abolt = self.expected.worth_abolt(level_uwh) * PPM // self.battery.discharge_ppm
        return worth_abolt + self.battery.wear_abolt_per_wh
