"""Plan a home's battery for one day, and say why it does what it does.

    python examples/plan_a_battery.py [--home 1] [--day 2021-08-11]

Prices are the day-ahead market's, known the day before; what the home will use and make is a
forecast from the days before. The plan is exactly optimal for both.
"""

import argparse
import sys
from datetime import date
from importlib.resources import files
from itertools import groupby
from zoneinfo import ZoneInfo

from gridplus.demo.street_data import day_ahead_prices, home_series
from gridplus.failures import GridPlusError
from gridplus.market import operating_day_intervals
from gridplus.planner import (
    UWH_PER_WH,
    Outlook,
    bill_abolt,
    explain,
    forecast_net_load,
    parse_home,
    plan_battery,
)
from gridplus.tariff import energy_prices, parse_plan
from gridplus.units import format_ubolt, ubolt_down

HISTORY_S = 29 * 86_400
DATA = files("gridplus.demo") / "data"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=int, default=1, help="1 to 17")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2021, 8, 11))
    asked = parser.parse_args()
    try:
        show_plan(asked.home, asked.day)
    except GridPlusError as error:
        sys.exit(str(error))


def show_plan(number: int, day: date) -> None:
    prices = day_ahead_prices(day)
    home = parse_home((DATA / "home.toml").read_bytes(), what="home.toml")
    terms = parse_plan((DATA / "plan-houston-day-ahead.toml").read_bytes(), what="plan")
    intervals = operating_day_intervals(day, terms.time_zone)
    midnight_s = intervals[0].start_s
    past = home_series(number).window(midnight_s - HISTORY_S, midnight_s)
    outlook = Outlook(
        energy_prices(terms, prices, intervals=intervals),
        forecast_net_load(*past, count=len(intervals)),
    )
    start_uwh = home.end_of_day_wh * UWH_PER_WH
    plan = plan_battery(
        home.require_battery(), outlook, stored_uwh=start_uwh, end_wh=home.end_of_day_wh
    )
    zone = ZoneInfo(terms.time_zone)
    labels = [f"{interval.start.astimezone(zone):%H:%M}" for interval in intervals]
    reasons = explain(home.require_battery(), outlook, plan=plan, labels=labels)

    print(f"home {number} on {day}, forecast from the {HISTORY_S // 86_400} days before")
    acts = [(step.charge_wh > 0) - (step.discharge_wh > 0) for step in plan.steps]
    for act, places in groupby(range(len(acts)), key=acts.__getitem__):
        first, *rest = places
        moved = sum(plan.steps[i].charge_wh + plan.steps[i].discharge_wh for i in (first, *rest))
        verb = {1: "charge", -1: "discharge", 0: "rest"}[act]
        print(f"  {labels[first]}  {verb:9} {moved:6,} Wh  {reasons[first]}")
    idle = bill_abolt(outlook, outlook.net_load_wh)
    cost, without = (format_ubolt(ubolt_down(amount)) for amount in (plan.bill_abolt, idle))
    print(f"energy would cost {cost} BOLT as planned, {without} BOLT with an idle battery")


if __name__ == "__main__":
    main()
