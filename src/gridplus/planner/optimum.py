"""Plan all devices of a home together, make it whole, and say what is planned when time is up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridplus.planner.ahead import Ahead, State
from gridplus.planner.battery import UWH_PER_WH
from gridplus.planner.course import (
    Course,
    Flow,
    Move,
    Track,
    Way,
    follow,
    import_limit_wh,
    site_limits_wh,
)
from gridplus.planner.devices import BATTERY
from gridplus.planner.home import Home
from gridplus.planner.home_plan import HomePlan, Source, bill_of, wear_of
from gridplus.planner.linear import WH_PER_KWH, Flows, Program, unit_of, weight_of, weights_of
from gridplus.planner.plan import Outlook, Plan, plan_battery
from gridplus.planner.rule import Rule
from gridplus.planner.runs import Run, runs_of
from gridplus.planner.safe import safe_intent
from gridplus.planner.store import Store, stores_of
from gridplus.planner.unmet import unmet_of
from gridplus.units import HOUR_S

EFFORT = 50_000
"""Simplex iterations; a day of four devices takes about a thousand."""
TRIALS = 3
ABOLT_PER_BOLT = 1e18
SNAP_WH = 1e-3


def plan_home(
    home: Home,
    ahead: Ahead,
    *,
    state: State,
    last: HomePlan | None = None,
    effort: int = EFFORT,
) -> HomePlan:
    """The plan of least bill plus wear that leaves least undone, by the home's order of wishes.

    A battery alone at prices that make its problem convex is planned exactly (plan.py), anything
    else by a linear program over all devices (linear.py), made whole in Wh by a course (course.py).
    `last` is the plan before: it goes on when `effort` (simplex iterations) is not enough. Raises
    InputError only for a state that does not fit the home.
    """
    stores = stores_of(home, ahead, state=state)
    task = _Task(home, ahead, stores, runs_of(home, ahead, state=state))
    if home.is_battery_alone and not ahead.binds and ahead.is_convex:
        return _battery_alone(task)
    return _optimum(task, effort=effort) or _fallback(task, last)


def plan_safely(home: Home, ahead: Ahead, *, state: State) -> HomePlan:
    """What devices do without a plan: no prices, no looking ahead. Raises as `plan_home`."""
    stores = stores_of(home, ahead, state=state)
    return _fallback(_Task(home, ahead, stores, runs_of(home, ahead, state=state)), None)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be planned."""

    home: Home
    ahead: Ahead
    stores: Sequence[Store]
    runs: Sequence[Run]

    def fixed_wh(self, begins: Mapping[int, int]) -> list[int]:
        """What the runs take in each interval; `begins` has the first interval of each."""
        fixed_wh = [0] * self.ahead.count
        for at, first in begins.items():
            for offset, wh in enumerate(self.runs[at].takes_wh):
                fixed_wh[first + offset] += wh
        return fixed_wh

    def planned(
        self, course: Course, source: Source, *, begins: Mapping[int, int], rules: Sequence[Rule]
    ) -> HomePlan:
        """The plan of a course; without a proof of how good it is, its bound is its cost."""
        ahead, stores = self.ahead, self.stores
        bill, wear = bill_of(ahead, course.flows), wear_of(stores, course)
        return HomePlan(
            start_s=ahead.start_s,
            length_s=ahead.length_s,
            tracks=course.tracks,
            fixed_wh=course.fixed_wh,
            flows=course.flows,
            rules=tuple(rules) or _held_levels(course),
            begins=tuple((self.runs[at].appliance.name, first) for at, first in begins.items()),
            unmet=unmet_of(self.home, ahead, stores=stores, course=course, runs=self.runs),
            bill_abolt=bill,
            wear_abolt=wear,
            bound_abolt=bill + wear,
            source=source,
        )


def _battery_alone(task: _Task) -> HomePlan:
    (store,) = task.stores
    plan = _exact(task, store, net_wh=task.ahead.net_wh)
    course = Course((_track(plan),), (0,) * task.ahead.count, _flows(plan))
    made = task.planned(course, Source.OPTIMAL, begins={}, rules=plan.rules)
    return replace(made, bound_abolt=plan.bound_abolt)


