"""The plan against a linear program solved by HiGHS: another method, another author."""

import random
from datetime import date

import pytest
from bench.plans import LinearProgram
from bench.savings import street_day

from gridplus.planner import UWH_PER_WH, Battery, Outlook, plan_battery
from tests.planner.scene import PLAIN, outlook

UBOLT = 1e-6
ABOLT_PER_BOLT = 10**18


def check_against_highs(battery: Battery, ahead: Outlook, *, stored_uwh: int, end_wh: int) -> None:
    program = LinearProgram(battery, count=len(ahead.prices), length_s=ahead.length_s)
    best = program.solve(ahead, stored_uwh=stored_uwh, end_wh=end_wh, warm=False)
    plan = plan_battery(battery, ahead, stored_uwh=stored_uwh, end_wh=end_wh)
    assert plan.end_short_uwh / UWH_PER_WH == pytest.approx(best.end_short_kwh * 1_000, abs=1)
    if not plan.end_short_uwh:
        assert plan.bound_abolt / ABOLT_PER_BOLT == pytest.approx(best.cost_bolt, abs=5 * UBOLT)
    wh_abolt = max(price for price, _ in ahead.prices)
    assert 0 <= plan.cost_abolt - plan.bound_abolt <= len(plan.steps) * wh_abolt


@pytest.mark.parametrize("seed", range(40))
def test_random_problems_have_the_optimum_of_the_linear_program(seed: int) -> None:
    """I-EN-2."""
    rng = random.Random(seed)
    battery = Battery(
        capacity_wh=rng.randrange(1_000, 20_000),
        power_w=rng.randrange(500, 12_000),
        charge_ppm=rng.randrange(700_000, 1_000_001),
        discharge_ppm=rng.randrange(700_000, 1_000_001),
        reserve_wh=rng.randrange(0, 900),
        wear_ubolt_per_mwh=rng.choice([0, 10_000_000, 50_000_000]),
    )
    intervals = []
    for _ in range(rng.choice([1, 2, 7, 24, 96])):
        export = rng.choice([0, 2, rng.randrange(40)])
        intervals.append((export + rng.randrange(8), export, rng.randrange(-2_000, 3_000)))
    check_against_highs(
        battery,
        outlook(*intervals, (41, 0, 100)),
        stored_uwh=rng.randrange(battery.reserve_uwh, battery.capacity_uwh),
        end_wh=rng.randrange(battery.capacity_wh),
    )


@pytest.mark.parametrize("day", [date(2021, 2, 15), date(2021, 3, 14), date(2021, 11, 7)])
def test_real_days_of_92_96_and_100_intervals_have_it_too(day: date) -> None:
    for home_day in street_day(day, range(1, 18, 4)):
        check_against_highs(PLAIN, home_day.outlook, stored_uwh=1_600 * UWH_PER_WH, end_wh=1_600)
