"""Components that look at the read and the month: each beside its negative, worked by hand."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead
from gridplus.tariff import Called, Code, Given, Line, MonthToDate, Plan, Tally, rate
from gridplus.units import ABOLT_PER_UBOLT, Interval
from tests.tariff.examples import (
    ADDER,
    BLOCKS,
    DAM,
    DEMAND,
    FIXED,
    MINIMUM_USE,
    NET_METERING,
    PLAIN,
    TAXES,
    TIERS,
    USAGE_CREDIT,
    plan_of,
    prices_of,
    read_of,
)

MONTH = PLAIN.year * 12 + PLAIN.month - 1
FIRST_S = operating_day_intervals(PLAIN.replace(day=1))[0].start_s
NOON = operating_day_intervals(PLAIN)[48]
TAX_PPM = 21_637


def used(import_wh: int, **memory: tuple[int, ...]) -> Tally:
    """A July that was billed from its first interval, with so much use."""
    return Tally(0, 0, MonthToDate(MONTH, FIRST_S, import_wh, 0, tuple(sorted(memory.items()))))


def lines_of(
    plan: Plan, read: IntervalRead, *, before: Tally | None = None, given: Given | None = None
) -> list[Line]:
    prices = None if plan.index is None else prices_of(PLAIN)
    rated = rate(plan, prices, read=read, before=before or used(0), given=given or Given())
    return list(rated.lines)


def ubolt(lines: Iterable[Line]) -> dict[Code, int]:
    """The lines that are not zero, exactly."""
    found: dict[Code, int] = {}
    for line in lines:
        whole, rest = divmod(line.amount_abolt, ABOLT_PER_UBOLT)
        assert rest == 0
        if whole:
            found[line.code] = found.get(line.code, 0) + whole
    return found


@pytest.mark.parametrize(
    ("before_wh", "import_wh", "parts"),
    [
        (0, 0, [(0, 10)]),
        (0, 500_000, [(500_000, 10)]),
        (499_000, 3_000, [(1_000, 10), (2_000, 12)]),
        (499_999, 500_002, [(1, 10), (500_000, 12), (1, 14)]),
        (500_000, 0, [(0, 12)]),
        (1_000_000, 7_000, [(7_000, 14)]),
    ],
)
def test_each_wh_has_the_price_of_the_tier_in_which_it_falls(
    before_wh: int, import_wh: int, parts: list[tuple[int, int]]
) -> None:
    lines = lines_of(plan_of(TIERS), read_of(NOON, import_wh), before=used(before_wh))
    found = [(line.quantity_wh, line.price_ubolt_per_mwh) for line in lines]
    assert found == [(wh, cents * 10_000_000) for wh, cents in parts]


def test_tiers_begin_again_with_the_local_month() -> None:
    last_month = Tally(0, 0, MonthToDate(MONTH - 1, 0, 2_000_000, 0))
    (line,) = lines_of(plan_of(TIERS), read_of(NOON, 1_000), before=last_month)
    assert line.price_ubolt_per_mwh == 100_000_000


@pytest.mark.parametrize(
    ("before_wh", "import_wh", "due"),
    [(999_000, 1_000, False), (999_000, 1_001, True), (1_000_000, 1, True), (1_000_001, 9, False)],
)
def test_a_usage_credit_falls_in_the_interval_that_passes_the_use_and_in_no_other(
    before_wh: int, import_wh: int, due: bool
) -> None:
    plan = plan_of(FIXED, USAGE_CREDIT, TAXES)
    lines = lines_of(plan, read_of(NOON, import_wh), before=used(before_wh))
    credited = {line.code: line.amount_abolt for line in lines if line.code.side == "credit"}
    amount = 125_000_000 * ABOLT_PER_UBOLT if due else 0
    tax_back = amount * TAX_PPM // 1_000_000
    assert credited == {Code.USAGE_CREDIT: amount, Code.TAX_RETURNED: tax_back}


LAST = operating_day_intervals(date(2021, 7, 31))[-1]
FEE = {Code.MINIMUM_USE: 9_950_000}


@pytest.mark.parametrize(
    ("interval", "before", "import_wh", "due"),
    [
        (LAST, used(799_000), 999, FEE),
        (LAST, used(799_000), 1_000, {}),
        (operating_day_intervals(date(2021, 7, 31))[-2], used(0), 0, {}),
        (LAST, Tally(0, 0, MonthToDate(MONTH, FIRST_S + 900, 0, 0)), 0, {}),
    ],
)
def test_a_minimum_use_fee_falls_in_the_last_interval_of_a_whole_month_of_little_use(
    interval: Interval, before: Tally, import_wh: int, due: dict[Code, int]
) -> None:
    plan = plan_of('kind = "fixed_price"\nprice = "0.00 ¢/kWh"', MINIMUM_USE)
    assert ubolt(lines_of(plan, read_of(interval, import_wh), before=before)) == due


def test_a_demand_charge_is_the_price_of_the_months_highest_half_hour() -> None:
    plan = plan_of('kind = "fixed_price"\nprice = "0.00 ¢/kWh"', DEMAND)
    tally, charged = Tally(), []
    for interval in operating_day_intervals(PLAIN):
        local_hour = interval.start.hour - 5
        import_wh = {13: 2_000, 15: 600, 16: 900}.get(local_hour, 10)
        after = rate(plan, None, read=read_of(interval, import_wh), before=tally).after
        charged.append(after.charges_abolt - tally.charges_abolt)
        tally = after
    assert tally.charges_abolt == 8_000_000 * 3_600 // 1_000 * ABOLT_PER_UBOLT, "900 + 900 Wh"
    rises = [at for at, amount in enumerate(charged) if amount]
    assert rises == [56, 57, 60, 61, 65], "the first 900 Wh of the last half hour are no rise"


def test_a_ratchet_bills_a_share_of_a_past_peak_from_the_months_first_interval() -> None:
    plan = plan_of('kind = "fixed_price"\nprice = "0.00 ¢/kWh"', DEMAND)
    july = used(0, peak=(0, 0, 10_000, 10_000))
    first = operating_day_intervals(date(2021, 8, 1))[0]
    rated = rate(plan, None, read=read_of(first, 100), before=july)
    assert rated.after.charges_abolt == 8_000_000 * 6 * ABOLT_PER_UBOLT, "60 % of 10 kW"
    assert rated.after.month is not None
    assert dict(rated.after.month.memory)["peak"] == (first.start_s, 100, 6_000, 0, 10_000)
    later = operating_day_intervals(date(2022, 7, 1))[0]
    forgotten = rate(plan, None, read=read_of(later, 100), before=july)
    assert forgotten.after.charges_abolt == 0, "eleven months later nobody remembers"


def test_demand_over_half_an_hour_cannot_be_seen_in_an_hour() -> None:
    hour = Interval(NOON.start_s, 3_600)
    with pytest.raises(InputError, match="demand over 1800 s cannot be seen in"):
        lines_of(plan_of(FIXED, DEMAND), IntervalRead(hour, 5, 0, 5, 0))


def test_a_block_is_paid_used_or_not_and_the_deviation_is_at_the_index() -> None:
    plan, index = plan_of(BLOCKS, index=DAM), 20_000_000 + 1_330_000 * 12
    for import_wh, over_wh, under_wh in ((300, 50, 0), (100, 0, 150)):
        lines = lines_of(plan, read_of(NOON, import_wh))
        assert [(line.code, line.quantity_wh, line.price_ubolt_per_mwh) for line in lines] == [
            (Code.ENERGY, over_wh, index),
            (Code.BLOCK, 250, 60_000_000),
            (Code.BLOCK_CREDIT, under_wh, index),
        ]
    friday = date(2021, 7, 2)
    at_three = read_of(operating_day_intervals(friday)[60], 0)
    lines = list(rate(plan, prices_of(friday), read=at_three, before=Tally()).lines)
    assert [line.quantity_wh for line in lines] == [0, 250, 125, 375]


def test_net_metering_pays_back_within_the_month_and_banks_the_rest() -> None:
    plan = plan_of(FIXED, ADDER, NET_METERING, TAXES)
    steps = [  # import, export, Wh that met, bank, open
        (500, 0, 0, 0, 500),
        (0, 300, 300, 0, 200),
        (0, 900, 200, 700, 0),
        (100, 0, 100, 600, 0),
        (50, 70, 50, 620, 0),
    ]
    tally = used(0)
    for place, (import_wh, export_wh, met_wh, bank_wh, open_wh) in enumerate(steps):
        read = read_of(operating_day_intervals(PLAIN)[place], import_wh, export_wh=export_wh)
        rated = rate(plan, None, read=read, before=tally)
        (back,) = (line for line in rated.lines if line.code is Code.NET_METERING)
        assert (back.quantity_wh, back.price_ubolt_per_mwh) == (met_wh, 120_000_000)
        tally = rated.after
        assert tally.month is not None
        held = {"net_metering": (bank_wh, open_wh)}
        assert dict(tally.month.memory) == held, f"step {place}"
    assert tally.credits_abolt == 650 * 120_000_000 * 1_021_637


def test_a_bank_rolls_over_or_is_paid_at_the_months_end() -> None:
    before = used(0, net_metering=(700, 40))
    read = read_of(LAST, 0)
    for surplus, paid_wh, bank_wh in (("", 0, 660), ('\nsurplus = "3.00 ¢/kWh"', 660, 0)):
        plan = plan_of(FIXED, NET_METERING + surplus)
        rated = rate(plan, None, read=read, before=before)
        (line,) = (line for line in rated.lines if line.code is Code.NET_SURPLUS)
        assert line.quantity_wh == paid_wh
        first = operating_day_intervals(date(2021, 8, 1))[0]
        august = rate(plan, None, read=read_of(first, 100), before=rated.after).after.month
        assert august is not None
        bank_left, open_wh = dict(august.memory)["net_metering"]
        assert (bank_left, open_wh) == ((bank_wh - 100, 0) if bank_wh else (0, 100))


@pytest.mark.parametrize(
    ("import_wh", "export_wh", "own_wh"), [(50, 70, 50), (70, 50, 50), (9, 0, 0)]
)
def test_own_use_is_netted_first_at_the_price_of_energy(
    import_wh: int, export_wh: int, own_wh: int
) -> None:
    plan = plan_of(FIXED, ADDER, 'kind = "own_use_first"\nprice = "3.00 ¢/kWh"')
    lines = lines_of(plan, read_of(NOON, import_wh, export_wh=export_wh))
    found = {line.code: (line.quantity_wh, line.price_ubolt_per_mwh) for line in lines}
    assert found[Code.OWN_USE] == (own_wh, 120_000_000)
    assert found[Code.EXPORT] == (export_wh - own_wh, 30_000_000)


def test_kwh_credits_give_the_mark_up_back_until_they_are_used_up() -> None:
    plan, tally = plan_of(FIXED, ADDER, 'kind = "markup_waiver"', TAXES), Tally()
    for place, (granted_wh, waived_wh, left_wh) in enumerate(
        [(0, 0, 0), (1_000, 600, 400), (0, 400, 0), (0, 0, 0)]
    ):
        read = read_of(operating_day_intervals(PLAIN)[place], 600)
        given = Given(waived_wh=granted_wh)
        rated = rate(plan, None, read=read, before=tally, given=given)
        (line,) = (line for line in rated.lines if line.code is Code.MARKUP_WAIVED)
        assert (line.quantity_wh, line.price_ubolt_per_mwh) == (waived_wh, 20_000_000)
        tally = rated.after
        assert tally.month is not None
        assert dict(tally.month.memory) == {"markup_waiver": (left_wh,)}


@pytest.mark.parametrize(("baseline_wh", "less_wh"), [(400, 0), (500, 0), (700, 200)])
@pytest.mark.parametrize("plan", [plan_of(FIXED), plan_of(TIERS, TAXES)])
def test_demand_response_rewards_what_is_taken_below_the_baseline_under_any_plan(
    baseline_wh: int, less_wh: int, plan: Plan
) -> None:
    read, called = read_of(NOON, 500), Called(bytes(32), baseline_wh, 500_000_000)
    plain, rated = (
        rate(plan, None, read=read, before=Tally(), given=given)
        for given in (Given(), Given(called))
    )
    line = Line(Code.DEMAND_RESPONSE, less_wh, 500_000_000, less_wh * 500_000_000 * 1_000_000)
    assert [each for each in rated.lines if each not in plain.lines] == [line]
    assert rated.after.credits_abolt - plain.after.credits_abolt == line.amount_abolt
    assert rated.after.charges_abolt == plain.after.charges_abolt


def test_a_fact_that_no_component_takes_is_refused() -> None:
    for plan in (plan_of(FIXED), plan_of(TIERS)):
        with pytest.raises(InputError, match=r"plan made has no 'markup_waiver' to take"):
            lines_of(plan, read_of(NOON, 500), given=Given(waived_wh=1))


def test_what_another_plan_remembered_is_kept_for_it() -> None:
    bank = used(0, net_metering=(700, 0))
    for plan in (plan_of(FIXED), plan_of(TIERS)):
        after = rate(plan, None, read=read_of(NOON, 10), before=bank).after
        assert after.month is not None
        assert dict(after.month.memory)["net_metering"] == (700, 0)


def test_a_month_is_the_local_one_on_days_of_a_clock_change() -> None:
    plan, tally = plan_of(TIERS), Tally()
    for at in range(30):
        for interval in operating_day_intervals(date(2021, 11, 1) + timedelta(at)):
            tally = rate(plan, None, read=read_of(interval, 1), before=tally).after
    assert tally.month == MonthToDate(2021 * 12 + 10, 1_635_742_800, 2_884, 0)
