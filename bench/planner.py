"""Plans of homes with several devices: CPU milliseconds and cost, beside other planners.

Problems are days of real homes at real prices with their actual load; car, house and weather are
made. A peer gets the same problem in its own words, its model built beforehand where it can be
kept; its moves are carried out by our exact devices, and both costs are bill plus wear, with what
is missing of a wished charge counted at the dearest import. `python bench/planner.py` prints a
table.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from math import cos, pi
from statistics import median
from typing import Any

from gridplus.demo.street_data import day_ahead_prices, home_numbers, home_series
from gridplus.market import operating_day_intervals
from gridplus.planner import (
    UWH_PER_WH,
    Ahead,
    Band,
    Battery,
    Building,
    Car,
    Climate,
    Habit,
    Home,
    HomePlan,
    Outlook,
    State,
    Stay,
    parse_home,
    plan_battery,
    plan_home,
    usual_stays,
)
from gridplus.planner.course import cost
from gridplus.planner.store import Store, stores_of
from gridplus.tariff import energy_prices, parse_plan
from gridplus.units import PPM, Interval
from peers.installed import NotInstalled
from peers.planners import EMHASS, FLEXMEASURES, Planner

ZONE = "America/Chicago"
ABOLT_PER_BOLT = 1e18
BOLT_PER_KWH = 1e15
DAYS = tuple(date(2021, 1, 10) + timedelta(30 * at) for at in range(12))
EVERY_DAY = frozenset(range(7))
CAR = Car(
    Battery(
        capacity_wh=60_000,
        power_w=7_200,
        charge_ppm=900_000,
        discharge_ppm=900_000,
        reserve_wh=10_000,
        wear_ubolt_per_mwh=30_000_000,
    ),
    least_charge_w=0,
    discharge_w=0,
    habits=(Habit(EVERY_DAY, 18 * 60, 7 * 60 + 30, 7 * 60, 20_000, 45_000),),
)
HOUSE = Climate(
    Building(loss_ppm=80_000, gain_mc=200, heat_mc_per_kwh=1_200, cool_mc_per_kwh=1_000),
    power_w=3_500,
    bands=(Band(6 * 60, 22 * 60, 20_500, 24_500), Band(22 * 60, 6 * 60, 18_000, 25_500)),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A home and what is ahead of it."""

    home: Home
    ahead: Ahead
    state: State

    @property
    def stores(self) -> tuple[Store, ...]:
        return stores_of(self.home, self.ahead, state=self.state)

    def in_other_words(self) -> dict[str, Any]:
        """Load, sun, prices and batteries, as the drivers of the peers take them."""
        ahead = self.ahead
        return {
            "load_wh": list(ahead.load_wh),
            "solar_wh": list(ahead.solar_wh),
            "import_price": [price / BOLT_PER_KWH for price, _ in ahead.prices],
            "export_price": [price / BOLT_PER_KWH for _, price in ahead.prices],
            "batteries": [_in_other_words(store, ahead.count) for store in self.stores],
        }

    def cost_bolt(self, moved_wh: Sequence[Sequence[float]]) -> float:
        """Bill plus wear of a course, each device doing what it can of it."""
        net_wh, total = list(self.ahead.net_wh), 0
        dearest = max(price for price, _ in self.ahead.prices)
        for store, moves in zip(self.stores, moved_wh, strict=True):
            level = store.start
            for i in range(store.first, store.end):
                alone, wish = store.left_alone(level, i), round(moves[i - store.first])
                take_wh = min(max(wish, 0), store.takes_at_most(alone, i))
                give_wh = min(max(-wish, 0), store.gives_at_most(alone))
                level = store.after(level, i, take_wh=take_wh, give_wh=give_wh)
                net_wh[i] += take_wh - give_wh
                total += give_wh * store.wear_abolt_per_wh
                for want in store.wants:
                    if want.at == i:
                        total += want.missing(level) * dearest // UWH_PER_WH
        bills = (cost(price, wh) for price, wh in zip(self.ahead.prices, net_wh, strict=True))
        return (total + sum(bills)) / ABOLT_PER_BOLT


def _in_other_words(store: Store, count: int) -> dict[str, Any]:
    there = [store.first <= i < store.end for i in range(count)]
    return {
        "capacity_wh": store.high / UWH_PER_WH,
        "stored_wh": store.start / UWH_PER_WH,
        "reserve_wh": store.reserve / UWH_PER_WH if store.give_wh else 0,
        "power_w": 4 * max(store.take_wh),
        "give_w": 4 * store.give_wh,
        "charge": store.gain[0] / PPM,
        "discharge": store.give_ppm / PPM,
        "wear_per_kwh": store.wear_abolt_per_wh / BOLT_PER_KWH,
        "wants": [[want.at, (want.low or 0) / UWH_PER_WH] for want in store.wants],
        "there": there,
        "first": store.first,
        "end": store.end,
    }


@cache
def bundled_home() -> Home:
    data = files("gridplus.demo") / "data"
    return parse_home((data / "home.toml").read_bytes(), what="home.toml")


