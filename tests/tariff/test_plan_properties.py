"""What holds of every plan, whatever it is made of and however a home behaves."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.market import operating_day_intervals
from gridplus.tariff import (
    Given,
    Plan,
    Side,
    Tally,
    Tip,
    energy_prices,
    find_mismatch,
    next_statement,
    parse_plan,
    parse_statement,
    plan_cost,
    rate,
    rates_at,
    share_ubolt,
)
from gridplus.tariff.line import RANK
from gridplus.wallet import ChannelId
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

STANDING = 'kind = "standing_charge"\nname = "base"\nmonthly = "9.95 $/month"'
EXPORT_INDEX = 'kind = "export_index"\nadder = "-1.00 ¢/kWh"'
OWN_USE = 'kind = "own_use_first"\nprice = "3.00 ¢/kWh"'
PLANS = {
    "fixed": plan_of(FIXED, STANDING, TAXES),
    "free nights": plan_of(FREE_NIGHTS, ADDER, STANDING, TAXES, OWN_USE),
    "tiers with credit": plan_of(TIERS, USAGE_CREDIT, MINIMUM_USE, TAXES, EXPORT_INDEX, index=DAM),
    "index": plan_of('kind = "index_price"', ADDER, EXPORT_INDEX, TAXES, index=DAM),
    "block": plan_of(BLOCKS, EXPORT_INDEX, DEMAND, TAXES, index=DAM),
    "net metering": plan_of(FIXED, ADDER, NET_METERING, DEMAND, 'kind = "markup_waiver"', TAXES),
}
SEPARABLE = ("fixed", "index")
LAST_DAY, FIRST_DAY = date(2021, 7, 31), date(2021, 8, 1)
COURSE = (
    *((LAST_DAY, interval) for interval in operating_day_intervals(LAST_DAY)[-6:]),
    *((FIRST_DAY, interval) for interval in operating_day_intervals(FIRST_DAY)[:6]),
)
"""Across the end of a month."""
PRICES = {
    day: prices_of(day, lambda hour: (hour - 3) * 40_000_000) for day in (LAST_DAY, FIRST_DAY)
}
energies = st.integers(0, 400_000)
flows = st.lists(st.tuples(energies, energies), min_size=len(COURSE), max_size=len(COURSE))
names = st.sampled_from(sorted(PLANS))


@settings(max_examples=60)
@given(names, flows)
def test_counters_only_grow_and_lines_sum_to_them_under_every_plan(
    name: str, course: list[tuple[int, int]]
) -> None:
    """I-BI-2."""
    plan, tally, lines = PLANS[name], Tally(), []
    for (day, interval), (import_wh, export_wh) in zip(COURSE, course, strict=True):
        read = read_of(interval, import_wh, export_wh=export_wh)
        rated = rate(plan, PRICES[day], read=read, before=tally)
        assert all(line.amount_abolt >= 0 for line in rated.lines)
        assert all(RANK[one.code] <= RANK[two.code] for one, two in pairwise(rated.lines))
        rises = dict.fromkeys(Side, 0)
        for line in rated.lines:
            rises[line.side] += line.amount_abolt
        assert rated.after.charges_abolt - tally.charges_abolt == rises[Side.CHARGE]
        assert rated.after.credits_abolt - tally.credits_abolt == rises[Side.CREDIT]
        tally, lines = rated.after, [*lines, *rated.lines]
    shared = share_ubolt(lines, Tally(), after=tally)
    assert sum(shared.values()) == tally.spent_ubolt + tally.earned_ubolt


@settings(max_examples=30)
@given(names, flows)
def test_a_bill_verifies_from_its_opening_state_alone(
    name: str, course: list[tuple[int, int]]
) -> None:
    """I-BI-8. Each statement is rated again from nothing but what it carries itself."""
    plan, channel = PLANS[name], ChannelId(b"\x07" * 32)
    tip = Tip.genesis(channel)
    for (day, interval), (import_wh, export_wh) in zip(COURSE, course, strict=True):
        read = read_of(interval, import_wh, export_wh=export_wh)
        sent = next_statement(tip, plan=plan, prices=PRICES[day], read=read)
        statement = parse_statement(sent.document(), what="bill")
        assert statement == sent
        sums = [
            sum(line.amount_abolt for line in statement.lines if line.side is side) for side in Side
        ]
        before = Tally(
            statement.after.charges_abolt - sums[0],
            statement.after.credits_abolt - sums[1],
            statement.month,
        )
        assert Tip(channel, statement.previous_head, before) == tip
        right = next_statement(tip, plan=plan, prices=PRICES[day], read=read)
        assert find_mismatch(statement, right) is None
        tip = statement.tip


def test_a_fact_is_bound_in_the_statement() -> None:
    plan, (day, interval) = PLANS["net metering"], COURSE[0]
    tip, read = Tip.genesis(ChannelId(bytes(32))), read_of(interval, 900)
    with_grant, without = (
        next_statement(tip, plan=plan, prices=PRICES[day], read=read, given=granted)
        for granted in (Given(waived_wh=500), Given())
    )
    assert parse_statement(with_grant.document(), what="bill") == with_grant
    assert with_grant.digest != without.digest
    assert find_mismatch(with_grant, without) is not None


@pytest.mark.parametrize("name", SEPARABLE)
@settings(max_examples=25)
@given(course=flows)
def test_a_planned_course_costs_what_it_is_billed(name: str, course: list[tuple[int, int]]) -> None:
    """I-BI-3."""
    plan, tally, planned = PLANS[name], Tally(), 0
    for (day, interval), (import_wh, export_wh) in zip(COURSE, course, strict=True):
        prices = PRICES[day]
        ((import_abolt, export_abolt),) = energy_prices(plan, prices, intervals=[interval])
        planned += import_wh * import_abolt - export_wh * export_abolt
        planned += rates_at(plan, prices, interval=interval).fixed_abolt
        read = read_of(interval, import_wh, export_wh=export_wh)
        tally = plan_cost(plan, prices, reads=[read], before=tally)
    assert tally.charges_abolt - tally.credits_abolt == planned


def marginal(plan: Plan, before: Tally, *, import_wh: int, export_wh: int) -> int:
    """What the next Wh costs by the rater, fixed part left out."""
    day, interval = COURSE[8]
    costs = []
    for read in (read_of(interval, import_wh, export_wh=export_wh), read_of(interval, 0)):
        after = plan_cost(plan, PRICES[day], reads=[read], before=before)
        costs.append(after.charges_abolt - after.credits_abolt)
    return costs[0] - costs[1]


@settings(max_examples=40)
@given(st.sampled_from(["tiers with credit", "free nights", "net metering"]), flows)
def test_the_marginal_price_is_what_the_next_wh_costs(
    name: str, course: list[tuple[int, int]]
) -> None:
    """I-BI-3. The next Wh where the month stands; demand, credit and fee are never in it."""
    plan, tally = PLANS[name], Tally()
    for (day, interval), (import_wh, export_wh) in zip(COURSE[:8], course, strict=False):
        read = read_of(interval, import_wh, export_wh=export_wh)
        tally = rate(plan, PRICES[day], read=read, before=tally).after
    day, interval = COURSE[8]
    ((import_abolt, export_abolt),) = energy_prices(
        plan, PRICES[day], intervals=[interval], before=tally
    )
    assert marginal(plan, tally, import_wh=1, export_wh=0) == import_abolt
    assert marginal(plan, tally, import_wh=0, export_wh=1) == -export_abolt


def test_a_block_plans_marginal_price_is_that_above_the_block() -> None:
    plan, (day, interval) = PLANS["block"], COURSE[8]
    ((import_abolt, _),) = energy_prices(plan, PRICES[day], intervals=[interval])
    costs = [
        plan_cost(plan, PRICES[day], reads=[read_of(interval, wh)], before=Tally())
        for wh in (300, 301)
    ]
    assert costs[1].charges_abolt - costs[0].charges_abolt == import_abolt


def test_every_plan_is_read_back_from_its_document() -> None:
    for plan in PLANS.values():
        again = parse_plan(plan.canonical, what="plan.json")
        assert again == plan
        assert again.digest == plan.digest
