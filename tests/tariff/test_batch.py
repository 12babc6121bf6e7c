"""Homes rated in columns: the same integers as the exact rater, or a refusal by name."""

from datetime import date
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.tariff import Code, Plan, Tally, rate
from gridplus.tariff.batch import Flows, RatedDay, Standing, interval_lines, rate_day
from tests.tariff.examples import (
    ADDER,
    AUTUMN,
    BLOCKS,
    DAM,
    DEMAND,
    FIXED,
    FREE_NIGHTS,
    MINIMUM_USE,
    NET_METERING,
    PLAIN,
    SPRING,
    TAXES,
    TIERS,
    USAGE_CREDIT,
    plan_of,
    plan_with,
    prices_of,
    read_of,
)

STANDING = 'kind = "standing_charge"\nname = "base"\nmonthly = "9.95 $/month"'
EXPORT_INDEX = 'kind = "export_index"\nadder = "-1.00 ¢/kWh"'
OWN_USE = 'kind = "own_use_first"\nprice = "3.00 ¢/kWh"'
PLANS = {
    "day-ahead with cap": plan_with(),
    "fixed": plan_of(FIXED, STANDING, TAXES),
    "time of use, own use first": plan_of(FREE_NIGHTS, ADDER, STANDING, TAXES, OWN_USE),
    "tiers, credit, fee": plan_of(TIERS, USAGE_CREDIT, MINIMUM_USE, TAXES, EXPORT_INDEX, index=DAM),
    "tiers without tax": plan_of(TIERS, USAGE_CREDIT),
    "index below zero": plan_of('kind = "index_price"', ADDER, EXPORT_INDEX, TAXES, index=DAM),
    "blocks": plan_of(BLOCKS, EXPORT_INDEX, TAXES, index=DAM),
}
COURSES = {
    "month's end": (date(2021, 7, 31), date(2021, 8, 1)),
    "spring": (SPRING,),
    "autumn": (AUTUMN,),
}
BIG_WH = 40_000
"""A day of them crosses every tier and the mark of the usage credit."""


@lru_cache
def prices_on(day: date) -> PriceVersion:
    return prices_of(day, lambda hour: (hour - 3) * 40_000_000)


def flows_on(day: date, *, homes: int, seed: int) -> Flows:
    count, random = len(operating_day_intervals(day)), np.random.default_rng(seed)
    most = random.choice([0, 900, BIG_WH], size=(2, homes, 1))
    both = random.integers(0, most + 1, size=(2, homes, count)).astype(np.int32)
    return Flows(day, both[0], both[1])


def rated_one_by_one(
    plan: Plan, flows: Flows, *, row: int, before: Tally
) -> tuple[list[dict[Code, int]], Tally]:
    """The exact rater's lines of each interval by code, without zeros, and the tally after."""
    each = []
    for place, interval in enumerate(operating_day_intervals(flows.day)):
        import_wh, export_wh = int(flows.import_wh[row, place]), int(flows.export_wh[row, place])
        read = read_of(interval, import_wh, export_wh=export_wh)
        rated = rate(plan, prices_on(flows.day), read=read, before=before)
        sums: dict[Code, int] = {}
        for line in rated.lines:
            sums[line.code] = sums.get(line.code, 0) + line.amount_abolt
        each.append({code: amount for code, amount in sums.items() if amount})
        before = rated.after
    return each, before


def require_same(plan: Plan, flows: Flows, *, before: Standing, rated: RatedDay) -> None:
    by_interval = interval_lines(plan, prices_on(flows.day), flows=flows, before=before)
    for row in range(len(flows)):
        each, after = rated_one_by_one(plan, flows, row=row, before=before.tally(row))
        assert rated.after.tally(row) == after
        for place, exact in enumerate(each):
            found = {code: lines.abolt(row, place) for code, lines in by_interval.items()}
            assert {code: amount for code, amount in found.items() if amount} == exact
        of_day = {code: lines.abolt(row) for code, lines in rated.lines.items()}
        assert of_day == {code: sum(one.get(code, 0) for one in each) for code in of_day}


@pytest.mark.parametrize("name", sorted(PLANS))
@settings(max_examples=4)
@given(course=st.sampled_from(sorted(COURSES)), seed=st.integers(0, 1 << 32))
def test_columns_and_the_exact_rater_give_the_same_integers(
    name: str, course: str, seed: int
) -> None:
    """I-BI-11."""
    plan, standing = PLANS[name], Standing.opening(3)
    for day in COURSES[course]:
        flows = flows_on(day, homes=3, seed=seed)
        rated = rate_day(plan, prices_on(day), flows=flows, before=standing)
        require_same(plan, flows, before=standing, rated=rated)
        standing = rated.after


