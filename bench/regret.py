"""What control realises of the saving that perfect foresight allows, on the prices of two years.

30 days x 17 real homes with solar, on the day-ahead prices of 2021 (bundled) and, where the shared
data are, of 2024; the homes live the same days in both years. Every 15 minutes each control sees
the past alone; a day begins and ends with the same charge, and cost is the bill's energy part plus
battery wear. `python bench/regret.py` prints a table; with `--why` one of where regret comes from.

How scenarios are made was chosen on the days that lie 4 and 8 days after these, and looked at again
on those 2 and 10 days after them.
"""

import argparse
import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from gridplus.demo.street_data import home_numbers
from gridplus.failures import InputError
from gridplus.market import day_ahead_posting_s, operating_day_intervals
from gridplus.market.formats.price_csv import parse_price_csv
from gridplus.planner import (
    PER_DAY,
    UWH_PER_WH,
    Energies,
    Outlook,
    Prospect,
    Rule,
    Step,
    bill_abolt,
    expected_rule,
    forecast_scenarios,
    respond,
)
from gridplus.tariff import energy_prices, parse_plan
from gridplus.units import PPM
from peers.installed import NotInstalled
from peers.planners import EMHASS, FLEXMEASURES, Planner
from savings import (
    ABOLT_PER_CENT,
    HomeDay,
    Lived,
    by_plan,
    by_set_point,
    by_surplus,
    foresight,
    live,
    lived_of,
    plan_from,
    resting_abolt,
    street_day,
)

SHARED = Path(__file__).parents[2] / "shared" / "data" / "ercot_prices"
PRICES_2024 = SHARED / "dam_spp_hourly_2024.csv.gz"
DAYS = tuple(date(2021, 1, 4) + timedelta(12 * at) for at in range(30))
PAST_DAYS = 28
ABOLT_PER_WH = 1e15
"""1 BOLT/kWh"""


def scenarios(day: HomeDay, i: int, *, known: str = "") -> Energies:
    """Net loads that may come from interval `i` on; of what is `known`, load or sun, the actual."""
    now = day.before + i
    past = slice(now - PAST_DAYS * PER_DAY, now)
    load_wh, solar_wh = day.load_wh[past], day.solar_wh[past]
    load_wh = load_wh * ("load" not in known)
    solar_wh = solar_wh * ("sun" not in known)
    nets_wh = forecast_scenarios(load_wh, solar_wh, count=len(day.outlook.prices) - i)
    nets_wh = nets_wh + day.load_wh[now:] * ("load" in known)
    return nets_wh - day.solar_wh[now:] * ("sun" in known)


