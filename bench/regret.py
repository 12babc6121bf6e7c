"""What control realises of the saving that perfect foresight allows, on the prices of two years.

30 days x 17 real homes with solar, on the day-ahead prices of 2021 (bundled) and, where the shared
data are, of 2024; the homes live the same days in both years. Every 15 minutes each control sees
the past alone; a day begins and ends with the same charge, and cost is the bill's energy part plus
battery wear. `python bench/regret.py` prints a table.
"""

import argparse
import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from gridplus.demo.street_data import home_numbers
from gridplus.failures import InputError
from gridplus.market import day_ahead_posting_s, operating_day_intervals
from gridplus.market.formats.price_csv import parse_price_csv
from gridplus.planner import PER_DAY, Outlook, Rule, expected_rule, forecast_scenarios
from gridplus.tariff import energy_prices, parse_plan
from savings import (
    ABOLT_PER_CENT,
    HomeDay,
    Lived,
    by_plan,
    by_set_point,
    by_surplus,
    foresight,
    live,
    resting_abolt,
    street_day,
)

SHARED = Path(__file__).parents[2] / "shared" / "data" / "ercot_prices"
PRICES_2024 = SHARED / "dam_spp_hourly_2024.csv.gz"
DAYS = tuple(date(2021, 1, 4) + timedelta(12 * at) for at in range(30))
PAST_DAYS = 28


def by_scenarios(day: HomeDay, i: int, stored_uwh: int) -> Rule:
    """The rule of least mean cost over the loads that may come."""
    now = day.before + i
    past = slice(now - PAST_DAYS * PER_DAY, now)
    prices = day.outlook.prices[i:]
    nets = forecast_scenarios(day.load_wh[past], day.solar_wh[past], count=len(prices))
    return expected_rule(
        day.home.require_battery(),
        [Outlook(prices, net_wh) for net_wh in nets],
        stored_uwh=stored_uwh,
        end_wh=day.home.end_of_day_wh,
    )


CONTROLS: dict[str, Callable[[HomeDay, int, int], Rule]] = {
    "simple rule: own sun first, no prices": by_surplus,
    "one forecast, optimal set-points": by_set_point,
    "one forecast, rule followed live": by_plan,
    "scenarios, rule followed live": by_scenarios,
}


def at_prices_of(year: int, home_days: list[HomeDay]) -> list[HomeDay]:
    """The same days of the homes at the prices of another year; days without all of them are left
    out, and those of another length."""
    if year == 2021:
        return home_days
    data = gzip.decompress(PRICES_2024.read_bytes())
    series = parse_price_csv(data, what="2024", settlement_point="LZ_HOUSTON", market="DAM")
    plan_file = files("gridplus.demo") / "data" / "plan-houston-day-ahead.toml"
    plan, found = parse_plan(plan_file.read_bytes(), what="plan"), []
    for home_day in home_days:
        day = home_day.day.replace(year=year)
        try:
            version = series.version(day, known_at_s=day_ahead_posting_s(day))
        except InputError:
            continue
        intervals = operating_day_intervals(day)
        prices = energy_prices(plan, version, intervals=intervals)
        if len(prices) == len(home_day.outlook.prices):
            outlook = Outlook(prices, home_day.outlook.net_load_wh)
            found.append(replace(home_day, outlook=outlook))
    return found


def is_possible(day: HomeDay, lived: Lived) -> bool:
    """Whether the battery stayed in its limits all day and ended as full as it was to be."""
    battery = day.home.require_battery()
    limit_wh = battery.limit_wh(day.outlook.length_s)
    return (
        all(
            battery.reserve_uwh <= step.stored_uwh <= battery.capacity_uwh
            and max(step.charge_wh, step.discharge_wh) <= limit_wh
            for step in lived.steps
        )
        and lived.steps[-1].stored_uwh >= day.home.end_of_day_wh * 1_000_000
    )


def table(year: int, home_days: list[HomeDay]) -> None:
    resting = sum(resting_abolt(day) for day in home_days)
    possible = resting - sum(foresight(day).cost_abolt for day in home_days)
    per_day = len(home_days) * ABOLT_PER_CENT
    print(f"\nprices of {year}: {len(home_days)} home-days; {'¢/home-day':>21} {'regret':>8}")
    print(f"  {'perfect foresight':42} {possible / per_day:10.2f} {0:8.1%}")
    for name, control in CONTROLS.items():
        begin_s = time.process_time()
        lived = [live(day, control) for day in home_days]
        saved = resting - sum(day.cost_abolt for day in lived)
        broken = sum(not is_possible(day, was) for day, was in zip(home_days, lived, strict=True))
        ms = (time.process_time() - begin_s) * 1_000 / sum(len(was.steps) for was in lived)
        print(
            f"  {name:42} {saved / per_day:10.2f} {1 - saved / possible:8.1%}"
            f"   {ms:.2f} ms each, {broken} limits or wishes broken",
            flush=True,
        )
    print(f"  {'no control: the battery rests':42} {0:10.2f} {1:8.1%}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one home, two days")
    quick = parser.parse_args().quick
    numbers, days = (home_numbers()[:1], DAYS[18:20]) if quick else (home_numbers(), DAYS)
    home_days = [each for day in days for each in street_day(day, numbers)]
    table(2021, home_days)
    if PRICES_2024.exists():
        table(2024, at_prices_of(2024, home_days))
    else:
        print("\nprices of 2024: not measured: ../shared/data is not there")


if __name__ == "__main__":
    main()
