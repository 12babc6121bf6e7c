"""Everything that a plan asks of one interval before anything is read: its prices by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from gridplus.failures import InputError
from gridplus.market import PriceVersion
from gridplus.tariff.components import Price, TaxRow
from gridplus.tariff.line import RANK, Code, Line
from gridplus.tariff.moment import Moment, local_day, moment_of
from gridplus.tariff.plan import Plan
from gridplus.units import ABOLT_PER_PBOLT, Interval


@dataclass(frozen=True, slots=True)
class Rates:
    """Everything a plan asks of one interval whatever was used before: prices (µBOLT/MWh) by code,
    those of import as a mapping too, fixed charges, taxes; and their sums.

    `before_tax` is every price of import: in pBOLT, what one more Wh costs before taxes.
    `import_abolt_per_wh` is what it costs with them, less what a negative index credits;
    `export_abolt_per_wh` is what one more Wh fed in pays, `fixed_abolt` what the interval costs
    when nothing flows.
    """

    moment: Moment
    tax: TaxRow
    import_prices: tuple[Price, ...]
    prices: Mapping[Code, int]
    fixed: tuple[Line, ...]
    import_credits: tuple[Price, ...]
    export_prices: tuple[Price, ...]
    gross_up_ppm: int
    before_tax: int
    fixed_pbolt: int
    import_abolt_per_wh: int
    import_credit_abolt_per_wh: int
    export_abolt_per_wh: int
    fixed_abolt: int


@lru_cache(maxsize=8192)
def rates_at(plan: Plan, prices: PriceVersion | None, *, interval: Interval) -> Rates:
    """The prices that hold in `interval`. A plan without an index needs no price version.

    Raises InputError when the plan does not hold then, when `prices` are not the final prices of
    the plan's index, or when they do not cover the interval.
    """
    plan.require_effective(local_day(plan.time_zone, interval.start_s))
    moment = moment_of(interval, plan.time_zone, index=_index_at(plan, prices, interval=interval))
    slots = [part.slot(moment) for part in plan.components]
    tax = plan.tax_on(moment.day)
    import_prices = _in_order(price for slot in slots for price in slot.import_prices)
    import_credits = _in_order(price for slot in slots for price in slot.import_credits)
    export_prices = _in_order(price for slot in slots for price in slot.export_prices)
    fixed = sorted(
        (line for slot in slots for line in slot.fixed), key=lambda line: RANK[line.code]
    )
    before_tax = sum(price for _, price in import_prices)
    credited = sum(price for _, price in import_credits) * ABOLT_PER_PBOLT
    fixed_pbolt = sum(line.amount_abolt for line in fixed) // ABOLT_PER_PBOLT
    return Rates(
        moment=moment,
        tax=tax,
        import_prices=import_prices,
        prices=MappingProxyType(dict(import_prices)),
        fixed=tuple(sorted(fixed, key=lambda line: RANK[line.code])),
        import_credits=import_credits,
        export_prices=export_prices,
        gross_up_ppm=tax.gross_up_ppm,
        before_tax=before_tax,
        fixed_pbolt=fixed_pbolt,
        import_abolt_per_wh=before_tax * tax.gross_up_ppm - credited,
        import_credit_abolt_per_wh=credited,
        export_abolt_per_wh=sum(price for _, price in export_prices) * ABOLT_PER_PBOLT,
        fixed_abolt=fixed_pbolt * tax.gross_up_ppm,
    )


def _in_order(prices: Iterable[Price]) -> tuple[Price, ...]:
    return tuple(sorted(prices, key=lambda price: RANK[price[0]]))


def _index_at(plan: Plan, prices: PriceVersion | None, *, interval: Interval) -> int | None:
    index = plan.index
    if index is None:
        return None
    needed = f"plan {plan.id} is billed at final {plan.settlement_point} {index.market} prices"
    if prices is None:
        raise InputError(f"{needed}, and there are none for {interval}")
    found = prices.settlement_point, prices.market, prices.kind
    if found != (plan.settlement_point, index.market, "final"):
        raise InputError(f"{needed}, not at {prices}")
    return index.bounded(prices.price_at(interval))
