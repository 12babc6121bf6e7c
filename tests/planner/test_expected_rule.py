"""A rule for a load that nobody knows yet: of least mean cost over what may come."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug
from gridplus.planner import (
    PER_DAY,
    Battery,
    Outlook,
    expected_rule,
    forecast_scenarios,
    plan_battery,
    respond,
)
from tests.planner.scene import EMPTY_UWH, FULL_UWH, PLAIN, batteries, outlook, outlooks


@settings(max_examples=25)
@given(batteries(), outlooks(), st.integers(1, 3), st.integers(0, 100))
def test_of_one_future_however_often_it_is_told_it_is_the_plans_own_rule(
    battery: Battery, ahead: Outlook, times: int, percent: int
) -> None:
    if not ahead.prices:
        return
    stored_uwh = battery.capacity_uwh * percent // 100
    plan = plan_battery(battery, ahead, stored_uwh=stored_uwh, end_wh=battery.capacity_wh // 2)
    rule = expected_rule(
        battery, [ahead] * times, stored_uwh=stored_uwh, end_wh=battery.capacity_wh // 2
    )
    length_s = ahead.length_s
    for net_wh in (-700, 0, 900):
        first, own = (
            respond(battery, each, net_load_wh=net_wh, stored_uwh=stored_uwh, length_s=length_s)
            for each in (plan.rules[0], rule)
        )
        assert own == first


def test_what_pays_only_in_one_future_of_three_is_weighed_with_the_others() -> None:
    """Charging at 10 for an evening at 24: with a load it gains, without it all is lost."""
    lossless = replace(PLAIN, charge_ppm=1_000_000, discharge_ppm=1_000_000, wear_ubolt_per_mwh=0)
    empty, needed = outlook((10, 0, 0), (24, 0, 0)), outlook((10, 0, 0), (24, 0, 1_000))

    def charged_wh(*futures: Outlook) -> int:
        rule = expected_rule(lossless, futures, stored_uwh=EMPTY_UWH, end_wh=640)
        step = respond(lossless, rule, net_load_wh=0, stored_uwh=EMPTY_UWH, length_s=900)
        return step.charge_wh

    assert charged_wh(needed) == 1_000
    assert charged_wh(needed, empty) == 1_000  # a half of 24 is more than 10
    assert charged_wh(needed, empty, empty) == 0  # a third is less
    other = outlook((10, 0, 0), (24, 0, 400))
    assert charged_wh(needed, other, empty) == 400


@settings(max_examples=20)
@given(st.lists(outlooks(), min_size=2, max_size=4), st.integers(0, 100))
def test_its_levels_are_in_order_and_in_the_battery(ahead: list[Outlook], percent: int) -> None:
    count = min(len(each.prices) for each in ahead)
    if not count:
        return
    first = ahead[0].prices[0]
    futures = [Outlook([first, *each.prices[1:count]], each.net_load_wh[:count]) for each in ahead]
    rule = expected_rule(
        PLAIN, futures, stored_uwh=PLAIN.capacity_uwh * percent // 100, end_wh=3_000
    )
    assert rule.grid_to_uwh <= min(rule.sun_to_uwh, rule.home_to_uwh)
    assert max(rule.sun_to_uwh, rule.home_to_uwh) <= rule.export_to_uwh <= FULL_UWH


def test_futures_that_disagree_on_the_present_are_a_bug() -> None:
    with pytest.raises(Bug, match="known in all outlooks"):
        expected_rule(
            PLAIN, [outlook((10, 0, 0)), outlook((11, 0, 0))], stored_uwh=FULL_UWH, end_wh=640
        )


def test_scenarios_are_the_days_that_were_brought_to_the_present_and_know_no_future() -> None:
    """I-EN-3."""
    days = np.repeat(np.array([100, 300, 500], np.int64), PER_DAY)
    none = np.zeros_like(days)
    three = forecast_scenarios(days, none, count=200)
    assert len(three) == 3
    assert all(len(scenario) == 200 for scenario in three)
    assert [scenario[-1] for scenario in three] == [500, 300, 100]
    assert three[0][0] == round(500 + 200 * 0.93), "now it is 200 Wh more than before that day"
    assert forecast_scenarios(days[:5], none[:5], count=3) == ((0, 0, 0),)
    sun = np.where(np.arange(len(days)) % PER_DAY < 48, 200, 0)
    assert min(forecast_scenarios(days, sun, count=96)[0]) < 500
