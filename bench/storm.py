"""February 2021 on every bundled plan: the worst daily and monthly bill of each home, and what is
left for the retailer.

`python bench/storm.py [--real-time FILE] [--write docs/storm-2021.md]` bills 17 bundled homes and a
home of a constant 1.6 kW for the month of winter storm Uri. Day-ahead prices are bundled; the
real-time ones are a file with a column HB_HOUSTON; without it the real-time plan and column are
left out, and the page says so.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from gridplus.cli.comparison import cents
from gridplus.cli.records import BUNDLED_PLANS, PriceBook, bundled_homes, price_table
from gridplus.demo.options import bundled
from gridplus.demo.street_data import day_ahead_prices
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.tariff import Code, Course, Plan, Side, compare_plans, parse_plan
from gridplus.tariff.components import BlockAndIndex
from gridplus.tariff.moment import local_day, moment_of
from gridplus.units import ABOLT_PER_PBOLT, ABOLT_PER_UBOLT

DAYS = [date(2021, 2, 1) + timedelta(at) for at in range(28)]
REAL_TIME = Path(__file__).parents[2] / "shared/data/ercot_prices/rtm_spp_15min_2021.csv.gz"
FLAT_W = 1_600
PASSED_THROUGH = (
    Code.DELIVERY, Code.DELIVERY_MONTHLY, Code.ERCOT_FEE, Code.TAX_PUC, Code.TAX_GROSS_RECEIPTS,
    Code.TAX_RETURNED,
)  # fmt: skip
Homes = Mapping[str, Sequence[IntervalRead]]
Prices = Mapping[date, PriceVersion]


@dataclass(frozen=True)
class Storm:
    """The month, billed: a course per home and plan, and wholesale prices by day."""

    plans: Sequence[Plan]
    homes: Homes
    courses: Mapping[str, Sequence[Course]]
    day_ahead: Prices
    real_time: Prices | None

    def of_plan(self, place: int) -> list[tuple[str, Course]]:
        return [(name, courses[place]) for name, courses in self.courses.items()]


def uncapped(plan: bytes) -> Plan:
    """The demo's plan without its cap."""
    text = plan.decode().replace('cap = "300.00 $/MWh"\n', "")
    text = text.replace('id = "houston-day-ahead"', 'id = "day-ahead-uncapped"')
    return parse_plan(text.encode(), what="the uncapped plan")


def street(days: Sequence[date], *, count: int) -> dict[str, list[IntervalRead]]:
    homes = dict(list(bundled_homes(days).items())[:count])
    intervals = [interval for day in days for interval in operating_day_intervals(day)]
    flat_wh = FLAT_W // 4
    homes["constant 1.6 kW"] = [IntervalRead(interval, flat_wh, 0, 0, 0) for interval in intervals]
    return homes


def bill_storm(real_time: Path | None, *, days: Sequence[date], homes_count: int) -> Storm:
    plans = [parse_plan(bundled(name), what=name) for name in BUNDLED_PLANS]
    plans.append(uncapped(bundled("plan-houston-day-ahead.toml")))
    homes, book = street(days, count=homes_count), PriceBook(())
    table = price_table(book, plans, homes=homes)
    spot = None
    if real_time is not None:
        wanted = parse_plan(bundled("plans/real-time.toml"), what="real-time.toml")
        prices = PriceBook((real_time,))
        table |= price_table(prices, [wanted], homes=homes)
        spot = {day: table[wanted.settlement_point, "RTM", day] for day in days}
        plans.append(wanted)
    ahead = {day: day_ahead_prices(day) for day in days}
    return Storm(plans, homes, compare_plans(plans, homes, prices=table), ahead, spot)


def retail_abolt(course: Course) -> int:
    """What the bills leave after everything that is passed through."""
    lines = course.lines_abolt.items()
    return sum(
        amount if code.side is Side.CHARGE else -amount
        for code, amount in lines
        if code not in PASSED_THROUGH
    )


def wholesale_abolt(course: Course, reads: Sequence[IntervalRead], *, prices: Prices) -> int:
    """The home's net use at wholesale prices; a block was bought ahead at the price it is sold."""
    zone, block = course.plan.time_zone, course.plan.find(BlockAndIndex)
    total_pbolt = 0
    for read in reads:
        net_wh = read.import_wh - read.export_wh
        if block is not None:
            ahead = block.bought(moment_of(read.interval, zone, index=None))
            net_wh -= sum(line.quantity_wh for line in ahead)
        day = local_day(zone, read.interval.start_s)
        total_pbolt += net_wh * prices[day].price_at(read.interval)
    return total_pbolt * ABOLT_PER_PBOLT + course.lines_abolt.get(Code.BLOCK, 0)