def _optimum(task: _Task, *, effort: int) -> HomePlan | None:
    """None when `effort` was not enough."""
    home, ahead, stores = task.home, task.ahead, task.stores
    program = Program(home, ahead, stores=stores, fixed_wh=[0] * ahead.count)
    begins = _begin_runs(task, program, effort=effort)
    flows = program.solve(effort=effort)
    if begins is None or flows is None:
        return None
    fixed_wh = task.fixed_wh(begins)
    way = Way(fixed_wh, _dear_imports_wh(ahead, flows))
    levels = {
        id(store): np.rint(level * unit_of(store)).astype(np.int64).tolist()
        for store, level in zip(stores, flows.levels, strict=True)
    }

    def intent(store: Store, i: int, *, alone: int) -> int:
        return store.snapped(levels[id(store)][i - store.first], i)

    course = follow(home, ahead, stores=stores, intent=intent, way=way)
    course, rules = _polished(task, course)
    made = task.planned(course, Source.OPTIMAL, begins=begins, rules=rules)
    return replace(made, bound_abolt=_bound(task, course, made=made, program=program))


def _begin_runs(task: _Task, program: Program, *, effort: int) -> dict[int, int] | None:
    """Where each run begins, one after the other, greatest first: those few beginnings are tried
    that cost least at what energy is worth in the optimum without it."""
    flows = program.relax(effort=effort)
    begins: dict[int, int] = {}
    for at in sorted(range(len(task.runs)), key=lambda at: -sum(task.runs[at].takes_wh)):
        run = task.runs[at]
        if flows is None or not run.starts:
            continue
        tried: dict[int, float] = {}
        for first in _promising(run, flows.worth.tolist()):
            program.set_fixed(task.fixed_wh({**begins, at: first}))
            if program.relax(effort=effort) is None:
                return None
            tried[first] = program.relaxed_bolt
        begins[at] = min(tried, key=lambda first: (tried[first], first))
        program.set_fixed(task.fixed_wh(begins))
        flows = program.relax(effort=effort)
    return None if flows is None else begins


def _promising(run: Run, worth: Sequence[float]) -> list[int]:
    """The `TRIALS` beginnings of least cost at `worth`, no two of them so close that they overlap
    by half."""
    takes_wh = run.takes_wh
    costs = {
        first: sum(worth[first + offset] * wh for offset, wh in enumerate(takes_wh))
        for first in run.starts
    }
    found: list[int] = []
    for first in sorted(costs, key=lambda first: (costs[first], first)):
        if len(found) < TRIALS and all(2 * abs(first - at) > len(takes_wh) for at in found):
            found.append(first)
    return found


def _dear_imports_wh(ahead: Ahead, flows: Flows) -> list[int] | None:
    """Whole Wh that keep every window of a demand charge under its power in the optimum."""
    if not ahead.peaks:
        return None
    most = [int(1e12)] * ahead.count
    for peak, power_w in zip(ahead.peaks, flows.peaks_w, strict=True):
        for place, window in enumerate(peak.windows):
            before_wh = 0 if place else peak.before_wh
            allowed_wh = power_w * peak.window_s / HOUR_S - before_wh
            planned_wh = [float(flows.imports[i]) * WH_PER_KWH for i in window]
            spare_wh = (allowed_wh - sum(planned_wh)) / len(window)
            for i, wh in zip(window, planned_wh, strict=True):
                most[i] = min(most[i], max(0, int(wh + spare_wh + SNAP_WH)))
    return most


