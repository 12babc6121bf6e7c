from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import Bug, InputError
from gridplus.planner import UWH_PER_WH, Battery, Outlook, Plan, bill_abolt, plan_battery, respond
from tests.planner.scene import (
    ABOLT_PER_CENT_PER_KWH,
    EMPTY_UWH,
    FULL_UWH,
    PLAIN,
    batteries,
    outlook,
    outlooks,
)

NIGHT, DAY, PEAK = (4, 1, 200), (8, 5, 200), (30, 25, 200)


def moved(plan: Plan) -> list[int]:
    return [step.charge_wh - step.discharge_wh for step in plan.steps]


def test_it_buys_cheap_and_sells_dear() -> None:
    plan = plan_battery(PLAIN, outlook(NIGHT, DAY, PEAK), stored_uwh=EMPTY_UWH, end_wh=640)
    assert moved(plan) == [1_250, 150, -1_250]
    assert plan.cost_abolt == plan.bill_abolt + plan.wear_abolt
    assert plan.end_short_uwh == plan.reserve_short_uwh == 0


def test_it_rests_when_losses_and_wear_eat_the_difference() -> None:
    plan = plan_battery(PLAIN, outlook((8, 7, 200), (9, 8, 200)), stored_uwh=FULL_UWH, end_wh=6_400)
    assert moved(plan) == [0, 0]
    assert plan.cost_abolt == plan.bound_abolt


def test_among_equals_it_does_nothing() -> None:
    free = replace(PLAIN, charge_ppm=1_000_000, discharge_ppm=1_000_000, wear_ubolt_per_mwh=0)
    plan = plan_battery(free, outlook(DAY, DAY, DAY), stored_uwh=EMPTY_UWH, end_wh=640)
    assert moved(plan) == [0, 0, 0]


