"""Planned cost is billed cost: the plan that rates the bill is the one that is planned by."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.planner import (
    Ahead,
    BilledPlan,
    Home,
    State,
    Terms,
    plan_billed,
    plan_home,
    respond,
)
from gridplus.planner.devices import BATTERY
from gridplus.tariff import Plan, Tally, Tip, next_statement, peaks_ahead, plan_cost
from gridplus.units import Interval
from gridplus.wallet import ChannelId
from tests.planner.street import CAR, CELL, CLIMATE, ZONE, homes, state_of
from tests.tariff.examples import (
    ADDER,
    BLOCKS,
    DAM,
    DEMAND,
    FIXED,
    FREE_NIGHTS,
    MINIMUM_USE,
    NET_METERING,
    TAXES,
    TIERS,
    USAGE_CREDIT,
    plan_of,
    prices_of,
    read_of,
)

CAPPED = 'market = "DAM"\nfloor = "0.00 $/MWh"\ncap = "90.00 $/MWh"'
OWN_USE = 'kind = "own_use_first"\nprice = "3.00 ¢/kWh"'
EXPORT = 'kind = "export_fixed"\nprice = "3.00 ¢/kWh"'
EXPORT_INDEX = 'kind = "export_index"\nadder = "-1.00 ¢/kWh"'
DELIVERY_BY_TIME = 'kind = "delivery"\ntdsp = "CENTERPOINT"'
PLANS = {
    "fixed": plan_of(FIXED, EXPORT, TAXES),
    "time of use with delivery": plan_of(FREE_NIGHTS, ADDER, DELIVERY_BY_TIME, TAXES, OWN_USE),
    "capped index": plan_of('kind = "index_price"', ADDER, EXPORT_INDEX, TAXES, index=CAPPED),
    "index": plan_of('kind = "index_price"', EXPORT_INDEX, TAXES, index=DAM),
    "tiers": plan_of(TIERS, USAGE_CREDIT, MINIMUM_USE, TAXES, EXPORT_INDEX, index=DAM),
    "block and demand": plan_of(BLOCKS, EXPORT_INDEX, DEMAND, TAXES, index=DAM),
    "net metering and demand": plan_of(FIXED, ADDER, NET_METERING, DEMAND, TAXES),
}
DAYS = (date(2021, 7, 31), date(2021, 8, 1))
PRICES = tuple(prices_of(day, lambda hour: (hour - 3) * 9_000_000) for day in DAYS)
COURSE = [interval for day in DAYS for interval in operating_day_intervals(day)]
CHANNEL = ChannelId(bytes(32))


def month_so_far(plan: Plan, used_wh: int) -> Tally:
    """The tally after the last day of July until its last `len(COURSE)` intervals."""
    reads = [
        IntervalRead(interval, used_wh // 96, 0, 0, 0)
        for interval in operating_day_intervals(date(2021, 7, 30))
    ]
    prices = prices_of(date(2021, 7, 30)) if plan.index else None
    return plan_cost(plan, prices, reads=reads, before=Tally())


@st.composite
def horizons(draw: st.DrawFn) -> Ahead:
    """Any stretch of the two days, over the end of the month or not."""
    first, count = draw(st.integers(0, 150)), draw(st.sampled_from([4, 20, 40]))
    seed = draw(st.randoms(use_true_random=False))
    return Ahead(
        COURSE[first].start_s,
        ZONE,
        [(0, 0)] * count,
        [seed.randrange(0, 900) for _ in range(count)],
        [seed.choice([0, seed.randrange(1_500)]) for _ in range(count)],
        [seed.choice([-5_000, 38_000])] * count,
    )


def lived(
    home: Home, ahead: Ahead, *, state: State, found: BilledPlan
) -> Iterator[tuple[int, int]]:
    """(import, export) of a home in which all comes as forecast: the battery follows its rules on
    its own meter, the other devices do as they are told."""
    plan, stored_uwh = found.plan, state.battery_uwh or 0
    for i, flow in enumerate(plan.flows):
        others = {track.device: track.at(i) for track in plan.tracks if track.at(i)}
        own = others.pop(BATTERY, None)
        net_wh = ahead.net_wh[i] + plan.fixed_wh[i] + flow.curtailed_wh
        net_wh += sum(move.take_wh - move.give_wh for move in others.values() if move)
        if own is not None:
            step = respond(
                home.require_battery(),
                plan.rules[i],
                net_load_wh=net_wh,
                stored_uwh=stored_uwh,
                length_s=ahead.length_s,
            )
            stored_uwh, net_wh = step.stored_uwh, net_wh + step.charge_wh - step.discharge_wh
        yield max(0, net_wh), max(0, -net_wh)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(PLANS)),
    homes(),
    horizons(),
    st.sampled_from([0, 499_000, 998_000, 2_000_000]),
)
def test_planned_cost_is_billed_cost_when_all_comes_as_forecast(
    name: str, home: Home, ahead: Ahead, used_wh: int
) -> None:
    """I-EN-5."""
    plan = PLANS[name]
    before = month_so_far(plan, used_wh)
    state = state_of(home, ahead)
    found = plan_billed(home, ahead, terms=Terms(plan, PRICES, before), state=state)
    tip = Tip(CHANNEL, CHANNEL, before)
    for i, (import_wh, export_wh) in enumerate(lived(home, ahead, state=state, found=found)):
        interval = Interval(ahead.start_of(i), ahead.length_s)
        prices = next(each for each in PRICES if each.covers(interval))
        read = read_of(interval, import_wh, export_wh=export_wh)
        tip = next_statement(tip, plan=plan, prices=prices, read=read).tip
    assert found.after == tip.total
    assert found.charged_ubolt == tip.total.spent_ubolt - before.spent_ubolt
    assert found.credited_ubolt == tip.total.earned_ubolt - before.earned_ubolt


AFTERNOON = operating_day_intervals(date(2021, 7, 31))[52:84]
"""13:00 to 21:00."""
EMPTY = Home(replace(CELL, wear_ubolt_per_mwh=0), 640, solar=False)
FULL = State(battery_uwh=CELL.capacity_uwh)


def afternoon(load_wh: list[int]) -> Ahead:
    count = len(load_wh)
    return Ahead(AFTERNOON[0].start_s, ZONE, [(0, 0)] * count, load_wh, [0] * count)


def test_a_demand_charge_is_planned_for_where_the_month_has_not_paid_it_yet() -> None:
    plan = plan_of(FIXED, DEMAND, TAXES)
    ahead = afternoon([200] * 12 + [1_500] * 4 + [200] * 16)
    fresh = plan_billed(EMPTY, ahead, terms=Terms(plan), state=FULL)
    before = plan_cost(plan, None, reads=[read_of(AFTERNOON[4], 3_000)], before=Tally())
    paid = plan_billed(
        EMPTY,
        replace(ahead, start_s=AFTERNOON[5].start_s),
        terms=Terms(plan, (), before),
        state=FULL,
    )
    halves = [
        fresh.plan.flows[i].import_wh + fresh.plan.flows[i + 1].import_wh for i in range(4, 28, 2)
    ]
    assert max(halves) == 2 * (1_500 - 5_000 // 4)
    assert max(flow.import_wh for flow in paid.plan.flows) == 1_500
    blind = plan_home(EMPTY, replace(ahead, prices=[(10**14, 0)] * 32), state=FULL)
    assert max(flow.import_wh for flow in blind.flows) == 1_500


def test_peaks_count_from_what_the_month_has_billed_and_from_the_window_that_is_open() -> None:
    plan = plan_of(FIXED, DEMAND, TAXES)
    (peak,) = peaks_ahead(plan, AFTERNOON, before=Tally())
    assert (peak.free_w, peak.before_wh, len(peak.windows)) == (0, 0, 12)
    assert peak.windows[0] == (4, 5)
    reads = [read_of(AFTERNOON[4], 700), read_of(AFTERNOON[5], 500), read_of(AFTERNOON[6], 50)]
    before = plan_cost(plan, None, reads=reads, before=Tally())
    (peak,) = peaks_ahead(plan, AFTERNOON[7:], before=before)
    assert (peak.free_w, peak.before_wh, peak.windows[0]) == (2_400, 50, (0,))
    turn = [*operating_day_intervals(date(2021, 7, 31))[-8:], *operating_day_intervals(DAYS[1])]
    (august,) = peaks_ahead(plan, turn, before=before)
    assert august.free_w == 2_400 * 6 // 10
    assert august.windows[0] == (8 + 56, 8 + 57)
    assert peaks_ahead(plan_of(FIXED, TAXES), AFTERNOON, before=Tally()) == ()


def test_a_course_that_fills_its_tier_is_planned_at_the_price_of_the_next_one() -> None:
    steep = TIERS.replace("12.00", "40.00")
    plan = plan_of(steep, EXPORT)
    reads = [IntervalRead(AFTERNOON[0], 499_000, 0, 0, 0)]
    before = plan_cost(plan, None, reads=reads, before=Tally())
    wear = replace(CELL, wear_ubolt_per_mwh=200_000_000)  # 20 ¢/kWh: between the two tiers
    home = Home(wear, 640, solar=False)
    ahead = replace(afternoon([400] * 12), start_s=AFTERNOON[1].start_s)
    found = plan_billed(home, ahead, terms=Terms(plan, (), before), state=FULL)
    assert sum(flow.import_wh for flow in found.plan.flows) == 1_200
    far = plan_billed(home, ahead, terms=Terms(plan), state=FULL)
    assert sum(flow.import_wh for flow in far.plan.flows) == 12 * 400


def test_a_horizon_without_prices_of_the_index_is_refused() -> None:
    plan = PLANS["index"]
    home = Home(CELL, 3_200, solar=False, car=CAR, climate=CLIMATE)
    ahead = afternoon([100] * 4)
    with pytest.raises(InputError, match="there are no DAM prices for 2021-07-31T18:00:00Z"):
        plan_billed(home, ahead, terms=Terms(plan, PRICES[1:]), state=state_of(home, ahead))