def margin_ubolt(storm: Storm, place: int, *, prices: Prices) -> int:
    total = 0
    for name, course in storm.of_plan(place):
        total += retail_abolt(course)
        total -= wholesale_abolt(course, storm.homes[name], prices=prices)
    return total // ABOLT_PER_UBOLT


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows)) + "\n"


def summary(storm: Storm) -> str:
    rows = []
    for place, plan in enumerate(storm.plans):
        courses = storm.of_plan(place)
        home, day = max(
            ((name, course.worst_day) for name, course in courses), key=lambda item: item[1][1]
        )
        months = sorted(course.net_ubolt for _, course in courses)
        spot = storm.real_time
        rows.append(
            [
                plan.id,
                f"{cents(day[1])} ({home}, {day[0]:%d %b})",
                cents(months[-1]),
                cents(months[len(months) // 2]),
                cents(margin_ubolt(storm, place, prices=storm.day_ahead)),
                "" if spot is None else cents(margin_ubolt(storm, place, prices=spot)),
            ]
        )
    head = ("plan", "worst day of any home", "worst month", "median month",
            "retailer, day-ahead", "retailer, real time")  # fmt: skip
    return table(head, rows)


def per_home(storm: Storm, *, by_day: bool) -> str:
    head = ["home", *(plan.id for plan in storm.plans)]
    rows = [
        [name, *(cents(c.worst_day[1] if by_day else c.net_ubolt) for c in courses)]
        for name, courses in storm.courses.items()
    ]
    return table(head, rows)


PAGE = """# February 2021 on every plan kind

Winter storm Uri: the day-ahead price at LZ_HOUSTON rose to {top_ahead} $/MWh{top_spot}.
Made by `make storm` (`bench/storm.py`) from {real} real homes without a battery, one home of a
constant 1.6 kW, and real prices. BOLT, taxes in; 1 BOLT = 1 dollar. A home behaves the same on
every plan.
{missing}
## Plans
The retailer's columns are what all bills leave after delivery, fees and taxes, less the homes'
net use at the wholesale price, had it bought everything day-ahead, or everything in real time at
HB_HOUSTON; a block is bought ahead at the price at which it is sold. Below zero is its loss on
this street of {count} homes in one month.

{summary}
## Worst day of each home
{days}
## The month of each home
{months}
## What it says, and what it does not
- A cap, a collar or one price keeps a home's worst day in dollars, and moves the storm to the
  retailer: each line below zero is a hedge that it should have bought.
- A block protects as far as it reaches: what a home takes above it is at the index.
- Loads are from a mild climate, laid on Texas: electric heating in the frost is not in them, so
  real bills were worse. Blackouts are not in them either. Real-time prices are a hub's, not the
  zone's. Prices of the plans are examples.
"""
MISSING = "\n**Real-time prices were not there** when this page was made: their plan is left out.\n"


def page(storm: Storm) -> str:
    spot = "" if storm.real_time is None else f", the real-time price to {top(storm.real_time)}"
    return PAGE.format(
        top_ahead=top(storm.day_ahead),
        top_spot=spot,
        missing=MISSING if storm.real_time is None else "",
        real=len(storm.homes) - 1,
        count=len(storm.homes),
        summary=summary(storm),
        days=per_home(storm, by_day=True),
        months=per_home(storm, by_day=False),
    )


def top(prices: Prices) -> str:
    """The highest price in $/MWh."""
    highest = max(max(version.prices_ubolt_per_mwh) for version in prices.values())
    return cents(highest)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--real-time", type=Path, default=REAL_TIME)
    asked.add_argument("--quick", action="store_true", help="two homes and four days")
    asked.add_argument("--write", type=Path, help="write the page there")
    options = asked.parse_args()
    found = options.real_time if options.real_time.exists() else None
    if found is None:
        print(f"{options.real_time} is not there: no real-time plan, no real-time column")
    days = DAYS[13:17] if options.quick else DAYS
    text = page(bill_storm(found, days=days, homes_count=1 if options.quick else 17))
    if options.write is not None:
        options.write.write_text(text)
        print(f"written: {options.write}")
    else:
        print(text)


if __name__ == "__main__":
    main()
