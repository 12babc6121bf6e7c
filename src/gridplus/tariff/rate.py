"""Rating: an interval read, a plan and a price version -> charge lines, exactly.

Energy x price is an exact number of pBOLT; a tax in ppm of it is an exact number of aBOLT. Lines
are exact and are added up exactly for the life of a channel; what is paid is the sum rounded once,
in the customer's favour, so that the error never exceeds 1 µBOLT. The planner's prices come from
the same `Rates`, so a planned cost is the billed cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead
from gridplus.tariff.plan import Plan, TaxRow, row_on
from gridplus.units import (
    ABOLT_PER_PBOLT,
    ABOLT_PER_UBOLT,
    Interval,
    share_by_largest_remainder,
    ubolt_down,
    ubolt_up,
)

PBOLT_PER_UBOLT = ABOLT_PER_UBOLT // ABOLT_PER_PBOLT


class Side(StrEnum):
    """Who owes the line: the home (charge) or the retailer (credit)."""

    CHARGE = "charge"
    CREDIT = "credit"


class Code(StrEnum):
    """The lines of a bill, in the order in which they stand on it."""

    ENERGY = "energy"
    ADDER = "adder"
    DELIVERY = "delivery"
    DELIVERY_MONTHLY = "delivery_monthly"
    ERCOT_FEE = "ercot_fee"
    TAX_PUC = "tax_puc"
    TAX_GROSS_RECEIPTS = "tax_gross_receipts"
    EXPORT = "export"

    @property
    def side(self) -> Side:
        return Side.CREDIT if self is Code.EXPORT else Side.CHARGE


class Line(NamedTuple):
    """One exact line. Quantity and price are 0 on lines that are not so much per Wh."""

    code: Code
    quantity_wh: int
    price_ubolt_per_mwh: int
    amount_abolt: int

    @property
    def side(self) -> Side:
        return self.code.side


@dataclass(frozen=True, slots=True)
class Cumulative:
    """Everything billed on a channel so far, exactly. Both sums only grow."""

    charges_abolt: int = 0
    credits_abolt: int = 0

    @property
    def spent_ubolt(self) -> int:
        """What the home owes for life, rounded down."""
        return ubolt_down(self.charges_abolt)

    @property
    def earned_ubolt(self) -> int:
        """What the retailer owes for life, rounded up."""
        return ubolt_up(self.credits_abolt)


@dataclass(frozen=True, slots=True)
class Rated:
    """The lines of one interval, always all of `Code` in order, and the sums after it."""

    lines: tuple[Line, ...]
    after: Cumulative


@dataclass(frozen=True, slots=True)
class Rates:
    """Every price of a plan in one interval, the part of the monthly fee it carries, the taxes."""

    energy_ubolt_per_mwh: int
    adder_ubolt_per_mwh: int
    delivery_ubolt_per_mwh: int
    ercot_fee_ubolt_per_mwh: int
    export_ubolt_per_mwh: int
    monthly_pbolt: int
    tax: TaxRow

    @property
    def before_tax_ubolt_per_mwh(self) -> int:
        """Every price of import; in pBOLT, what one more Wh costs before taxes."""
        return (
            self.energy_ubolt_per_mwh
            + self.adder_ubolt_per_mwh
            + self.delivery_ubolt_per_mwh
            + self.ercot_fee_ubolt_per_mwh
        )

    @property
    def import_abolt_per_wh(self) -> int:
        """What one more Wh from the grid costs, with all adders and taxes."""
        return self.before_tax_ubolt_per_mwh * self.tax.gross_up_ppm

    @property
    def export_abolt_per_wh(self) -> int:
        """What one more Wh fed into the grid pays."""
        return self.export_ubolt_per_mwh * ABOLT_PER_PBOLT

    @property
    def fixed_abolt(self) -> int:
        """What the interval costs when nothing flows: the accrued monthly fee with taxes."""
        return self.monthly_pbolt * self.tax.gross_up_ppm


@lru_cache(maxsize=4096)
def rates_at(plan: Plan, prices: PriceVersion, *, interval: Interval) -> Rates:
    """The prices that hold in `interval`.

    Raises InputError when the plan does not hold then, when `prices` are not the final day-ahead
    prices of the plan's settlement point, or when they do not cover the interval.
    """
    _require_index(plan, prices)
    energy = plan.energy.bounded(prices.price_at(interval))
    day = _local_day(plan.time_zone, interval.start_s)
    plan.require_effective(day)
    delivery = row_on(plan.delivery, day)
    return Rates(
        energy_ubolt_per_mwh=energy,
        adder_ubolt_per_mwh=plan.energy.adder_ubolt_per_mwh,
        delivery_ubolt_per_mwh=delivery.energy_ubolt_per_mwh,
        ercot_fee_ubolt_per_mwh=row_on(plan.fees, day).energy_ubolt_per_mwh,
        export_ubolt_per_mwh=energy + plan.energy.export_adder_ubolt_per_mwh,
        monthly_pbolt=_accrued_pbolt(delivery.monthly_ubolt, interval, zone=plan.time_zone),
        tax=row_on(plan.taxes, day),
    )


def rate(plan: Plan, prices: PriceVersion, *, read: IntervalRead, before: Cumulative) -> Rated:
    """Rate one read. Raises InputError as `rates_at` does."""
    rates = rates_at(plan, prices, interval=read.interval)
    import_wh, export_wh, tax = read.import_wh, read.export_wh, rates.tax
    taxed_pbolt = import_wh * rates.before_tax_ubolt_per_mwh + rates.monthly_pbolt
    lines = (
        _per_wh(Code.ENERGY, import_wh, price=rates.energy_ubolt_per_mwh),
        _per_wh(Code.ADDER, import_wh, price=rates.adder_ubolt_per_mwh),
        _per_wh(Code.DELIVERY, import_wh, price=rates.delivery_ubolt_per_mwh),
        Line(Code.DELIVERY_MONTHLY, 0, 0, rates.monthly_pbolt * ABOLT_PER_PBOLT),
        _per_wh(Code.ERCOT_FEE, import_wh, price=rates.ercot_fee_ubolt_per_mwh),
        Line(Code.TAX_PUC, 0, 0, taxed_pbolt * tax.puc_ppm),
        Line(Code.TAX_GROSS_RECEIPTS, 0, 0, taxed_pbolt * tax.gross_receipts_ppm),
        _per_wh(Code.EXPORT, export_wh, price=rates.export_ubolt_per_mwh),
    )
    after = Cumulative(
        before.charges_abolt + import_wh * rates.import_abolt_per_wh + rates.fixed_abolt,
        before.credits_abolt + export_wh * rates.export_abolt_per_wh,
    )
    return Rated(lines, after)


def energy_prices(
    plan: Plan, prices: PriceVersion, *, intervals: Sequence[Interval]
) -> tuple[tuple[int, int], ...]:
    """(import, export) in aBOLT per Wh, adders and taxes in: what a planner optimises.

    Import is never below export. Raises InputError as `rates_at` does.
    """
    each = (rates_at(plan, prices, interval=interval) for interval in intervals)
    return tuple((rates.import_abolt_per_wh, rates.export_abolt_per_wh) for rates in each)


def share_ubolt(lines: Sequence[Line], before: Cumulative, *, after: Cumulative) -> dict[Code, int]:
    """What was newly payable between two sums, shared over its lines by largest remainder.

    `lines` may hold many intervals. Returns µBOLT for every code: the charges sum exactly to the
    rise of `spent`, the credits to the rise of `earned`.
    """
    exact = dict.fromkeys(Code, 0)
    for line in lines:
        exact[line.code] += line.amount_abolt
    payable = {
        Side.CHARGE: after.spent_ubolt - before.spent_ubolt,
        Side.CREDIT: after.earned_ubolt - before.earned_ubolt,
    }
    shared: dict[Code, int] = {}
    for side, total in payable.items():
        codes = [code for code in Code if code.side is side]
        parts = share_by_largest_remainder(total, [exact[code] for code in codes])
        shared.update(zip(codes, parts, strict=True))
    return shared


def _per_wh(code: Code, quantity_wh: int, *, price: int) -> Line:
    return Line(code, quantity_wh, price, quantity_wh * price * ABOLT_PER_PBOLT)


def _require_index(plan: Plan, prices: PriceVersion) -> None:
    point = plan.energy.settlement_point
    if (prices.settlement_point, prices.market, prices.kind) != (point, "DAM", "final"):
        raise InputError(f"plan {plan.id} is billed at final {point} DAM prices, not at {prices}")


def _accrued_pbolt(monthly_ubolt: int, interval: Interval, *, zone: str) -> int:
    """The interval's part of a monthly fee, by cumulative floor division over the local month.

    The parts differ by at most 1 pBOLT and sum exactly to the fee, in months with a clock change
    as in others. Raises InputError when the intervals do not divide the month.
    """
    local = datetime.fromtimestamp(interval.start_s, ZoneInfo(zone))
    start_s, end_s = _month_bounds(local.year, local.month, zone=zone)
    place, offset_s = divmod(interval.start_s - start_s, interval.length_s)
    count, rest_s = divmod(end_s - start_s, interval.length_s)
    if offset_s or rest_s:
        raise InputError(f"{interval} does not divide its local month in {zone}")
    monthly_pbolt = monthly_ubolt * PBOLT_PER_UBOLT
    return monthly_pbolt * (place + 1) // count - monthly_pbolt * place // count


@lru_cache(maxsize=256)
def _month_bounds(year: int, month: int, *, zone: str) -> tuple[int, int]:
    following = (year + month // 12, month % 12 + 1)
    starts = (datetime(y, m, 1, tzinfo=ZoneInfo(zone)) for y, m in ((year, month), following))
    start_s, end_s = (int(start.astimezone(UTC).timestamp()) for start in starts)
    return start_s, end_s


def _local_day(zone: str, instant_s: int) -> date:
    return datetime.fromtimestamp(instant_s, ZoneInfo(zone)).date()
