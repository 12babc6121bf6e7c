"""How much of the perfect-foresight saving the batteries realise, on real days of a real street.

Every 15 minutes each home forecasts from its past, plans, and follows the plan's rule through the
interval; a day starts and ends with the same charge. Saving is against the same home whose battery
rests; cost is the bill's energy part plus battery wear. `python bench/savings.py` prints a table.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import TypeAlias

from gridplus.demo.street_data import day_ahead_prices, home_numbers, home_series
from gridplus.market import operating_day_intervals
from gridplus.planner import (
    PER_DAY,
    UWH_PER_WH,
    Energies,
    Home,
    Outlook,
    Plan,
    Rule,
    Step,
    bill_abolt,
    forecast_net_load,
    parse_home,
    plan_battery,
    respond,
)
from gridplus.tariff import energy_prices, parse_plan
from gridplus.units import SETTLEMENT_INTERVAL_S

PAST_DAYS = 28
CLOCK_CHANGES_AND_STORM = (date(2021, 2, 15), date(2021, 3, 14), date(2021, 11, 7))
DAYS = (*(date(2021, 1, 6) + timedelta(12 * i) for i in range(30)), *CLOCK_CHANGES_AND_STORM)
ABOLT_PER_CENT = 10**16


@dataclass(frozen=True, slots=True)
class HomeDay:
    """A home, a day's prices, and all its load and solar from `PAST_DAYS` before to the day's end.

    `outlook` is perfect foresight; `before` is the day's first place in the two series.
    """

    number: int
    day: date
    home: Home
    outlook: Outlook
    load_wh: Energies
    solar_wh: Energies

    @property
    def before(self) -> int:
        return len(self.load_wh) - len(self.outlook.prices)

    def forecast(self, i: int) -> tuple[int, ...]:
        """Net load from interval `i` of the day to its end, from what came before `i`."""
        now = self.before + i
        past = slice(now - PAST_DAYS * PER_DAY, now)
        count = len(self.outlook.prices) - i
        return forecast_net_load(self.load_wh[past], self.solar_wh[past], count=count)


@dataclass(frozen=True, slots=True)
class Lived:
    """A day as it went: money in aBOLT, and the battery's step in each interval."""

    bill_abolt: int
    wear_abolt: int
    steps: tuple[Step, ...]

    @property
    def cost_abolt(self) -> int:
        return self.bill_abolt + self.wear_abolt


Control: TypeAlias = Callable[[HomeDay, int, int], Rule]
"""(day, interval, stored µWh) -> what the battery shall do in that interval."""


def street_day(day: date, numbers: Sequence[int]) -> list[HomeDay]:
    """The homes `numbers` of the street on `day`, at the bundled plan's prices."""
    data = files("gridplus.demo") / "data"
    plan = parse_plan((data / "plan-houston-day-ahead.toml").read_bytes(), what="plan")
    home = parse_home((data / "home.toml").read_bytes(), what="home.toml")
    intervals = operating_day_intervals(day)
    prices = energy_prices(plan, day_ahead_prices(day), intervals=intervals)
    first_s = intervals[0].start_s - PAST_DAYS * PER_DAY * SETTLEMENT_INTERVAL_S
    found = []
    for number in numbers:
        window = home_series(number).window(first_s, intervals[-1].end_s)
        load_wh, solar_wh = (energies.copy() for energies in window)
        net_wh = (load_wh - solar_wh)[-len(intervals) :].tolist()
        found.append(HomeDay(number, day, home, Outlook(prices, net_wh), load_wh, solar_wh))
    return found


def resting_abolt(day: HomeDay) -> int:
    """The cost without control: the battery rests."""
    return bill_abolt(day.outlook, day.outlook.net_load_wh)


def plan_from(day: HomeDay, i: int, *, stored_uwh: int, net_wh: Sequence[int]) -> Plan:
    """The plan for the rest of the day from interval `i`, for `net_wh`."""
    rest = Outlook(day.outlook.prices[i:], net_wh)
    end_wh = day.home.end_of_day_wh
    return plan_battery(day.home.require_battery(), rest, stored_uwh=stored_uwh, end_wh=end_wh)


def foresight(day: HomeDay) -> Plan:
    """The optimum, given the actual load and solar."""
    stored_uwh = day.home.end_of_day_wh * UWH_PER_WH
    return plan_from(day, 0, stored_uwh=stored_uwh, net_wh=day.outlook.net_load_wh)


def by_plan(day: HomeDay, i: int, stored_uwh: int) -> Rule:
    """Forecast, plan again, follow the first rule."""
    return plan_from(day, i, stored_uwh=stored_uwh, net_wh=day.forecast(i)).rules[0]


def by_set_point(day: HomeDay, i: int, stored_uwh: int) -> Rule:
    """The same plan, but its first step is carried out whatever the load turns out to be."""
    plan = plan_from(day, i, stored_uwh=stored_uwh, net_wh=day.forecast(i))
    return Rule(*[plan.steps[0].stored_uwh] * 4)


def by_surplus(day: HomeDay, _i: int, _stored_uwh: int) -> Rule:
    """Self-consumption without prices: store every surplus, cover every need."""
    full_uwh, end_uwh = day.home.require_battery().capacity_uwh, day.home.end_of_day_wh * UWH_PER_WH
    return Rule(end_uwh, full_uwh, end_uwh, full_uwh)