def problem(
    number: int, day: date, *, days: int = 1, car: bool = False, house: bool = False
) -> Problem:
    """Home `number` of the street from the midnight of `day` on."""
    plan_file = files("gridplus.demo") / "data" / "plan-houston-day-ahead.toml"
    terms = parse_plan(plan_file.read_bytes(), what="plan")
    intervals: list[Interval] = []
    prices: list[tuple[int, int]] = []
    for each in (day + timedelta(at) for at in range(days)):
        of_day = operating_day_intervals(each)
        intervals += of_day
        prices += energy_prices(terms, day_ahead_prices(each), intervals=of_day)
    load_wh, solar_wh = home_series(number).window(intervals[0].start_s, intervals[-1].end_s)
    base = bundled_home()
    home = Home(
        base.battery, base.end_of_day_wh, True, CAR if car else None, HOUSE if house else None
    )
    ahead = Ahead(
        intervals[0].start_s,
        ZONE,
        prices,
        load_wh.tolist(),
        solar_wh.tolist(),
        _outdoor_mc(day, len(intervals)) if house else (),
    )
    stays: tuple[Stay, ...] = ()
    if home.car is not None:
        stays = usual_stays(home.car, start_s=ahead.start_s, end_s=ahead.end_s, zone=ZONE)
    state = State(home.end_of_day_wh * UWH_PER_WH, stays, 22_000 if house else None)
    return Problem(home, ahead, state)


def _outdoor_mc(day: date, count: int) -> list[int]:
    """Made: 30 °C in July, 10 °C in January, coldest at half past three."""
    mean = 20_000 - 10_000 * cos(2 * pi * (day.timetuple().tm_yday - 15) / 365)
    return [round(mean - 5_500 * cos(2 * pi * (i - 14) / 96)) for i in range(count)]


def timed(one: Problem) -> tuple[float, HomePlan]:
    """(CPU milliseconds, the plan)."""
    begin_s = time.process_time()
    plan = plan_home(one.home, one.ahead, state=one.state)
    return (time.process_time() - begin_s) * 1_000, plan


def own_moves(one: Problem, plan: HomePlan) -> list[list[float]]:
    return [[move.take_wh - move.give_wh for move in track.moves] for track in plan.tracks]


def row(name: str, problems: Sequence[Problem], *, limit_ms: float) -> list[float]:
    """Print ours; the cost of each problem."""
    plan_home(problems[0].home, problems[0].ahead, state=problems[0].state)
    measured = [timed(one) for one in problems]
    times = sorted(ms for ms, _ in measured)
    gaps = [(plan.cost_abolt - plan.bound_abolt) / ABOLT_PER_BOLT for _, plan in measured]
    undone = sum(bool(plan.unmet) for _, plan in measured)
    print(
        f"{name:44} {median(times):8.2f} ms  p95 {times[len(times) * 95 // 100]:8.2f}  "
        f"limit {limit_ms:g}; {len(problems)} plans, {undone} with a wish undone, "
        f"at most {max(gaps) * 1e6:,.0f} µBOLT above the bound"
    )
    return [
        one.cost_bolt(own_moves(one, plan))
        for one, (_, plan) in zip(problems, measured, strict=True)
    ]


def beside(peer: Planner, problems: Sequence[Problem], costs: Sequence[float]) -> None:
    """Print the peer on the same problems: its time, and its cost less ours."""
    words = [one.in_other_words() for one in problems]
    try:
        found = peer.run(words)
    except NotInstalled as why:
        print(f"  {peer!s:42} not measured: {why}")
        return
    more = []
    for one, said, ours in zip(problems, found, costs, strict=False):
        moves = [
            moved[store.first : store.end]
            for store, moved in zip(one.stores, said["moved_wh"], strict=True)
        ]
        more.append(one.cost_bolt(moves) - ours)
    times, mean = [said["ms"] for said in found], sum(more) / len(more)
    print(
        f"  {peer!s:42} {median(times):8.2f} ms  {len(times)} of them; costs {mean:+.4f} BOLT a "
        f"plan beside ours ({min(more):+.4f} to {max(more):+.4f})"
    )


def fleet(numbers: Sequence[int], count: int) -> None:
    """Battery homes one after the other, by the code that plans one."""
    outlooks: list[Outlook] = []
    for at in range(count):
        day = date(2021, 1, 4) + timedelta(at // len(numbers))
        ahead = problem(numbers[at % len(numbers)], day).ahead
        outlooks.append(Outlook(ahead.prices, ahead.net_wh))
    home = bundled_home()
    stored_uwh, end_wh = home.end_of_day_wh * UWH_PER_WH, home.end_of_day_wh
    begin_s = time.process_time()
    for outlook in outlooks:
        plan_battery(home.require_battery(), outlook, stored_uwh=stored_uwh, end_wh=end_wh)
    spent_s = time.process_time() - begin_s
    print(
        f"{f'{len(outlooks):,} battery homes of 96 intervals':44} {spent_s:8.2f} s   "
        f"limit {10 * len(outlooks) / 10_000:g}; one core"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few problems, no peers")
    quick = parser.parse_args().quick
    numbers, days = (home_numbers()[:1], DAYS[:2]) if quick else (home_numbers(), DAYS)
    kinds: list[tuple[str, float, Callable[[int, date], Problem], tuple[Planner, ...]]] = [
        ("battery, 96 intervals", 2, problem, (EMHASS, FLEXMEASURES)),
        (
            "battery and car, 192 intervals",
            20,
            lambda number, day: problem(number, day, days=2, car=True),
            (FLEXMEASURES,),
        ),
        (
            "car, heat pump, battery, solar, 96 intervals",
            50,
            lambda number, day: problem(number, day, car=True, house=True),
            (),
        ),
    ]
    print("CPU time, one core\n")
    for name, limit_ms, make, peers in kinds:
        problems = [make(number, day) for day in days for number in numbers]
        costs = row(name, problems, limit_ms=limit_ms)
        few = slice(0, None, 17)
        for peer in () if quick else peers:
            beside(peer, problems[few], costs[few])
    print("  EMHASS has no car that comes and goes; neither peer was given the house.")
    fleet(numbers, 20 if quick else 10_000)


if __name__ == "__main__":
    main()
