"""What the battery does once an interval is there: a rule from all that may come, and why."""

import re
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.planner import Ahead, Hedged, Home, Now, Site, State, hedge, plan_home, respond
from gridplus.tariff import Peak
from tests.planner.street import CAR, CELL, START_S, ZONE, ahead, homes, state_of

ALONE = Home(CELL, 3_200, True)
EVENING = [(8, 2)] * 8 + [(30, 2)] * 8
BEATS = re.compile(r"(-?[\d.]+) ¢ now beats the (-?[\d.]+) ¢ expected")


def hedged(home: Home, coming: Ahead, futures: list[list[int]], *, at: int = 0) -> Hedged | None:
    """In interval `at` of a plan for `coming`, the battery half full."""
    state = state_of(home, coming)
    plan = plan_home(home, coming, state=state)
    now = Now(at, 3_200_000_000, np.array(futures))
    return hedge(home, coming, plan=plan, now=now, label="18:00")


def test_where_the_plan_does_the_same_its_own_sentence_stands() -> None:
    coming = ahead(EVENING)
    found = hedged(ALONE, coming, [[300] * 16, [320] * 16])
    assert found is not None
    assert found.why is None


def test_where_futures_do_not_bear_out_the_forecast_the_sentence_says_what_is_expected() -> None:
    """The forecast has a dear evening without a load; one of two futures has one."""
    coming = ahead(EVENING, load_wh=0)
    futures = [[0, *[1_000] * 8], [0] * 9]
    found = hedged(ALONE, coming, futures, at=7)
    assert found is not None
    assert found.why is not None
    assert found.why.startswith("charging at 18:00: 8.0 ¢ now beats the ")
    assert found.rule.grid_to_uwh > 3_200_000_000
    earlier = hedged(ALONE, coming, [[0, *each] for each in futures], at=6)
    assert earlier is not None
    assert earlier.rule.grid_to_uwh < found.rule.grid_to_uwh, "the next quarter hour knows more"


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_a_sentence_says_beats_the_other_does(seed: object) -> None:
    rng = np.random.default_rng(abs(hash(seed)) % 2**32)
    cents = [(int(fed + more), int(fed)) for fed, more in rng.integers(0, 15, (24, 2))]
    futures = rng.integers(-900, 1_200, (4, 24)).tolist()
    found = hedged(ALONE, ahead(cents, load_wh=int(rng.integers(0, 900))), futures)
    assert found is not None
    if found.why is not None and (said := BEATS.search(found.why)):
        now, later = map(float, said.groups())
        assert (now <= later) == found.why.startswith(("charging", "storing")) or now == later


def test_what_other_devices_are_to_take_is_part_of_every_future() -> None:
    """A charger in the dear hours is a load that the battery covers."""
    home = replace(ALONE, car=CAR)
    coming = ahead([(8, 2)] * 70 + [(30, 2)] * 26, load_wh=0)
    stays = state_of(home, coming).stays
    plan = plan_home(home, coming, state=State(3_200_000_000, stays))
    at = next(i for i in range(96) if (move := plan.move("car", i)) and move.take_wh)
    now = Now(at, 3_200_000_000, np.zeros((1, 96 - at), np.int64))
    with_car, without = (
        hedge(each, coming, plan=made, now=now, label="18:00")
        for each, made in (
            (home, plan),
            (ALONE, plan_home(ALONE, coming, state=State(3_200_000_000))),
        )
    )
    assert with_car is not None
    assert without is not None
    assert with_car != without


def test_a_connection_that_cannot_bind_changes_nothing_and_one_that_can_keeps_the_plans_rule() -> (
    None
):
    coming, futures = ahead(EVENING), [[300] * 16]
    free = hedged(ALONE, coming, futures)
    assert hedged(replace(ALONE, site=Site(20_000, 20_000, False)), coming, futures) == free
    assert hedged(replace(ALONE, site=Site(4_000, None, False)), coming, futures) is None
    assert hedged(replace(ALONE, site=Site(None, 3_000, False)), coming, futures) is None


def test_demand_charges_inverted_prices_and_closed_hours_keep_the_plans_rule() -> None:
    futures = [[300] * 16]
    coming = ahead(EVENING)
    peak = Peak(10**15, 3_600, 0, 0, ((0, 1, 2, 3),))
    assert hedged(ALONE, replace(coming, peaks=(peak,)), futures) is None
    assert hedged(ALONE, replace(coming, closed={"battery": frozenset({3})}), futures) is None
    assert hedged(ALONE, ahead([(2, 8)] * 16), futures) is None
    assert hedged(Home(None, 0, True, CAR), ahead([(8, 2)] * 96), [[300] * 96]) is None


@settings(max_examples=10, deadline=None)
@given(homes(), st.integers(0, 95))
def test_in_any_home_its_rule_stays_in_the_battery(home: Home, at: int) -> None:
    coming = ahead([(8, 2)] * 60 + [(30, 2)] * 36, start_s=START_S)
    found = hedged(home, coming, [[300] * (96 - at), [-400] * (96 - at)], at=at)
    assert coming.zone == ZONE
    if found is not None:
        battery = home.require_battery()
        for net_wh in (-2_000, 0, 2_000):
            step = respond(
                battery,
                found.rule,
                net_load_wh=net_wh,
                stored_uwh=3_200_000_000,
                length_s=coming.length_s,
            )
            assert battery.reserve_uwh <= step.stored_uwh <= battery.capacity_uwh