def _polished(task: _Task, course: Course) -> tuple[Course, Sequence[Rule]]:
    """The course with its battery planned again, exactly, given what the others do; and rules to
    follow live. Not where limits, demand charges or inverted prices hold the battery back."""
    home, ahead = task.home, task.ahead
    if home.battery is None or ahead.peaks or not ahead.is_convex:
        return course, ()
    own = course.tracks[0]
    net_wh = [
        flow.import_wh - flow.export_wh - flow.curtailed_wh - move.take_wh + move.give_wh
        for flow, move in zip(course.flows, own.moves, strict=True)
    ]
    plan = _exact(task, task.stores[0], net_wh=net_wh)
    polished = Course((_track(plan), *course.tracks[1:]), course.fixed_wh, _flows(plan))
    export_wh = site_limits_wh(home.site, ahead.length_s)[1]
    within = all(
        (
            (import_wh := import_limit_wh(home.site, ahead, at=i)) is None
            or flow.import_wh <= import_wh
        )
        and (export_wh is None or flow.export_wh <= export_wh)
        for i, flow in enumerate(polished.flows)
    )
    ends_as_full = polished.tracks[0].moves[-1].level >= min(
        own.moves[-1].level, home.end_of_day_wh * UWH_PER_WH
    )
    return (polished, plan.rules) if within and ends_as_full else (course, ())


def _exact(task: _Task, store: Store, *, net_wh: Sequence[int]) -> Plan:
    home, ahead = task.home, task.ahead
    outlook = Outlook(ahead.prices, net_wh, ahead.length_s)
    end_wh = home.end_of_day_wh
    return plan_battery(home.require_battery(), outlook, stored_uwh=store.start, end_wh=end_wh)


def _track(plan: Plan) -> Track:
    moves = (Move(step.charge_wh, step.discharge_wh, step.stored_uwh) for step in plan.steps)
    return Track(BATTERY, 0, tuple(moves))


def _flows(plan: Plan) -> tuple[Flow, ...]:
    return tuple(Flow(step.import_wh, step.export_wh, 0) for step in plan.steps)


def _held_levels(course: Course) -> tuple[Rule, ...]:
    """Rules that take the battery to the course's levels, whatever the load does."""
    batteries = (track for track in course.tracks if track.device == BATTERY)
    return tuple(Rule(*[move.level] * 4) for track in batteries for move in track.moves)


def _bound(task: _Task, course: Course, *, made: HomePlan, program: Program) -> int:
    """The relaxed optimum, brought to what the course leaves undone."""
    weights = weights_of(task.home, task.ahead)
    undone = sum(
        weight_of(weights, store, want=want)
        * max(0, want.missing(track.moves[want.at - store.first].level) - store.wh_of(want.at))
        for store, track in zip(task.stores, course.tracks, strict=True)
        for want in store.wants
    )
    over_wh, site = 0, task.home.site
    for i, flow in enumerate(course.flows):
        limits = (
            import_limit_wh(site, task.ahead, at=i),
            site_limits_wh(site, task.ahead.length_s)[1],
        )
        for limit_wh, wh in zip(limits, (flow.import_wh, flow.export_wh), strict=True):
            over_wh += 0 if limit_wh is None else max(0, wh - limit_wh)
    free = sum(peak.free_w * peak.price_abolt_per_w for peak in task.ahead.peaks) / ABOLT_PER_BOLT
    best = program.relaxed_bolt - free - undone - weights[None] * over_wh / WH_PER_KWH
    return min(made.cost_abolt, int(best * ABOLT_PER_BOLT))


def _fallback(task: _Task, last: HomePlan | None) -> HomePlan:
    """What goes on when time is up: the last plan where it reaches, else what is safe."""
    ahead = task.ahead
    offset = 0 if last is None else (ahead.start_s - last.start_s) // ahead.length_s
    usable = last is not None and last.length_s == ahead.length_s and 0 <= offset < last.count
    known = last if usable else None

    def intent(store: Store, i: int, *, alone: int) -> int:
        move = None if known is None else known.move(store.device, i + offset)
        return safe_intent(store, i, alone=alone) if move is None else move.level

    promised = {} if known is None else dict(known.begins)
    begins = {}
    for at, run in enumerate(task.runs):
        if run.starts:
            first = promised.get(run.appliance.name, run.starts[0] + offset) - offset
            begins[at] = first if first in run.starts else run.starts[0]
    way = Way(task.fixed_wh(begins))
    course = follow(task.home, ahead, stores=task.stores, intent=intent, way=way)
    source = Source.SAFE_DEFAULT if known is None else Source.LAST_PLAN
    return task.planned(course, source, begins=begins, rules=())