def test_a_usage_credit_and_every_tier_are_met_in_a_month_of_columns() -> None:
    """The plans above do reach what depends on the month."""
    flows = Flows(PLAIN, np.full((1, 96), BIG_WH), np.zeros((1, 96), dtype=np.int64))
    plan = PLANS["tiers, credit, fee"]
    rated = rate_day(plan, prices_on(PLAIN), flows=flows, before=Standing.opening(1))
    assert rated.lines[Code.USAGE_CREDIT].abolt(0) == 125 * 10**18
    assert rated.lines[Code.ENERGY].abolt(0) == (
        (500 * 10 + 500 * 12 + (96 * BIG_WH // 1_000 - 1_000) * 14) * 10**16
    )


def test_more_rows_than_a_block_are_rated_like_each_alone() -> None:
    plan, flows = PLANS["tiers, credit, fee"], flows_on(PLAIN, homes=600, seed=1)
    prices, standing = prices_on(PLAIN), Standing.opening(600)
    together = rate_day(plan, prices, flows=flows, before=standing)
    for row in (0, 255, 256, 599):
        one = Flows(PLAIN, flows.import_wh[row : row + 1], flows.export_wh[row : row + 1])
        alone = rate_day(plan, prices, flows=one, before=Standing.opening(1))
        assert together.after.tally(row) == alone.after.tally(0)


def test_a_row_names_the_plan_and_the_price_version_that_made_it() -> None:
    flows, standing = flows_on(PLAIN, homes=1, seed=1), Standing.opening(1)
    prices = prices_on(PLAIN)
    indexed = rate_day(plan_with(), prices, flows=flows, before=standing)
    assert (indexed.plan_digest, indexed.prices_digest) == (plan_with().digest, prices.digest)
    fixed = rate_day(PLANS["fixed"], None, flows=flows, before=standing)
    assert (fixed.plan_digest, fixed.prices_digest) == (PLANS["fixed"].digest, None)


@pytest.mark.parametrize("component", [DEMAND, NET_METERING])
def test_what_is_not_rated_in_columns_is_refused_by_name(component: str) -> None:
    plan = plan_of(FIXED, component)
    with pytest.raises(InputError, match=f"{plan.stepwise[0].name}.*interval by interval"):
        rate_day(
            plan,
            None,
            flows=flows_on(PLAIN, homes=1, seed=1),
            before=Standing.opening(1),
        )


def test_a_row_that_could_pass_int64_is_refused_and_the_largest_that_cannot_is_exact() -> None:
    plan = plan_of('kind = "fixed_price"\nprice = "9000.00 ¢/kWh"', TAXES)
    safe_wh = ((1 << 60) - 1) // 90_000_000_000 // 96
    wh = np.full((2, 96), safe_wh)
    nothing = np.zeros((2, 96), dtype=np.int64)
    flows, before = Flows(PLAIN, wh, nothing), Standing.opening(2)
    rated = rate_day(plan, prices_on(PLAIN), flows=flows, before=before)
    require_same(plan, flows, before=before, rated=rated)
    wh[1] += 1
    with pytest.raises(InputError, match=r"row 1: \d+ Wh could pass int64"):
        rate_day(plan, None, flows=Flows(PLAIN, wh, nothing), before=before)


def test_flows_that_are_no_flows_are_refused_with_their_row() -> None:
    good = np.zeros((2, 96), dtype=np.int64)
    bad = good.copy()
    bad[1, 5] = -1
    with pytest.raises(InputError, match="row 1: export beyond"):
        Flows(PLAIN, good, bad)
    with pytest.raises(InputError, match="row 1: import beyond"):
        Flows(PLAIN, -bad << 31, good)
    with pytest.raises(InputError, match="not of whole Wh"):
        Flows(PLAIN, good.astype(np.float64), good.astype(np.float64))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="write rows alike"):
        Flows(PLAIN, good, good[:1])
    short = Flows(PLAIN, good[:, :92], good[:, :92])
    with pytest.raises(InputError, match="2021-07-04 has 96 intervals, the rows 92"):
        rate_day(PLANS["fixed"], None, flows=short, before=Standing.opening(2))


def test_a_tally_that_remembers_more_is_refused_and_any_other_comes_back_as_it_was() -> None:
    flows = flows_on(PLAIN, homes=1, seed=3)
    _, remembered = rated_one_by_one(plan_of(FIXED, DEMAND), flows, row=0, before=Tally())
    with pytest.raises(InputError, match="row 1 remembers 'peak'"):
        Standing.of([Tally(), remembered])
    _, plain = rated_one_by_one(PLANS["tiers, credit, fee"], flows, row=0, before=Tally())
    assert plain.month is not None
    assert [Standing.of([Tally(), plain]).tally(row) for row in (0, 1)] == [Tally(), plain]
    with pytest.raises(InputError, match=r"row 0: \d+ aBOLT do not stand on one channel"):
        Standing.of([Tally(charges_abolt=1 << 90)])
