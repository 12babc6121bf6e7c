"""A slice of the evaluation: three homes, seven days of 2021, with clock changes and the storm."""

from dataclasses import replace
from datetime import date

import pytest
from bench.regret import by_scenarios
from bench.savings import (
    PLANNED,
    HomeDay,
    Result,
    by_plan,
    evaluate,
    foresight,
    plan_from,
    share,
    street_day,
)

from gridplus.planner import UWH_PER_WH

DAYS = (
    date(2021, 1, 18),
    date(2021, 2, 15),
    date(2021, 3, 14),
    date(2021, 6, 23),
    date(2021, 8, 22),
    date(2021, 11, 7),
    date(2021, 12, 8),
)
HOMES = (2, 11, 17)
HEDGED = "scenarios, rule followed live"


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return [
        evaluate(home, {PLANNED: by_plan, HEDGED: by_scenarios})
        for day in DAYS
        for home in street_day(day, HOMES)
    ]


def test_three_quarters_of_what_perfect_foresight_saves_are_realised(
    results: list[Result],
) -> None:
    assert share(results, PLANNED) >= 0.75


def test_a_rule_from_all_that_may_come_realises_more(results: list[Result]) -> None:
    assert share(results, HEDGED) >= share(results, PLANNED) + 0.02


def test_no_home_day_falls_below_rest_by_more_than_its_forecast_explains(
    results: list[Result],
) -> None:
    assert all(result.saved_abolt(PLANNED) >= -result.explained_abolt for result in results)


def test_no_day_is_better_than_the_bound_of_perfect_foresight(results: list[Result]) -> None:
    for result in results:
        best_abolt = foresight(result.day).bound_abolt
        assert all(lived.cost_abolt >= best_abolt for lived in result.lived.values())


def test_every_day_ends_with_the_charge_it_began_with(results: list[Result]) -> None:
    for result in results:
        wished_uwh = result.day.home.end_of_day_wh * UWH_PER_WH
        for lived in result.lived.values():
            assert lived.steps[-1].stored_uwh >= wished_uwh


def test_given_the_actual_load_planning_again_and_again_stays_at_the_optimum() -> None:
    for day in street_day(date(2021, 6, 23), HOMES):
        plan = foresight(day)
        stored_uwh = day.home.end_of_day_wh * UWH_PER_WH
        for i, step in enumerate(plan.steps):
            rest_wh = day.outlook.net_load_wh[i:]
            again = plan_from(day, i, stored_uwh=stored_uwh, net_wh=rest_wh)
            assert again.steps == plan.steps[i:]
            stored_uwh = step.stored_uwh


def poisoned(day: HomeDay, i: int) -> HomeDay:
    """The same day, with absurd load and solar from interval `i` on."""
    now = day.before + i
    load_wh, solar_wh = day.load_wh.copy(), day.solar_wh.copy()
    load_wh[now:], solar_wh[now:] = 10**9, -(10**9)
    net_wh = [*day.outlook.net_load_wh[:i], *[10**9] * (len(day.outlook.prices) - i)]
    outlook = replace(day.outlook, net_load_wh=net_wh)
    return replace(day, load_wh=load_wh, solar_wh=solar_wh, outlook=outlook)


def test_control_decides_the_same_when_the_future_is_poisoned() -> None:
    day = street_day(date(2021, 3, 14), [5])[0]
    stored_uwh = day.home.end_of_day_wh * UWH_PER_WH
    for i in range(0, len(day.outlook.prices), 7):
        for control in (by_plan, by_scenarios):
            assert control(poisoned(day, i), i, stored_uwh) == control(day, i, stored_uwh)
    for control in (by_plan, by_scenarios):
        assert control(poisoned(day, 30), 40, stored_uwh) != control(day, 40, stored_uwh)
