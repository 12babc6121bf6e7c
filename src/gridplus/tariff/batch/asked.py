"""Everything a plan asks of the intervals of one local day, as vectors: what `rates_at` says."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gridplus.failures import InputError
from gridplus.market import PriceVersion, operating_day_intervals
from gridplus.tariff.batch.columns import Flows, Integers
from gridplus.tariff.components import TaxRow
from gridplus.tariff.line import Code
from gridplus.tariff.moment import Moment
from gridplus.tariff.plan import Plan
from gridplus.tariff.rates import Rates, rates_at
from gridplus.units import ABOLT_PER_PBOLT

Vectors = dict[Code, Integers]


@dataclass(frozen=True, slots=True)
class Asked:
    """Of one day: prices (µBOLT/MWh) and fixed charges (pBOLT) by code, a number an interval.

    `index` is the bounded index, 0 where it is negative and for a plan without one; `bought_wh` is
    the blocks' energy; `energy_price` what one more Wh costs for energy and adder, as `Use` has it.
    """

    tax: TaxRow
    first: Moment
    last: Moment
    import_prices: Vectors
    fixed: Vectors
    import_credits: Vectors
    export_prices: Vectors
    index: Integers
    bought_wh: Integers
    energy_price: Integers


def asked_on(plan: Plan, prices: PriceVersion | None, *, flows: Flows) -> Asked:
    """Raises InputError as `rates_at` does, and for rows that do not have the day's intervals."""
    intervals = operating_day_intervals(flows.day, plan.time_zone)
    if flows.import_wh.shape[1] != len(intervals):
        given = flows.import_wh.shape[1]
        raise InputError(f"{flows.day} has {len(intervals)} intervals, the rows {given}")
    each = [rates_at(plan, prices, interval=interval) for interval in intervals]
    import_prices = _by_code(rates.import_prices for rates in each)
    nothing = np.zeros(len(each), dtype=np.int64)
    return Asked(
        tax=each[0].tax,
        first=each[0].moment,
        last=each[-1].moment,
        import_prices=import_prices,
        fixed=_by_code(_fixed_pbolt(rates) for rates in each),
        import_credits=_by_code(rates.import_credits for rates in each),
        export_prices=_by_code(rates.export_prices for rates in each),
        index=_vector(max(rates.moment.index or 0, 0) for rates in each),
        bought_wh=_vector(_bought_wh(rates) for rates in each),
        energy_price=sum(
            (import_prices.get(code, nothing) for code in (Code.ENERGY, Code.ADDER)), nothing
        ),
    )


def _fixed_pbolt(rates: Rates) -> list[tuple[Code, int]]:
    return [(line.code, line.amount_abolt // ABOLT_PER_PBOLT) for line in rates.fixed]


def _bought_wh(rates: Rates) -> int:
    return sum(line.quantity_wh for line in rates.fixed if line.code is Code.BLOCK)


def _by_code(each: Iterable[Iterable[tuple[Code, int]]]) -> Vectors:
    rows = [list(row) for row in each]
    codes = {code for row in rows for code, _ in row}
    found = {code: [0] * len(rows) for code in codes}
    for place, row in enumerate(rows):
        for code, number in row:
            found[code][place] += number
    return {code: _vector(numbers) for code, numbers in found.items()}


def _vector(numbers: Iterable[int]) -> Integers:
    return np.array(list(numbers), dtype=np.int64)
