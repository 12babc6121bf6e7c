from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.tariff import (
    Code,
    Line,
    Side,
    Tally,
    energy_prices,
    rate,
    rates_at,
    share_ubolt,
)
from gridplus.units import ABOLT_PER_UBOLT, Interval
from tests.tariff.examples import AUTUMN, PLAIN, SPRING, plan_with, prices_of, read_of

PLAN = plan_with()
PRICES = prices_of(PLAIN)
INTERVALS = operating_day_intervals(PLAIN)
energies = st.integers(0, 24_000)


def amounts(lines: tuple[Line, ...]) -> dict[Code, int]:
    return {line.code: line.amount_abolt for line in lines}


def test_each_line_is_the_exact_product() -> None:
    noon = INTERVALS[48]
    lines = amounts(rate(PLAN, PRICES, read=read_of(noon, 425, export_wh=7), before=Tally()).lines)
    index = 20_000_000 + 1_330_000 * 12
    monthly_pbolt = 5_470_000_000_000 * 337 // 2976 - 5_470_000_000_000 * 336 // 2976
    before_tax = 425 * (index + 15_000_000 + 34_815_000 + 555_000) + monthly_pbolt
    assert lines == {
        Code.ENERGY: 425 * index * 1_000_000,
        Code.ADDER: 425 * 15_000_000 * 1_000_000,
        Code.DELIVERY: 425 * 34_815_000 * 1_000_000,
        Code.DELIVERY_MONTHLY: monthly_pbolt * 1_000_000,
        Code.ERCOT_FEE: 425 * 555_000 * 1_000_000,
        Code.TAX_PUC: before_tax * 1_667,
        Code.TAX_GROSS_RECEIPTS: before_tax * 19_970,
        Code.EXPORT: 7 * index * 1_000_000,
    }


@settings(max_examples=60)
@given(
    energies, energies, st.integers(-300_000_000, 9_000_000_000), st.integers(0, 95),
    st.sampled_from(["0.00 ¢/kWh", "3.21 ¢/kWh"]),
)  # fmt: skip
def test_a_planned_cost_is_the_billed_cost(
    import_wh: int, export_wh: int, index: int, place: int, export_adder: str
) -> None:
    """I-BI-3."""
    plan = plan_with(('adder = "0.00 ¢/kWh', f'adder = "{export_adder}'))
    prices, interval = prices_of(PLAIN, lambda _: index), INTERVALS[place]
    after = rate(
        plan, prices, read=read_of(interval, import_wh, export_wh=export_wh), before=Tally()
    ).after
    ((import_abolt, export_abolt),) = energy_prices(plan, prices, intervals=[interval])
    fixed_abolt = rates_at(plan, prices, interval=interval).fixed_abolt
    assert after.charges_abolt == import_wh * import_abolt + fixed_abolt
    assert after.credits_abolt == export_wh * export_abolt
    assert import_abolt >= export_abolt >= 0


@settings(max_examples=40)
@given(st.lists(st.tuples(energies, energies), min_size=1, max_size=12))
def test_counters_only_grow_and_lines_sum_to_them(flows: list[tuple[int, int]]) -> None:
    """I-BI-2."""
    total, all_lines = Tally(), []
    for interval, (import_wh, export_wh) in zip(INTERVALS, flows, strict=False):
        read = read_of(interval, import_wh, export_wh=export_wh)
        rated = rate(PLAN, PRICES, read=read, before=total)
        shared = share_ubolt(rated.lines, total, after=rated.after)
        for side, rise in (
            (Side.CHARGE, rated.after.spent_ubolt - total.spent_ubolt),
            (Side.CREDIT, rated.after.earned_ubolt - total.earned_ubolt),
        ):
            assert rise >= 0
            assert sum(amount for code, amount in shared.items() if code.side is side) == rise
        total = rated.after
        all_lines += rated.lines
    assert sum(share_ubolt(all_lines, Tally(), after=total).values()) == (
        total.spent_ubolt + total.earned_ubolt
    )


def test_rounding_is_in_the_customers_favour() -> None:
    total = Tally(charges_abolt=2 * ABOLT_PER_UBOLT - 1, credits_abolt=ABOLT_PER_UBOLT + 1)
    assert (total.spent_ubolt, total.earned_ubolt) == (1, 2)


