from dataclasses import replace
from datetime import date, timedelta

import pytest

from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.tariff import (
    BillRefusal,
    Code,
    CourseRater,
    Tally,
    Waits,
    bolt_text,
    compare_plans,
    rate,
    regret_ubolt,
    worst_day,
)
from gridplus.tariff.report import decimal_text, interval_document, rating_document
from tests.tariff.examples import (
    DAM,
    FIXED,
    MINIMUM_USE,
    TAXES,
    USAGE_CREDIT,
    plan_of,
    prices_of,
    read_of,
)

FIRST = date(2021, 7, 1)
DAYS = [FIRST + timedelta(at) for at in range(3)]
INDEXED = plan_of('kind = "index_price"', TAXES, index=DAM)
PLAIN = plan_of(FIXED, TAXES)


def reads(wh: int, *, days: list[date] = DAYS) -> list[IntervalRead]:
    return [read_of(interval, wh) for day in days for interval in operating_day_intervals(day)]


def table(days: list[date]) -> dict[tuple[str, str, date], PriceVersion]:
    return {
        ("LZ_HOUSTON", "DAM", day): prices_of(day, lambda _, at=at: (at + 1) * 50_000_000)
        for at, day in enumerate(days)
    }


def test_a_course_is_the_bills_one_after_the_other() -> None:
    ((indexed, plain),) = compare_plans(
        [INDEXED, PLAIN], {"home": reads(100)}, prices=table(DAYS)
    ).values()
    tally = Tally()
    for read in reads(100):
        day = DAYS[(read.interval.start_s - reads(100)[0].interval.start_s) // 86_400]
        prices = table(DAYS)["LZ_HOUSTON", "DAM", day]
        tally = rate(INDEXED, prices, read=read, before=tally).after
    assert indexed.tally == tally
    assert sum(indexed.lines_abolt.values()) == tally.charges_abolt
    assert sum(indexed.days_abolt.values()) == tally.charges_abolt
    assert indexed.worst_day[0] == DAYS[2]
    assert indexed.worst_month[0] == "2021-07"
    assert plain.net_ubolt == 9_600 * 3 * 100 * 1_021_637 // 1_000_000
    assert plain.import_wh == 28_800


def test_regret_is_against_the_cheapest_plan_that_could_be_billed() -> None:
    dear = plan_of('kind = "fixed_price"\nprice = "11.00 ¢/kWh"', TAXES)
    (of_home,) = compare_plans([PLAIN, dear, INDEXED], {"a": reads(100)}, prices={}).values()
    regrets = regret_ubolt(of_home)
    assert regrets == (0, of_home[1].net_ubolt - of_home[0].net_ubolt, None)
    assert abs(of_home[1].net_ubolt - of_home[0].net_ubolt - 294_231) <= 1, "a cent on 28.8 kWh"


def test_a_bill_without_its_prices_waits_and_so_do_all_after_it() -> None:
    """I-BI-9."""
    known = table(DAYS)
    del known["LZ_HOUSTON", "DAM", DAYS[1]]
    ((course,),) = compare_plans([INDEXED], {"home": reads(100)}, prices=known).values()
    assert course.waits == Waits(DAYS[1], BillRefusal.PRICES_NOT_KNOWN)
    assert list(course.days_abolt) == [DAYS[0]]
    rater = CourseRater(INDEXED)
    read = reads(1)[0]
    assert rater.take(read, None) == ()
    assert rater.take(reads(1)[1], prices_of(FIRST)) == ()
    assert rater.course.tally == Tally()


def test_finer_prices_are_met_by_parts_of_a_read_that_sum_to_it() -> None:
    hourly = prices_of(FIRST)
    five = replace(
        hourly, step_s=300, prices_ubolt_per_mwh=tuple(at * 1_000_000 for at in range(288))
    )
    rater, read = CourseRater(INDEXED), read_of(operating_day_intervals(FIRST)[1], 100)
    billed = rater.take(read, five)
    assert [(part.interval.length_s, part.import_wh) for part, _ in billed] == [
        (300, 34), (300, 33), (300, 33),
    ]  # fmt: skip
    assert rater.course.lines_abolt[Code.ENERGY] == (34 * 3 + 33 * 4 + 33 * 5) * 10**12
    assert len(CourseRater(INDEXED).take(read, hourly)) == 1


def test_the_worst_day_of_a_record_is_its_dearest() -> None:
    history = [(day, table(DAYS)["LZ_HOUSTON", "DAM", day]) for day in DAYS]
    worst = worst_day(INDEXED, history=history)
    assert worst.day == DAYS[2]
    assert worst.net_ubolt == 96 * 342 * 150 * 1_021_637 // 1_000_000
    assert "Worst day of 2021-07-01 to 2021-07-03" in worst.text()


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(0, 3, "0"), (1_250, 3, "1.25"), (7, 3, "0.007"), (-1, 18, "-0.000000000000000001"),
     (10**21, 18, "1000")],
)  # fmt: skip
def test_decimals_are_exact_and_short(value: int, places: int, text: str) -> None:
    assert decimal_text(value, places) == text


def test_line_items_carry_exact_decimals() -> None:
    rater, read = CourseRater(PLAIN), reads(1)[0]
    ((part, rated),) = rater.take(read, None)
    document = rating_document(PLAIN, rater.course, intervals=[interval_document(part, rated)])
    assert isinstance(document, dict)
    assert document["lines"] == {
        "energy": "0.0001",
        "tax_puc": "0.0000001667",
        "tax_gross_receipts": "0.000001997",
    }
    (interval,) = document["intervals"]  # type: ignore[misc]
    assert interval["lines"][0] == {  # type: ignore[index,call-overload]
        "code": "energy",
        "side": "charge",
        "quantity_kwh": "0.001",
        "price_per_kwh": "0.1",
        "amount": "0.0001",
    }
    assert document["net"] == document["charges"] == bolt_text(rater.course.tally.charges_abolt)
    assert document["waits"] is None


def test_a_facts_label_shows_a_credit_and_a_fee_where_the_use_calls_for_them() -> None:
    from gridplus.tariff import facts_label

    label = facts_label(plan_of(FIXED, USAGE_CREDIT, MINIMUM_USE), month=FIRST)
    totals = [row.total_ubolt for row in label.rows]
    assert totals == [50_000_000 + 9_950_000, 100_000_000, 200_000_000 - 125_000_000]
    assert [row.average_hundredths for row in label.rows] == [1_199, 1_000, 375]
    assert label.rows[2].parts_hundredths[Code.USAGE_CREDIT] == -625
    for row in label.rows:
        assert sum(row.parts_hundredths.values()) == row.average_hundredths