def live(day: HomeDay, control: Control) -> Lived:
    """The day under `control`, which is asked before each interval and sees only its past."""
    battery, stored_uwh = day.home.require_battery(), day.home.end_of_day_wh * UWH_PER_WH
    steps = []
    for i, net_wh in enumerate(day.outlook.net_load_wh):
        step = respond(
            battery,
            control(day, i, stored_uwh),
            net_load_wh=net_wh,
            stored_uwh=stored_uwh,
            length_s=day.outlook.length_s,
        )
        stored_uwh = step.stored_uwh
        steps.append(step)
    return lived_of(day, steps)


def lived_of(day: HomeDay, steps: Sequence[Step]) -> Lived:
    """What a day of `steps` cost."""
    battery = day.home.require_battery()
    return Lived(
        bill_abolt(day.outlook, [step.import_wh - step.export_wh for step in steps]),
        battery.wear_abolt_per_wh * sum(step.discharge_wh for step in steps),
        tuple(steps),
    )


def explained_abolt(day: HomeDay, lived: Lived) -> int:
    """The most by which `by_plan` can fall short of what its first plan promised.

    See docs/planner.md, "Never worse than the forecast explains". At each interval: what the plan
    lost by rounding, plus, for every interval still to come, (import price - export price) x the
    smaller of what the forecast of it changed and what the battery was to do in it.
    """
    stored_uwh = day.home.end_of_day_wh * UWH_PER_WH
    total_abolt = 0
    seen_wh: Sequence[int] = ()
    tail: Sequence[Step] = ()
    for i, net_wh in enumerate(day.outlook.net_load_wh):
        knew_wh, seen_wh = seen_wh, (net_wh, *day.forecast(i)[1:])
        plan = plan_from(day, i, stored_uwh=stored_uwh, net_wh=seen_wh)
        total_abolt += plan.cost_abolt - plan.bound_abolt
        for price, was_wh, is_wh, step in zip(
            day.outlook.prices[i:], knew_wh, seen_wh, tail, strict=False
        ):
            moved_wh = step.charge_wh + step.discharge_wh
            total_abolt += (price[0] - price[1]) * min(abs(is_wh - was_wh), moved_wh)
        assert plan.steps[0] == lived.steps[i], "what was lived is what the rule makes of the load"
        assert plan.end_short_uwh == 0, "a day from and to the same charge can always end well"
        seen_wh, tail, stored_uwh = seen_wh[1:], plan.steps[1:], plan.steps[0].stored_uwh
    return total_abolt


FORESIGHT = "perfect foresight"
PLANNED = "plan, its rule followed live"
CONTROLS: dict[str, Control] = {
    PLANNED: by_plan,
    "plan, fixed set-points": by_set_point,
    "self-consumption, no prices": by_surplus,
}


@dataclass(frozen=True, slots=True)
class Result:
    """One home-day: its cost at rest, what each way of control came to, and the bound."""

    day: HomeDay
    resting_abolt: int
    lived: dict[str, Lived]
    explained_abolt: int

    def saved_abolt(self, control: str) -> int:
        return self.resting_abolt - self.lived[control].cost_abolt


def evaluate(day: HomeDay, controls: Mapping[str, Control]) -> Result:
    best = foresight(day)
    lived = {FORESIGHT: Lived(best.bill_abolt, best.wear_abolt, best.steps)}
    lived |= {name: live(day, control) for name, control in controls.items()}
    return Result(day, resting_abolt(day), lived, explained_abolt(day, lived[PLANNED]))


def share(results: Iterable[Result], control: str) -> float:
    """The part of the perfect-foresight saving that `control` realised."""
    chosen = list(results)
    possible = sum(result.saved_abolt(FORESIGHT) for result in chosen)
    return sum(result.saved_abolt(control) for result in chosen) / possible


def main() -> None:
    begin_s = time.process_time()
    numbers = home_numbers()
    results = [
        evaluate(home_day, CONTROLS) for day in DAYS for home_day in street_day(day, numbers)
    ]
    by_home = {n: [result for result in results if result.day.number == n] for n in numbers}
    print(f"{len(DAYS)} days of 2021 x {len(numbers)} homes, from and to the same charge.\n")
    print(f"{'control':30} {'¢/home-day':>10} {'share':>7} {'lowest home':>11} {'bill':>7}")
    resting = sum(result.resting_abolt for result in results)
    for name in results[0].lived:
        saved = sum(result.saved_abolt(name) for result in results)
        bill = sum(result.lived[name].bill_abolt for result in results)
        print(
            f"{name:30} {saved / len(results) / ABOLT_PER_CENT:10.2f} {share(results, name):7.1%} "
            f"{min(share(home, name) for home in by_home.values()):11.1%} {bill / resting - 1:7.1%}"
        )
    print(
        "\nshare by home: " + ", ".join(f"{n}: {share(by_home[n], PLANNED):.1%}" for n in by_home)
    )
    worst = min(results, key=lambda result: result.saved_abolt(PLANNED))
    print(
        f"worst home-day: home {worst.day.number} on {worst.day.day}: "
        f"{-worst.saved_abolt(PLANNED) / ABOLT_PER_CENT:.2f} ¢ worse than at rest; its forecast "
        f"explains up to {worst.explained_abolt / ABOLT_PER_CENT:.2f} ¢"
    )
    worse = sum(result.saved_abolt(PLANNED) < 0 for result in results)
    broken = sum(result.saved_abolt(PLANNED) < -result.explained_abolt for result in results)
    print(f"{worse} of {len(results)} home-days worse than at rest; {broken} beyond the bound")
    print(f"{time.process_time() - begin_s:.0f} s of CPU")


if __name__ == "__main__":
    main()