@pytest.mark.parametrize(
    ("year_month", "count"),
    [((2021, 2), 2688), ((2021, 3), 2972), ((2021, 7), 2976), ((2021, 11), 2884)],
)
def test_a_monthly_fee_sums_exactly_over_each_kind_of_month(
    year_month: tuple[int, int], count: int
) -> None:
    days = [date(*year_month, 1 + at) for at in range(count // 96 + (count % 96 > 4))]
    parts = [
        rates_at(PLAN, prices_of(day), interval=interval).fixed_pbolt
        for day in days
        for interval in operating_day_intervals(day)
    ]
    assert len(parts) == count
    assert sum(parts) == 5_470_000 * 1_000_000
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(("day", "count"), [(SPRING, 92), (PLAIN, 96), (AUTUMN, 100)])
def test_days_of_a_clock_change_are_rated_in_every_interval(day: date, count: int) -> None:
    priced = energy_prices(PLAN, prices_of(day), intervals=operating_day_intervals(day))
    assert len(priced) == count
    assert len(set(priced)) == count // 4


def test_cap_and_floor_bind_import_and_export_alike() -> None:
    plan = plan_with(('floor = "0.00 $/MWh', 'floor = "10.00 $/MWh'))
    for index, bound in ((9_000_000_000, 300_000_000), (-251_000_000, 10_000_000)):
        rates = rates_at(
            plan, prices_of(PLAIN, lambda _, index=index: index), interval=INTERVALS[0]
        )
        assert rates.prices[Code.ENERGY] == dict(rates.export_prices)[Code.EXPORT] == bound


def test_delivery_follows_the_schedule_by_local_date() -> None:
    last, first = prices_of(date(2023, 8, 31)), prices_of(date(2023, 9, 1))
    of_last = rates_at(PLAN, last, interval=operating_day_intervals(last.operating_day)[-1])
    of_first = rates_at(PLAN, first, interval=operating_day_intervals(first.operating_day)[0])
    assert of_last.prices[Code.DELIVERY] == 34_815_000
    assert of_first.prices[Code.DELIVERY] == 54_694_000


def other(**changes: object) -> PriceVersion:
    return PriceVersion(
        **{name: getattr(PRICES, name) for name in PriceVersion.__dataclass_fields__} | changes
    )


@pytest.mark.parametrize(
    "changes", [{"kind": "indicative"}, {"market": "RTM"}, {"settlement_point": "HB_HOUSTON"}]
)
def test_only_final_day_ahead_prices_of_the_plans_point_are_billed(
    changes: dict[str, object],
) -> None:
    with pytest.raises(InputError, match="is billed at final LZ_HOUSTON DAM prices, not at"):
        rates_at(PLAN, other(**changes), interval=INTERVALS[0])


def test_an_interval_outside_prices_or_plan_is_refused() -> None:
    with pytest.raises(InputError, match="no single price"):
        rates_at(PLAN, PRICES, interval=Interval(INTERVALS[-1].end_s, 900))
    ended = plan_with(("as_of", "effective_until = 2021-07-04\nas_of"))
    with pytest.raises(InputError, match="until 2021-07-04, not on 2021-07-04"):
        rates_at(ended, PRICES, interval=INTERVALS[0])


def test_an_interval_that_does_not_divide_its_month_is_refused() -> None:
    east = plan_with(("America/Chicago", "Asia/Kathmandu"))
    hour = Interval(INTERVALS[0].start_s, 3600)
    with pytest.raises(InputError, match="does not divide its local month in Asia/Kathmandu"):
        rates_at(east, PRICES, interval=hour)


def test_a_read_without_energy_costs_the_monthly_fee_only() -> None:
    lines = amounts(
        rate(PLAN, PRICES, read=IntervalRead(INTERVALS[0], 0, 0, 9, 9), before=Tally()).lines
    )
    taxed = {Code.DELIVERY_MONTHLY, Code.TAX_PUC, Code.TAX_GROSS_RECEIPTS}
    assert {code for code, amount in lines.items() if amount} == taxed
