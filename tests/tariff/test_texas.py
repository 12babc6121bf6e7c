"""Facts that plan files name: delivery by TDSP, taxes by city; and the worked bills of a comparison
page (../shared/data/tariffs, retyped here with their source)."""

import re
from datetime import date

import pytest

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.tariff import CourseRater, Plan, parse_plan
from gridplus.tariff.texas import CITIES, TDSPS, delivery_rows
from gridplus.units import share_by_largest_remainder
from tests.tariff.examples import FIXED, PLAN_FILE, plan_of

WORKED = {
    "ONCOR": 13_457, "CENTERPOINT": 13_908, "AEP_CENTRAL": 14_002, "AEP_NORTH": 13_606,
    "TNMP": 14_832,
}  # fmt: skip
"""Cents for 1,000 kWh at 8 ¢ with the delivery charges of 2023-09-01. Source:
https://quickelectricity.com/why-electricity-rates-vary-in-texas/ (of 2023-11-06)"""
EIGHT = 'kind = "fixed_price"\nprice = "8.00 ¢/kWh"'
PLANS = sorted((PLAN_FILE.parent / "plans").glob("*.toml"))


def delivered_by(tdsp: str, *others: str) -> Plan:
    return plan_of(EIGHT, f'kind = "delivery"\ntdsp = "{tdsp}"', *others)


@pytest.mark.parametrize("tdsp", WORKED)
def test_the_five_worked_bills_reproduce_to_the_cent(tdsp: str) -> None:
    plan = delivered_by(tdsp)
    days = [date(2023, 9, day) for day in range(1, 31)]
    intervals = [interval for day in days for interval in operating_day_intervals(day)]
    uses_wh = share_by_largest_remainder(1_000_000, [1] * len(intervals))
    rater = CourseRater(plan)
    for interval, use_wh in zip(intervals, uses_wh, strict=True):
        rater.take(IntervalRead(interval, use_wh, 0, 0, 0), None)
    half_up = (rater.course.net_ubolt * 2 + 10_000) // 20_000
    assert half_up == WORKED[tdsp]
    assert set(WORKED) == set(TDSPS)


def test_each_row_of_a_tdsp_has_a_source_and_a_later_day_than_the_one_before() -> None:
    for tdsp in TDSPS:
        rows = delivery_rows(tdsp)
        days = [row["from"] for row in rows if isinstance(row, dict)]
        assert days == sorted(set(map(str, days)))
        assert all(isinstance(row, dict) and row["source"] for row in rows)


def test_a_plan_that_names_a_tdsp_holds_its_rows_and_so_does_its_digest() -> None:
    plan = delivered_by("ONCOR")
    assert plan.delivery is not None
    assert plan.delivery.tdsp == "Oncor Electric Delivery"
    assert len(plan.delivery.rows) == 4
    assert b"3.5601" in plan.canonical
    assert parse_plan(plan.canonical, what="plan.json") == plan
    assert plan.digest != delivered_by("TNMP").digest


def test_a_tdsp_or_a_city_that_no_table_has_is_refused_with_the_place() -> None:
    with pytest.raises(InputError, match=r"components\[1\]\.tdsp: is 'PG&E'; known are ONCOR"):
        delivered_by("PG&E")
    with pytest.raises(InputError, match=r"components\[1\]\.city: is 'Gotham', which the tax"):
        plan_of(FIXED, 'kind = "taxes"\ncity = "Gotham"')
    with pytest.raises(InputError, match=r"components\[1\]\.city_population: must be a number"):
        plan_of(FIXED, 'kind = "taxes"\ncity_population = "many"')


@pytest.mark.parametrize(
    ("people", "ppm"),
    [(0, 0), (1_000, 0), (1_001, 5_810), (2_499, 5_810), (2_500, 10_700), (9_999, 10_700),
     (10_000, 19_970), (2_304_580, 19_970)],
)  # fmt: skip
def test_gross_receipts_follow_the_size_of_the_city(people: int, ppm: int) -> None:
    plan = plan_of(FIXED, f'kind = "taxes"\ncity_population = {people}')
    row = plan.tax_on(date(2023, 1, 1))
    assert (row.puc_ppm, row.gross_receipts_ppm) == (1_667, ppm)


def test_a_city_stands_for_its_people() -> None:
    for city, people in CITIES.items():
        by_name = plan_of(FIXED, f'kind = "taxes"\ncity = "{city}"')
        by_number = plan_of(FIXED, f'kind = "taxes"\ncity_population = {people}')
        assert by_name.taxes == by_number.taxes


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_each_bundled_plan_is_in_order_and_says_where_its_structure_is_from(path) -> None:  # type: ignore[no-untyped-def]
    text = path.read_text()
    plan = parse_plan(text.encode(), what=path.name)
    assert plan.id == path.stem
    assert re.match(r"# .*(example|simulation|https://)", text, re.DOTALL)
    assert (plan.jurisdiction == "simulation") == (plan.id == "real-time")
