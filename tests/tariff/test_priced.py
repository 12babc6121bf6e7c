"""Components that price an interval by itself, and what is refused of their tables."""

from datetime import date

import pytest

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.tariff import Code, Tally, rate, rates_at
from tests.tariff.examples import (
    ADDER,
    AUTUMN,
    DAM,
    FIXED,
    FREE_NIGHTS,
    NET_METERING,
    PLAIN,
    SPRING,
    TAXES,
    TIERS,
    plan_of,
    prices_of,
    read_of,
)

NOON = operating_day_intervals(PLAIN)[48]


def energy_price(day: date, place: int) -> int:
    plan = plan_of(FREE_NIGHTS)
    interval = operating_day_intervals(day)[place]
    return rates_at(plan, None, interval=interval).prices[Code.ENERGY]


@pytest.mark.parametrize(
    ("day", "place", "cents"),
    [
        (date(2021, 7, 1), 23, 0),
        (date(2021, 7, 1), 24, 20),
        (date(2021, 7, 1), 79, 20),
        (date(2021, 7, 1), 80, 0),
        (date(2021, 7, 3), 48, 15),
        (date(2021, 7, 5), 48, 15),  # Independence Day falls on a Sunday
        (date(2021, 11, 25), 48, 15),
        (date(2021, 11, 26), 48, 20),
        (date(2021, 5, 31), 48, 15),
        (date(2021, 5, 24), 48, 20),
        (date(2021, 9, 6), 48, 15),
        (SPRING, 19, 0),
        (SPRING, 20, 15),  # 92 intervals: 06:00 comes an hour earlier
        (AUTUMN, 27, 0),
        (AUTUMN, 28, 15),
    ],
)
def test_a_time_of_use_price_follows_the_wall_clock_and_the_kind_of_day(
    day: date, place: int, cents: int
) -> None:
    assert energy_price(day, place) == cents * 10_000_000


def test_seasons_and_days_named_by_the_plan() -> None:
    plan = plan_of(
        """kind = "time_of_use"
holidays = ["2021-08-11"]
periods = [
    { name = "summer", months = "6-9", days = ["weekdays", "weekends"], price = "20.00 ¢/kWh" },
    { name = "fair", days = ["holidays"], price = "1.00 ¢/kWh" },
    { name = "winter", months = "10-5", days = ["weekdays", "weekends"], price = "9.00 ¢/kWh" },
]"""
    )
    for day, cents in ((10, 20), (11, 1), (12, 20)):
        interval = operating_day_intervals(date(2021, 8, day))[0]
        assert rates_at(plan, None, interval=interval).prices[Code.ENERGY] == cents * 10_000_000


BROKEN = [
    (FREE_NIGHTS, "20-06", "21-06", r"leave a gap in month 1, weekdays, from 20:00"),
    (FREE_NIGHTS, "20-06", "19-06", r"periods\[1\]: overlaps 'free nights' in month 1, weekdays, "),
    (FREE_NIGHTS, '"weekends", ', "", r"leave a gap in month 1, weekends, from 06:00"),
    (
        FREE_NIGHTS,
        '"weekends"',
        '"sundays"',
        r"periods\[2\]\.days: holds 'sundays'; known are",
    ),
    (FREE_NIGHTS, "20-06", "20-25", r"periods\[0\]\.hours: is '20-25'; write a range"),
    (FREE_NIGHTS, '"NERC"', '"texas"', r"holidays: must be a list"),
    (FREE_NIGHTS, '"NERC"', '["sometime"]', r"holidays: must be 'NERC' or a list of days"),
    (TIERS, "1000 kWh", "400 kWh", r"tiers: must rise: each ends above the one before"),
    (TIERS, "500 kWh", "0 kWh", r"tiers: must rise"),
    (
        TIERS,
        '{ price = "14',
        '{ up_to = "9 kWh", price = "14',
        r"tiers\[2\]\.up_to: is not a",
    ),
    (TIERS, "500 kWh", "500 kW", r"tiers\[0\]\.up_to: '500 kW' is not a quantity"),
]


