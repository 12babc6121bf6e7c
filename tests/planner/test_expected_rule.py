"""A rule for a load that nobody knows yet: of least mean cost over what may come."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug, InputError
from gridplus.planner import (
    PER_DAY,
    UWH_PER_WH,
    Outlook,
    Prospect,
    Rule,
    Step,
    bill_abolt,
    expected_rule,
    forecast_scenarios,
    plan_battery,
    respond,
)
from gridplus.planner.expected import CELLS
from tests.planner.scene import ABOLT_PER_CENT_PER_KWH, EMPTY_UWH, FULL_UWH, PLAIN, outlooks

CELL_WH = (PLAIN.capacity_wh - PLAIN.reserve_wh) / CELLS
LOSSLESS = replace(PLAIN, charge_ppm=1_000_000, discharge_ppm=1_000_000, wear_ubolt_per_mwh=0)


def prospect(cents: list[int], *futures: list[int]) -> Prospect:
    prices = [(price * ABOLT_PER_CENT_PER_KWH, 0) for price in cents]
    return Prospect(prices, np.array(futures))


def lived(ahead: Outlook, stored_uwh: int, end_wh: int) -> list[Step]:
    """Every interval by a rule from the one future that comes."""
    steps = []
    for i, net_wh in enumerate(ahead.net_load_wh):
        rest = Prospect(ahead.prices[i:], np.array([ahead.net_load_wh[i:]]))
        rule = expected_rule(PLAIN, rest, end_wh=end_wh).rule
        steps.append(respond(PLAIN, rule, net_load_wh=net_wh, stored_uwh=stored_uwh, length_s=900))
        stored_uwh = steps[-1].stored_uwh
    return steps


@settings(max_examples=40, deadline=None)
@given(outlooks(), st.integers(10, 100), st.integers(640, 6_400))
def test_when_what_comes_is_known_following_it_costs_the_optimum_but_for_a_few_cells(
    ahead: Outlook, percent: int, end_wh: int
) -> None:
    if not ahead.prices:
        return
    stored_uwh = PLAIN.capacity_uwh * percent // 100
    plan = plan_battery(PLAIN, ahead, stored_uwh=stored_uwh, end_wh=end_wh)
    steps = lived(ahead, stored_uwh, end_wh)
    bill = bill_abolt(ahead, [step.import_wh - step.export_wh for step in steps])
    cost = bill + PLAIN.wear_abolt_per_wh * sum(step.discharge_wh for step in steps)
    short_uwh = end_wh * UWH_PER_WH - steps[-1].stored_uwh
    assert short_uwh < plan.end_short_uwh + UWH_PER_WH
    dearest = max(price for price, _ in ahead.prices)
    assert cost <= plan.cost_abolt + 4 * CELL_WH * dearest


def test_what_pays_only_in_one_future_of_three_is_weighed_with_the_others() -> None:
    """Charging at 10 for an evening at 24: with a load it gains, without it all is lost."""
    needed, other, none = [0, 1_000], [0, 400], [0, 0]

    def charged_wh(*futures: list[int]) -> int:
        ahead = prospect([10, 24], *futures)
        rule = expected_rule(LOSSLESS, ahead, end_wh=640).rule
        return respond(LOSSLESS, rule, net_load_wh=0, stored_uwh=EMPTY_UWH, length_s=900).charge_wh

    assert charged_wh(needed) == pytest.approx(1_000, abs=CELL_WH)
    assert charged_wh(needed, none) == charged_wh(needed), "a half of 24 is more than 10"
    assert charged_wh(needed, none, none) == 0, "a third is less"
    assert charged_wh(needed, other, none) == pytest.approx(400, abs=CELL_WH)


def test_what_stored_energy_is_worth_later_is_the_mean_of_what_it_will_save() -> None:
    ahead = prospect([10, 24], [0, 1_000], [0, 0], [0, 0])
    expected = expected_rule(LOSSLESS, ahead, end_wh=640)
    cent = ABOLT_PER_CENT_PER_KWH
    assert expected.worth_abolt(EMPTY_UWH) == pytest.approx(8 * cent)
    assert expected.worth_abolt(EMPTY_UWH + 900_000_000) == pytest.approx(8 * cent)
    assert expected.worth_abolt(FULL_UWH) == 0


@settings(max_examples=40, deadline=None)
@given(outlooks(), st.integers(1, 4), st.integers(0, 6_400))
def test_its_levels_are_in_order_and_in_the_battery(
    ahead: Outlook, futures: int, end_wh: int
) -> None:
    if not ahead.prices:
        return
    nets_wh = np.stack([np.roll(ahead.net_load_wh, shift) for shift in range(futures)])
    rule = expected_rule(PLAIN, Prospect(ahead.prices, nets_wh), end_wh=end_wh).rule
    assert EMPTY_UWH <= rule.grid_to_uwh <= min(rule.sun_to_uwh, rule.home_to_uwh)
    assert max(rule.sun_to_uwh, rule.home_to_uwh) <= rule.export_to_uwh <= FULL_UWH


def test_the_last_interval_brings_the_battery_to_its_wish() -> None:
    rule = expected_rule(PLAIN, prospect([30], [500]), end_wh=3_333).rule
    assert rule == Rule(3_333_000_000, 3_333_000_000, 3_333_000_000, FULL_UWH)


def test_a_net_load_without_a_price_is_a_bug_and_an_export_that_pays_more_is_refused() -> None:
    with pytest.raises(Bug, match="for each price"):
        prospect([10, 20], [1, 2, 3])
    with pytest.raises(InputError, match="import >= export"):
        Prospect([(1, 2)], np.array([[5]]))


def test_scenarios_are_the_days_that_were_brought_to_the_present_and_know_no_future() -> None:
    """I-EN-3."""
    load = np.full(15 * PER_DAY, 300)
    load[2 * PER_DAY : 3 * PER_DAY], load[-48:] = 200, 600
    scenarios = forecast_scenarios(load, np.zeros_like(load), count=40).tolist()
    assert len(scenarios) == 14
    usual, quiet = scenarios[3], scenarios[1]
    assert usual == sorted(usual, reverse=True)
    assert 500 < usual[0] < 600, "the next quarter hour is most like this one"
    assert 300 < usual[-1] < 500, "a day that begins busy is expected to stay busier"
    assert 200 < quiet[-1] < usual[-1], "a quiet day stays a quieter one"


def test_a_cloudy_day_is_expected_to_go_on_and_less_so_the_longer_it_is_ahead() -> None:
    sun = np.tile(np.full(PER_DAY, 500), 15)
    sun[-16:] = 100
    (*_, net_wh) = forecast_scenarios(np.zeros_like(sun), sun, count=60).tolist()
    assert -200 < net_wh[0] < -100
    assert net_wh[:-16] == sorted(net_wh[:-16], reverse=True)


@pytest.mark.parametrize("past", [0, 1, PER_DAY - 1, PER_DAY, PER_DAY + 1, 5 * PER_DAY + 7])
def test_a_short_past_gives_scenarios_too(past: int) -> None:
    load = np.full(past, 300)
    nets_wh = forecast_scenarios(load, np.zeros_like(load), count=PER_DAY)
    assert nets_wh.shape == (max(1, past // PER_DAY), PER_DAY)
    assert nets_wh.min() >= 0
    assert nets_wh.any() == (past > 0)
