"""The 320 days of a real Texas home, from its Smart Meter Texas file, on bundled plans."""

import gzip
from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from gridplus.demo.street_data import day_ahead_prices
from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead, Source
from gridplus.meter.formats import parse_meter_file
from gridplus.tariff import Code, Course, compare_plans, parse_plan
from tests.meter.files import HOUSEHOLDS, needs_households
from tests.tariff.examples import PLAN_FILE

FIRST, LAST = date(2022, 3, 1), date(2023, 1, 14)
WITHOUT_INDEX = (
    "fixed", "free-nights", "usage-credit", "usage-charge-waived", "net-metering", "demand",
)  # fmt: skip
ZONE = ZoneInfo("America/Chicago")


def plan_text(name: str) -> bytes:
    beside = PLAN_FILE.parent / "plans" / f"{name}.toml"
    return (beside if beside.exists() else PLAN_FILE).read_bytes()


def prices() -> dict[tuple[str, str, date], PriceVersion]:
    """The bundled day-ahead prices, which end with 2022."""
    found: dict[tuple[str, str, date], PriceVersion] = {}
    for at in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(at)
        try:
            found["LZ_HOUSTON", "DAM", day] = day_ahead_prices(day)
        except InputError:
            assert day >= date(2023, 1, 1)
    return found


@pytest.fixture(scope="module")
def reads() -> list[IntervalRead]:
    path = HOUSEHOLDS / "smt_texas_home/IntervalData.masked.csv.gz"
    found = parse_meter_file([gzip.decompress(path.read_bytes())], what=path.name)
    ((_, columns),) = found.meters.items()
    return [
        IntervalRead(row.interval, row.import_wh, row.export_wh, 0, 0)
        for row in columns.rows(Source.TDSP)
    ]


@pytest.fixture(scope="module")
def courses(reads: list[IntervalRead]) -> dict[str, Course]:
    plans = [parse_plan(plan_text(name), what=name) for name in WITHOUT_INDEX]
    (billed,) = compare_plans(plans, {"home": reads}, prices={}).values()
    return dict(zip(WITHOUT_INDEX, billed, strict=True))


@needs_households
def test_320_days_are_billed_on_six_plans_each_day_once(courses: dict[str, Course]) -> None:
    for name in WITHOUT_INDEX:
        course = courses[name]
        assert course.waits is None
        assert len(course.days_abolt) == 320
        assert course.import_wh == 6_825_137
        charges, credited = course.tally.charges_abolt, course.tally.credits_abolt
        assert sum(course.days_abolt.values()) == charges - credited


@needs_households
def test_a_fixed_bill_of_320_days_is_the_one_worked_by_hand(courses: dict[str, Course]) -> None:
    """10.90 ¢ + 3.4815 ¢ + 0.0555 ¢ a kWh, 5.47 $ in ten months and 14 days of a January."""
    per_mwh = 109_000_000 + 34_815_000 + 555_000
    fees_pbolt = 10 * 5_470_000_000_000 + 5_470_000_000_000 * (14 * 96) // (31 * 96)
    exact = (6_825_137 * per_mwh + fees_pbolt) * 1_021_637
    assert courses["fixed"].tally.charges_abolt == exact


@needs_households
def test_a_credit_comes_in_each_month_above_its_use_and_a_fee_in_each_whole_one_below(
    reads: list[IntervalRead], courses: dict[str, Course]
) -> None:
    months: Counter[str] = Counter()
    for read in reads:
        months[f"{read.interval.start.astimezone(ZONE):%Y-%m}"] += read.import_wh
    above = sum(use_wh > 1_000_000 for use_wh in months.values())
    below = sum(use_wh < 800_000 for month, use_wh in months.items() if month != "2023-01")
    assert (above, below) == (3, 7)
    credited = courses["usage-credit"].lines_abolt[Code.USAGE_CREDIT]
    fees = courses["usage-charge-waived"].lines_abolt[Code.MINIMUM_USE]
    assert (credited, fees) == (above * 125 * 10**18, below * 9_950_000 * 10**12)


@needs_households
def test_an_indexed_plan_waits_for_the_prices_of_2023(reads: list[IntervalRead]) -> None:
    names = ("houston-day-ahead", "collar", "block-and-index")
    plans = [parse_plan(plan_text(name), what=name) for name in names]
    newest = reads[-20 * 96 :]
    (billed,) = compare_plans(plans, {"home": newest}, prices=prices()).values()
    for course in billed:
        assert course.waits is not None
        assert course.waits.day == date(2023, 1, 1)
        assert len(course.days_abolt) == 6