@pytest.mark.parametrize(("table", "old", "new", "says"), BROKEN)
def test_a_table_with_a_gap_or_an_overlap_is_refused_with_its_place(
    table: str, old: str, new: str, says: str
) -> None:
    with pytest.raises(InputError, match=r"plan\.toml\.components\[0\]\..*" + says.lstrip("^")):
        plan_of(table.replace(old, new, 1))


def test_an_index_below_zero_is_a_credit_and_never_a_charge() -> None:
    plan = plan_of('kind = "index_price"', ADDER, 'kind = "export_index"\nadder = "0.00 ¢/kWh"',
                   index=DAM)  # fmt: skip
    prices = prices_of(PLAIN, lambda _: -7_000_000)
    rated = rate(plan, prices, read=read_of(NOON, 100, export_wh=9), before=Tally())
    amounts = {line.code: line.amount_abolt for line in rated.lines}
    assert amounts == {
        Code.ENERGY: 0,
        Code.ADDER: 100 * 20_000_000 * 1_000_000,
        Code.EXPORT: 0,
        Code.ENERGY_CREDIT: 100 * 7_000_000 * 1_000_000,
    }
    assert rates_at(plan, prices, interval=NOON).import_abolt_per_wh == 13_000_000 * 1_000_000


def test_a_fixed_price_needs_no_price_version_and_an_index_waits_for_its_own() -> None:
    assert rate(plan_of(FIXED), None, read=read_of(NOON, 1), before=Tally()).after.charges_abolt
    indexed = plan_of('kind = "index_price"', index=DAM)
    with pytest.raises(InputError, match="at final LZ_HOUSTON DAM prices, and there are none for"):
        rate(indexed, None, read=read_of(NOON, 1), before=Tally())


@pytest.mark.parametrize(
    ("component", "monthly_ubolt"),
    [
        ('kind = "standing_charge"\nname = "base"\nmonthly = "9.95 $/month"', 9_950_000),
        ('kind = "standing_charge"\nname = "base"\ndaily = "0.35 $/day"', 350_000 * 30),
        ('kind = "capacity_charge"\npower = "10 kW"\nprice = "3.50 $/kW"', 35_000_000),
    ],
)
def test_a_standing_amount_sums_exactly_over_a_month_with_a_clock_change(
    component: str, monthly_ubolt: int
) -> None:
    plan = plan_of(FIXED, component)
    parts = [
        rates_at(plan, None, interval=interval).fixed_pbolt
        for day in range(1, 31)
        for interval in operating_day_intervals(date(2021, 11, day))
    ]
    assert sum(parts) == monthly_ubolt * 1_000_000
    assert max(parts) - min(parts) <= (1 if "month" in component or "kW" in component else 10**12)


def test_net_metering_wants_one_energy_price() -> None:
    for netting in (NET_METERING, 'kind = "own_use_first"\nprice = "1.00 ¢/kWh"'):
        plan_of(FIXED, netting)
        with pytest.raises(InputError, match="needs one energy price in each interval"):
            plan_of(TIERS, netting)


def test_taxes_are_taken_on_every_charge_and_on_nothing_else() -> None:
    base = 'kind = "standing_charge"\nname = "base"\nmonthly = "9.95 $/month"'
    lines = rate(
        plan_of(FIXED, ADDER, base, TAXES, 'kind = "export_fixed"\nprice = "5.00 ¢/kWh"'),
        None,
        read=read_of(NOON, 400, export_wh=100),
        before=Tally(),
    ).lines
    by_code = {line.code: line.amount_abolt for line in lines}
    taxed = by_code[Code.ENERGY] + by_code[Code.ADDER] + by_code[Code.STANDING]
    assert by_code[Code.TAX_PUC] * 1_000_000 == taxed * 1_667
    assert by_code[Code.TAX_GROSS_RECEIPTS] * 1_000_000 == taxed * 19_970
    assert by_code[Code.EXPORT] == 100 * 50_000_000 * 1_000_000
