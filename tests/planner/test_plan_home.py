"""A home with many devices always has a plan, which keeps every limit and says what is undone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.planner import (
    UWH_PER_WH,
    Ahead,
    Band,
    Climate,
    Habit,
    Home,
    HomePlan,
    Outlook,
    Site,
    Source,
    State,
    Stay,
    Wish,
    plan_battery,
    plan_home,
)
from gridplus.planner.store import Store, stores_of
from gridplus.tariff import Peak
from gridplus.units import ABOLT_PER_UBOLT
from tests.planner.scene import ABOLT_PER_CENT_PER_KWH
from tests.planner.street import (
    CAR,
    CELL,
    CLIMATE,
    EVERY_DAY,
    START_S,
    WASHER,
    WATER,
    ahead,
    days,
    homes,
    state_of,
)

CHEAP_NIGHT = [(5, 2)] * 28 + [(15, 2)] * 40 + [(40, 2)] * 28
BATTERY_ALONE = Home(CELL, 3_200, solar=True)


def missing(plan: HomePlan) -> dict[Wish | None, int]:
    return {unmet.wish: unmet.missing for unmet in plan.unmet}


def check_device(store: Store, plan: HomePlan) -> None:
    """It stays in its range and moves as its physics says."""
    level = store.start
    for i in range(store.first, store.end):
        move = plan.move(store.device, i)
        assert move is not None
        assert not (move.take_wh and move.give_wh)
        assert 0 <= move.take_wh <= store.take_wh[i - store.first]
        assert 0 <= move.give_wh <= store.give_wh
        assert move.take_wh == 0 or move.take_wh >= store.least_wh
        level = store.after(level, i, take_wh=move.take_wh, give_wh=move.give_wh)
        assert move.level == level
        assert store.low <= level <= store.high
        assert not move.give_wh or level >= store.reserve


def check_possible(home: Home, coming: Ahead, plan: HomePlan) -> None:
    """Energy balances at the meter, and no limit is passed that is not said to be."""
    for i, flow in enumerate(plan.flows):
        moves = [plan.move(track.device, i) for track in plan.tracks if track.at(i)]
        used_wh = coming.load_wh[i] + plan.fixed_wh[i] + sum(move.take_wh for move in moves if move)
        made_wh = coming.solar_wh[i] - flow.curtailed_wh + sum(m.give_wh for m in moves if m)
        assert flow.import_wh - flow.export_wh == used_wh - made_wh
        assert min(flow.import_wh, flow.export_wh) == 0
        assert 0 <= flow.curtailed_wh <= (coming.solar_wh[i] if home.site.curtail else 0)
        over_wh = max((unmet.missing for unmet in plan.unmet if unmet.wish is None), default=0)
        for limit_w, flowed_wh in (
            (home.site.import_w, flow.import_wh),
            (home.site.export_w, flow.export_wh),
        ):
            assert limit_w is None or flowed_wh <= limit_w // 4 + over_wh


@settings(max_examples=60, deadline=None)
@given(homes(), days(), st.sampled_from([0, 50_000]))
def test_every_home_has_a_plan_that_its_devices_and_its_connection_can_follow(
    home: Home, coming: Ahead, effort: int
) -> None:
    """I-EN-1, I-EN-2."""
    state = state_of(home, coming, waiting=True)
    plan = plan_home(home, coming, state=state, effort=effort)
    for store in stores_of(home, coming, state=state):
        if [track.device for track in plan.tracks].count(store.device) == 1:
            check_device(store, plan)
    check_possible(home, coming, plan)
    assert len(plan.rules) == (coming.count if home.battery else 0)
    assert plan.bound_abolt <= plan.cost_abolt
    again = plan_home(home, coming, state=state, effort=effort)
    assert again == plan


@settings(max_examples=25, deadline=None)
@given(days())
def test_what_is_made_whole_costs_little_more_than_the_optimum(coming: Ahead) -> None:
    """Where no price is inverted: less than two Wh an interval and device."""
    prices = [(max(pair[0], pair[1], 0), max(pair[1], 0)) for pair in coming.prices]
    coming = replace(coming, prices=prices)
    home = Home(CELL, 3_200, True, None, CLIMATE, WATER)
    plan = plan_home(home, coming, state=state_of(home, coming))
    dearest = max(taken for taken, _ in prices)
    assert plan.cost_abolt - plan.bound_abolt <= 2 * 3 * coming.count * max(
        dearest, ABOLT_PER_CENT_PER_KWH
    )


def test_a_battery_alone_is_planned_exactly() -> None:
    coming = ahead(CHEAP_NIGHT)
    plan = plan_home(BATTERY_ALONE, coming, state=state_of(BATTERY_ALONE, coming))
    exact = plan_battery(
        CELL,
        Outlook(coming.prices, coming.net_wh),
        stored_uwh=3_200 * UWH_PER_WH,
        end_wh=3_200,
    )
    assert plan.rules == exact.rules
    assert (plan.cost_abolt, plan.bound_abolt) == (exact.cost_abolt, exact.bound_abolt)
    assert (plan.source, plan.unmet) == (Source.OPTIMAL, ())


def test_the_car_charges_when_it_is_cheap_and_is_ready_in_time() -> None:
    home = Home(None, 0, solar=False, car=CAR)
    coming = ahead(CHEAP_NIGHT)
    plan = plan_home(home, coming, state=state_of(home, coming))
    ready = plan.move("car", 27)
    assert plan.unmet == ()
    assert ready is not None
    assert ready.level >= 40_000 * UWH_PER_WH
    assert plan.move("car", 40) is None
    evening = [plan.move("car", i) for i in range(72, 96)]
    assert all(move is not None and move.take_wh == 0 for move in evening)


def test_a_car_that_leaves_early_is_charged_as_far_as_it_goes_and_what_is_missing_is_said() -> None:
    home = Home(None, 0, solar=False, car=CAR)
    coming = ahead(CHEAP_NIGHT)
    leaves_s = START_S + 3_600
    stay = Stay(START_S - 3_600, leaves_s, leaves_s, stored_wh=20_000, ready_with_wh=40_000)
    plan = plan_home(home, coming, state=State(stays=(stay,)))
    (unmet,) = plan.unmet
    assert (unmet.wish, unmet.missing) == (Wish.CAR, 20_000 - 4 * 1_800 * 9 // 10)
    assert unmet.sentence == "car: 13.52 kWh short of the car's charge when it leaves"


def test_of_two_wishes_that_do_not_fit_the_more_important_one_is_met() -> None:
    warm = Climate(CLIMATE.building, 4_000, (Band(0, 0, 21_900, 24_000),))
    coming = ahead([(10, 0)] * 28, load_wh=0, outdoor_mc=-10_000)
    narrow = Home(None, 0, False, CAR, warm, site=Site(import_w=3_600))
    state = state_of(narrow, coming)
    first = plan_home(narrow, coming, state=state)
    assert set(missing(first)) == {Wish.COMFORT}
    other = tuple(reversed(Wish))
    second = plan_home(replace(narrow, order=other), coming, state=state)
    assert set(missing(second)) == {Wish.CAR}


def test_a_load_above_the_connection_is_carried_and_named() -> None:
    home = Home(CELL, 640, False, site=Site(import_w=1_000))
    coming = ahead([(10, 0)] * 40, load_wh=600)
    plan = plan_home(home, coming, state=state_of(home, coming))
    assert missing(plan)[None] == 350
    assert "over what the connection can carry" in plan.unmet[0].sentence


def test_a_house_is_cooled_before_the_dear_hours() -> None:
    home = Home(None, 0, False, climate=CLIMATE)
    cents = [(5, 0)] * 8 + [(50, 0)] * 8 + [(5, 0)] * 8
    plan = plan_home(home, ahead(cents, outdoor_mc=36_000), state=State(indoor_mc=23_900))
    moves = [plan.move("climate", i) for i in range(24)]
    levels = [move.level for move in moves if move]
    assert plan.unmet == ()
    assert min(levels[:8]) < 22_000_000
    assert sum(move.take_wh for move in moves[:8] if move) > sum(
        move.take_wh for move in moves[8:16] if move
    )


def test_an_appliance_runs_once_where_its_window_is_cheapest() -> None:
    home = Home(None, 0, False, appliances=(WASHER,))
    cents = [(20, 0)] * 48 + [(3, 0)] * 8 + [(20, 0)] * 40
    coming = ahead(cents)
    plan = plan_home(home, coming, state=state_of(home, coming))
    assert plan.begins == (("washer", 48),) or plan.begins == (("washer", 49),)
    assert sum(plan.fixed_wh) == 1_200
    late = plan_home(
        home,
        ahead(cents[:8], start_s=START_S + 16 * 3_600),
        state=State(waiting=frozenset({"washer"})),
    )
    assert set(missing(late)) == {Wish.APPLIANCE}
    assert plan_home(home, ahead(cents[:8]), state=State()).unmet == ()


def test_sun_is_held_back_only_where_feeding_in_costs_money() -> None:
    home = Home(CELL, 3_200, True, site=Site(curtail=True))
    coming = ahead([(5, 1)] * 4 + [(3, -4)] * 20, load_wh=0, solar_wh=[1_000] * 24)
    plan = plan_home(home, coming, state=state_of(home, coming))
    assert not any(flow.curtailed_wh for flow in plan.flows[:4])
    assert all(flow.export_wh == 0 for flow in plan.flows[4:])
    stubborn = replace(home, site=Site())
    fed = plan_home(stubborn, coming, state=state_of(stubborn, coming))
    assert any(flow.export_wh for flow in fed.flows[4:])
    assert fed.cost_abolt > plan.cost_abolt


def test_a_demand_charge_is_kept_down_as_far_as_it_pays() -> None:
    coming = ahead([(10, 10)] * 24, load_wh=0)
    spiky = replace(coming, load_wh=[100] * 12 + [2_000] * 2 + [100] * 10)
    windows = tuple((i,) for i in range(24))
    four_dollars = Peak(4 * 1_000 * ABOLT_PER_UBOLT, 900, 0, 0, windows)
    state = state_of(BATTERY_ALONE, coming)
    plan = plan_home(BATTERY_ALONE, replace(spiky, peaks=(four_dollars,)), state=state)
    blind = plan_home(BATTERY_ALONE, spiky, state=state)
    assert max(flow.import_wh for flow in plan.flows) < 1_000
    assert max(flow.import_wh for flow in blind.flows) == 2_000
    assert plan.cost_abolt - plan.bound_abolt < 4 * 4 * 1_000 * ABOLT_PER_UBOLT * 4


def test_when_time_is_up_the_last_plan_goes_on_and_without_one_what_is_safe() -> None:
    home = Home(CELL, 3_200, True, CAR, CLIMATE)
    coming = ahead(CHEAP_NIGHT)
    state = state_of(home, coming)
    safe = plan_home(home, coming, state=state, effort=0)
    assert safe.source is Source.SAFE_DEFAULT
    first = safe.move("car", 0)
    assert first is not None
    assert first.take_wh == 1_800
    good = plan_home(home, coming, state=state)
    later = ahead(CHEAP_NIGHT[4:], start_s=START_S + 3_600)
    stored = good.move("battery", 3)
    assert stored is not None
    stays = (replace(state.stays[0], stored_wh=20_000), *state.stays[1:])
    then = replace(state, battery_uwh=stored.level, stays=stays)
    going_on = plan_home(home, later, state=then, last=good, effort=0)
    assert going_on.source is Source.LAST_PLAN
    assert going_on.move("battery", 30) == good.move("battery", 34)


def test_prices_that_pay_for_waste_make_no_battery_take_and_give_at_once() -> None:
    """Against every course in steps of 100 Wh, at prices below zero and above export."""
    perfect = replace(
        CELL,
        capacity_wh=1_000,
        power_w=2_000,
        charge_ppm=1_000_000,
        discharge_ppm=1_000_000,
        reserve_wh=0,
        wear_ubolt_per_mwh=0,
    )
    home = Home(perfect, 500, False)
    cents = [(-4, 0), (6, 9), (-2, 1), (3, 3), (8, 2), (-1, -1), (5, 7), (2, 0)]
    coming = ahead(cents, load_wh=200)
    plan = plan_home(home, coming, state=State(battery_uwh=500 * UWH_PER_WH))
    best = {500: 0}
    for price in coming.prices:
        after: dict[int, int] = {}
        for level, spent in best.items():
            for target in range(max(0, level - 500), min(1_000, level + 500) + 1, 100):
                net_wh = 200 + target - level
                total = spent + net_wh * price[net_wh < 0]
                after[target] = min(after.get(target, total), total)
        best = after
    exact = min(total for level, total in best.items() if level >= 500)
    assert plan.cost_abolt <= exact + abs(exact) // 10
    assert plan.unmet == ()


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (State(), "the battery holds None"),
        (State(battery_uwh=7_000 * UWH_PER_WH), "the battery holds 7000000000"),
    ],
)
def test_a_state_that_does_not_fit_the_home_is_refused(state: State, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_home(BATTERY_ALONE, ahead(CHEAP_NIGHT), state=state)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"prices": [(10**18, 0)] * 96},
            "import price at 2021-08-11 05:00Z is 1000000000000000000",
        ),
        ({"load_wh": [1] * 95}, "load: 95 values for 96 intervals"),
        ({"load_wh": [1] * 95 + [-1]}, "load at 2021-08-12 04:45Z is -1"),
        ({"outdoor_mc": [200_000] * 96}, "outdoor temperature at"),
        ({"prices": [], "load_wh": [], "solar_wh": []}, "1 to 1000 intervals, not 0"),
        ({"start_s": START_S + 1}, "do not divide the day"),
    ],
)
def test_what_cannot_be_ahead_is_refused(change: dict[str, object], sentence: str) -> None:
    coming = ahead(CHEAP_NIGHT)
    with pytest.raises(InputError, match=sentence):
        replace(coming, **change)


def test_usual_stays_follow_the_wall_clock_over_a_clock_change() -> None:
    home = Home(None, 0, False, car=CAR)
    spring_s = 1_615_593_600  # 2021-03-12 18:00 in Houston; the clocks change on the 14th
    coming = ahead([(5, 0)] * 300, start_s=spring_s)
    stays = state_of(home, coming).stays
    assert [(stay.until_s - stay.from_s) / 3_600 for stay in stays] == [13.5, 12.5, 13.5, 13.5]


def test_a_habit_that_is_ready_after_the_car_has_left_is_refused() -> None:
    with pytest.raises(InputError, match="not after the car has left"):
        Habit(EVERY_DAY, 18 * 60, 7 * 60, 8 * 60, 0, 0)