def by_scenarios(day: HomeDay, i: int, _stored_uwh: int, *, known: str = "") -> Rule:
    """The rule of least mean cost over what may come."""
    ahead = Prospect(day.outlook.prices[i:], scenarios(day, i, known=known))
    return expected_rule(day.home.require_battery(), ahead, end_wh=day.home.end_of_day_wh).rule


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
    """Whether the battery stayed in its limits all day and ended as full as it was to be, to the
    Wh to which a solver is exact."""
    battery = day.home.require_battery()
    limit_wh = battery.limit_wh(day.outlook.length_s)
    return (
        all(
            battery.reserve_uwh <= step.stored_uwh <= battery.capacity_uwh
            and max(step.charge_wh, step.discharge_wh) <= limit_wh
            for step in lived.steps
        )
        and lived.steps[-1].stored_uwh > (day.home.end_of_day_wh - 1) * UWH_PER_WH
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


def by_peer(peer: Planner, home_days: list[HomeDay]) -> tuple[list[Lived], float, int]:
    """The days, all as long, by the set-points of a peer that plans each of them again every
    interval on our forecast; its CPU milliseconds for a plan, and how often it had none."""
    stored = [day.home.end_of_day_wh * UWH_PER_WH for day in home_days]
    steps: list[list[Step]] = [[] for _ in home_days]
    spent_ms, without = 0.0, 0
    count, found = len(home_days[0].outlook.prices), list[dict[str, Any]]()
    with peer.driven() as ask:
        for i in range(count):
            if is_new := i < count - 1:  # EMHASS does not plan a single interval
                lots = zip(home_days, stored, strict=True)
                found = ask([in_other_words(day, i, stored_uwh=level) for day, level in lots])
                spent_ms += sum(said["ms"] for said in found)
                without += sum("nfeasible" in said.get("said", "") for said in found)
            for at, (day, said) in enumerate(zip(home_days, found, strict=True)):
                moved_wh = said["moved_wh"][0][not is_new]
                step = at_set_point(day, i, stored_uwh=stored[at], moved_wh=moved_wh)
                steps[at].append(step)
                stored[at] = step.stored_uwh
    days = [lived_of(day, of_day) for day, of_day in zip(home_days, steps, strict=True)]
    return days, spent_ms / sum(map(len, steps)), without


def at_set_point(day: HomeDay, i: int, *, stored_uwh: int, moved_wh: float) -> Step:
    """What the battery can do of a wish to take (or, below zero, give) so many Wh."""
    battery = day.home.require_battery()
    if moved_wh > 0:
        level_uwh = stored_uwh + round(moved_wh * battery.charge_ppm)
    else:
        level_uwh = stored_uwh - battery.drain_uwh(round(-moved_wh))
    level_uwh = min(max(level_uwh, min(battery.reserve_uwh, stored_uwh)), battery.capacity_uwh)
    net_wh, length_s = day.outlook.net_load_wh[i], day.outlook.length_s
    rule = Rule(*[level_uwh] * 4)
    return respond(battery, rule, net_load_wh=net_wh, stored_uwh=stored_uwh, length_s=length_s)


def in_other_words(day: HomeDay, i: int, *, stored_uwh: int) -> dict[str, Any]:
    """The rest of the day by our forecast, as the drivers of the peers take it; the end charge is
    wished for as far as it can be reached."""
    battery, net_wh = day.home.require_battery(), day.forecast(i)
    prices, stored_wh = day.outlook.prices[i:], stored_uwh / UWH_PER_WH
    most_wh = len(net_wh) * battery.limit_wh(day.outlook.length_s) * battery.charge_ppm / PPM
    wish_wh = min(day.home.end_of_day_wh, stored_wh + most_wh * 0.999)
    return {
        "load_wh": [max(0, wh) for wh in net_wh],
        "solar_wh": [max(0, -wh) for wh in net_wh],
        "import_price": [taken / ABOLT_PER_WH for taken, _ in prices],
        "export_price": [fed / ABOLT_PER_WH for _, fed in prices],
        "batteries": [
            {
                "capacity_wh": battery.capacity_wh,
                "stored_wh": stored_wh,
                "reserve_wh": battery.reserve_wh,
                "power_w": battery.power_w,
                "give_w": battery.power_w,
                "charge": battery.charge_ppm / PPM,
                "discharge": battery.discharge_ppm / PPM,
                "wear_per_kwh": battery.wear_abolt_per_wh / ABOLT_PER_WH,
                "wants": [[len(net_wh) - 1, wish_wh]],
            }
        ],
    }


def beside_peers(year: int, home_days: list[HomeDay]) -> None:
    """Print the peers on these days, after the table of ours."""
    resting = sum(resting_abolt(day) for day in home_days)
    possible = resting - sum(foresight(day).cost_abolt for day in home_days)
    table(year, home_days)
    for peer in (FLEXMEASURES, EMHASS):
        try:
            lived, ms, without = by_peer(peer, home_days)
        except NotInstalled as reason:
            print(f"  {f'{peer}, its set-points':42} not measured: {reason}")
            continue
        saved = resting - sum(day.cost_abolt for day in lived)
        broken = sum(not is_possible(day, was) for day, was in zip(home_days, lived, strict=True))
        print(
            f"  {f'{peer}, its set-points':42} {saved / len(home_days) / ABOLT_PER_CENT:10.2f} "
            f"{1 - saved / possible:8.1%}   {ms:.0f} ms each, {broken} limits or wishes broken, "
            f"{without} times no plan",
            flush=True,
        )


def regret_by_interval(day: HomeDay, lived: Lived) -> list[int]:
    """What each interval's step lost for good, in aBOLT: its cost and the best after it, less the
    best before it. Their sum is the day's regret."""
    wear_abolt = day.home.require_battery().wear_abolt_per_wh
    net_wh, prices = day.outlook.net_load_wh, day.outlook.prices
    best_abolt, found = foresight(day).cost_abolt, []
    for i, step in enumerate(lived.steps):
        flow = Outlook(prices[i : i + 1], [0])
        spent_abolt = bill_abolt(flow, [step.import_wh - step.export_wh])
        spent_abolt += wear_abolt * step.discharge_wh
        rest = plan_from(day, i + 1, stored_uwh=step.stored_uwh, net_wh=net_wh[i + 1 :])
        found.append(spent_abolt + rest.cost_abolt - best_abolt)
        best_abolt = rest.cost_abolt
    return found


def without_midnights(home_days: list[HomeDay]) -> int:
    """What foresight saves more, in aBOLT, when the battery need not hold its charge of midnight
    until a day later, over the two days."""
    more = 0
    for first in home_days:
        (second,) = street_day(first.day + timedelta(1), [first.number])
        prices = [*first.outlook.prices, *second.outlook.prices]
        net_wh = [*first.outlook.net_load_wh, *second.outlook.net_load_wh]
        both = replace(first, outlook=Outlook(prices, net_wh))
        more += foresight(first).cost_abolt + foresight(second).cost_abolt
        more -= foresight(both).cost_abolt
    return more


def why(home_days: list[HomeDay]) -> None:
    """Print where the regret of the scenarios comes from."""
    possible = sum(resting_abolt(day) - foresight(day).cost_abolt for day in home_days)
    print(f"\nwhere regret comes from: {len(home_days)} home-days; share of the possible saving")
    for name, known in {
        "scenarios": "",
        "the same, but the load is known": "load",
        "the same, but the sun is known": "sun",
        "both are known: what cells and quarter hours lose": "load, sun",
    }.items():
        control = partial(by_scenarios, known=known)
        lost, hours = 0, [0] * 24
        for day in home_days:
            by_interval = regret_by_interval(day, live(day, control))
            lost += sum(by_interval)
            for i, abolt in enumerate(by_interval):
                hours[min(i // 4, 23)] += abolt
        print(f"  {name:52} {lost / possible:6.1%}")
        if not known:
            by_hour = " ".join(f"{abolt / possible * 100:.1f}" for abolt in hours)
            print(f"    percent by hour of the day: {by_hour}")
    print(f"  {'prices: of the whole day they are known':52} {0:6.1%}")
    more = without_midnights(home_days) / 2 / possible
    print(f"  {'beside it: what the charge of midnight costs foresight':52} {more:6.1%}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one home, two days")
    parser.add_argument("--why", action="store_true", help="where the regret of 2021 comes from")
    parser.add_argument("--peers", action="store_true", help="a few days, with EMHASS and others")
    parser.add_argument("--from-day", type=int, default=0, help="shift the days by so many")
    options = parser.parse_args()
    quick, shift = options.quick, timedelta(options.from_day)
    numbers, days = (home_numbers()[:1], DAYS[18:20]) if quick else (home_numbers(), DAYS)
    days = tuple(day + shift for day in days)
    home_days = [each for day in days for each in street_day(day, numbers)]
    if options.peers:
        few = [each for at, each in enumerate(home_days) if at // 17 % 17 == at % 17]
        few = [each for each in few if len(each.outlook.prices) == PER_DAY]
        beside_peers(2021, few)
        if PRICES_2024.exists():
            beside_peers(2024, at_prices_of(2024, few))
        return
    if options.why:
        why(home_days)
        return
    table(2021, home_days)
    if PRICES_2024.exists():
        table(2024, at_prices_of(2024, home_days))
    else:
        print("\nprices of 2024: not measured: ../shared/data is not there")


if __name__ == "__main__":
    main()