def test_surplus_sun_is_stored_and_surplus_charge_covers_the_home_before_it_is_exported() -> None:
    sun, evening = (20, 5, -500), (20, 5, 300)
    plan = plan_battery(PLAIN, outlook(sun, evening, evening), stored_uwh=EMPTY_UWH, end_wh=640)
    assert moved(plan) == [500, -(500 * 95 * 94 // 10_000 - 300), -300]
    assert [step.import_wh for step in plan.steps] == [0, 300 - 146, 0]


def test_a_battery_below_its_reserve_is_charged_first_whatever_the_price() -> None:
    plan = plan_battery(PLAIN, outlook(PEAK, PEAK, NIGHT), stored_uwh=0, end_wh=0)
    assert moved(plan)[0] == -(-640 * 100 // 95)
    assert all(step.stored_uwh >= PLAIN.reserve_uwh for step in plan.steps)
    slow = replace(PLAIN, power_w=400)
    plan = plan_battery(slow, outlook(PEAK, NIGHT), stored_uwh=0, end_wh=0)
    assert moved(plan) == [100, 100]
    assert plan.reserve_short_uwh == slow.reserve_uwh - 200 * 950_000


def test_an_end_charge_out_of_reach_is_approached_and_the_rest_is_named() -> None:
    plan = plan_battery(PLAIN, outlook(PEAK, PEAK), stored_uwh=EMPTY_UWH, end_wh=6_400)
    assert moved(plan) == [1_250, 1_250]
    assert plan.end_short_uwh == FULL_UWH - EMPTY_UWH - 2_500 * 950_000


def test_an_empty_horizon_has_an_empty_plan() -> None:
    plan = plan_battery(PLAIN, outlook(), stored_uwh=EMPTY_UWH, end_wh=1_000)
    assert plan.steps == ()
    assert (plan.cost_abolt, plan.bound_abolt) == (0, 0)
    assert plan.end_short_uwh == 360 * UWH_PER_WH


@pytest.mark.parametrize("prices", [(5, 6), (5, -1), (-1, -1)])
def test_prices_that_make_the_problem_non_convex_are_refused(prices: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"interval 1: .* import >= export >= 0"):
        Outlook([(1, 0), prices], [0, 0])


def test_what_no_battery_can_hold_is_a_bug() -> None:
    for stored_uwh, end_wh in ((FULL_UWH + 1, 640), (-1, 640), (FULL_UWH, 6_401), (FULL_UWH, -1)):
        with pytest.raises(Bug):
            plan_battery(PLAIN, outlook(DAY), stored_uwh=stored_uwh, end_wh=end_wh)
    with pytest.raises(Bug, match="price and load"):
        Outlook([(1, 0)], [0, 0])


@settings(max_examples=60, deadline=None)
@given(batteries(), outlooks(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_every_plan_is_feasible_priced_as_it_is_and_close_to_its_own_bound(
    battery: Battery, ahead: Outlook, stored_ppm: int, end_ppm: int
) -> None:
    start_uwh = stored_uwh = battery.capacity_wh * stored_ppm
    end_wh = battery.capacity_wh * end_ppm // 10**6
    plan = plan_battery(battery, ahead, stored_uwh=start_uwh, end_wh=end_wh)
    limit_wh, lowest_uwh = battery.limit_wh(ahead.length_s), start_uwh
    for step, net_wh in zip(plan.steps, ahead.net_load_wh, strict=True):
        assert 0 <= step.charge_wh <= limit_wh
        assert 0 <= step.discharge_wh <= limit_wh
        assert 0 in (step.charge_wh, step.discharge_wh)
        assert 0 in (step.import_wh, step.export_wh)
        assert step.import_wh - step.export_wh == net_wh + step.charge_wh - step.discharge_wh
        stored_uwh = battery.after(
            stored_uwh, charge_wh=step.charge_wh, discharge_wh=step.discharge_wh
        )
        assert step.stored_uwh == stored_uwh
        lowest_uwh = min(lowest_uwh, battery.reserve_uwh)
        assert stored_uwh >= lowest_uwh, "below the reserve it never falls further"
        lowest_uwh = stored_uwh
    grid_wh = [step.import_wh - step.export_wh for step in plan.steps]
    assert plan.bill_abolt == bill_abolt(ahead, grid_wh)
    dearest = max((price for price, _ in ahead.prices), default=0)
    assert 0 <= plan.cost_abolt - plan.bound_abolt <= len(plan.steps) * (dearest + 1)
    assert plan == plan_battery(battery, ahead, stored_uwh=start_uwh, end_wh=end_wh)


SMALL = Battery(
    capacity_wh=5,
    power_w=8,
    charge_ppm=900_000,
    discharge_ppm=800_000,
    reserve_wh=1,
    wear_ubolt_per_mwh=10_000_000,
)
small_intervals = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(-3, 3)).map(
    lambda t: (max(t[:2]), min(t[:2]), t[2])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(small_intervals, min_size=3, max_size=3))
def test_no_course_of_whole_wh_beats_the_bound_and_none_beats_the_plan_by_more_than_the_gap(
    intervals: list[tuple[int, int, int]],
) -> None:
    ahead, start_uwh = outlook(*intervals), 2 * UWH_PER_WH
    plan = plan_battery(SMALL, ahead, stored_uwh=start_uwh, end_wh=2)
    best_abolt = None
    for course in product(range(-2, 3), repeat=3):
        cost_abolt = course_cost(ahead, course, start_uwh)
        if cost_abolt is not None and (best_abolt is None or cost_abolt < best_abolt):
            best_abolt = cost_abolt
    assert best_abolt is not None
    assert plan.end_short_uwh == 0
    assert plan.bound_abolt <= best_abolt <= plan.cost_abolt


def course_cost(ahead: Outlook, course: tuple[int, ...], stored_uwh: int) -> int | None:
    """Bill and wear of charging (or, below zero, discharging) so; None where it cannot be done."""
    for wh in course:
        stored_uwh += wh * SMALL.charge_ppm if wh > 0 else -SMALL.drain_uwh(-wh)
        if not SMALL.reserve_uwh <= stored_uwh <= SMALL.capacity_uwh:
            return None
    if stored_uwh < 2 * UWH_PER_WH:
        return None
    grid_wh = [net_wh + wh for net_wh, wh in zip(ahead.net_load_wh, course, strict=True)]
    wear_abolt = SMALL.wear_abolt_per_wh * sum(-wh for wh in course if wh < 0)
    return bill_abolt(ahead, grid_wh) + wear_abolt


@settings(max_examples=60, deadline=None)
@given(batteries(), outlooks(), st.integers(0, 10**6), st.integers(-5_000, 5_000))
def test_the_first_rule_does_not_depend_on_the_first_load_so_it_may_be_followed_live(
    battery: Battery, ahead: Outlook, stored_ppm: int, actual_wh: int
) -> None:
    if not ahead.prices:
        return
    stored_uwh = battery.capacity_wh * stored_ppm
    expected = plan_battery(battery, ahead, stored_uwh=stored_uwh, end_wh=battery.reserve_wh)
    known = replace(ahead, net_load_wh=[actual_wh, *ahead.net_load_wh[1:]])
    informed = plan_battery(battery, known, stored_uwh=stored_uwh, end_wh=battery.reserve_wh)
    lived = respond(
        battery,
        expected.rules[0],
        net_load_wh=actual_wh,
        stored_uwh=stored_uwh,
        length_s=ahead.length_s,
    )
    assert lived == informed.steps[0]


@settings(max_examples=60, deadline=None)
@given(batteries(), outlooks(), st.integers(0, 10**6))
def test_a_rule_never_charges_where_it_would_discharge(
    battery: Battery, ahead: Outlook, stored_ppm: int
) -> None:
    stored_uwh = battery.capacity_wh * stored_ppm
    for rule in plan_battery(battery, ahead, stored_uwh=stored_uwh, end_wh=0).rules:
        assert 0 <= rule.grid_to_uwh <= rule.sun_to_uwh <= rule.export_to_uwh
        assert rule.grid_to_uwh <= rule.home_to_uwh <= rule.export_to_uwh <= battery.capacity_uwh


def test_a_price_in_cents_is_what_the_scene_says() -> None:
    assert outlook(NIGHT).prices[0][0] == 4 * ABOLT_PER_CENT_PER_KWH
