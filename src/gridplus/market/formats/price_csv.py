"""Plain CSV of prices: a column of UTC interval starts, and a column per settlement point.

    interval_start_utc,LZ_HOUSTON $/MWh
    2021-02-15T06:00Z,8612.03

The start column is `interval_start_utc`, or the only one whose heading has 'start' or 'utc' in it;
each start carries its zone (Z or an offset). A price column's heading has its unit in it ('$/MWh'
or '$/kWh'), or is a settlement point alone, which means ERCOT's unit, $/MWh; of several, the one
that names the settlement point is meant. The step of 5, 15, 30 or 60 minutes is the one most rows
keep.
"""

from collections import Counter
from itertools import pairwise

from gridplus.failures import InputError
from gridplus.market.formats.series import (
    UBOLT_PER_MWH,
    Price,
    PriceSeries,
    gather,
    parse_price,
)
from gridplus.market.prices import STEPS_S, Market
from gridplus.rows import parse_table
from gridplus.units import parse_utc_s

START_COLUMN = "interval_start_utc"


def parse_price_csv(
    data: bytes, *, what: str, settlement_point: str, market: Market = "RTM"
) -> PriceSeries:
    """The prices in the column of `settlement_point`; `market` says which they are.

    Raises InputError when there is not one such column, no good row, or another step.
    """
    header, rows = parse_table(data, what=what)
    start_at = _start_column(header, what=what)
    price_at, unit = _price_column(header, settlement_point, what=what)

    def parse_row(fields: list[str]) -> Price:
        if len(fields) != len(header):
            raise InputError(f"{len(fields)} fields instead of {len(header)}")
        return parse_utc_s(fields[start_at]), parse_price(fields[price_at], unit)

    found = gather(rows, parse_row, what=what, settlement_point=settlement_point)
    step_s = _step_s(sorted(found.prices), what=what)
    for start_s in [at for at in found.prices if at % step_s]:
        found.fault(found.line_of[start_s], f"the start is not on the grid of {step_s} s")
        del found.prices[start_s]
    return PriceSeries(what, settlement_point, market, step_s, found.prices, tuple(found.faults))


def _start_column(header: list[str], *, what: str) -> int:
    if START_COLUMN in header:
        return header.index(START_COLUMN)
    for word in ("start", "utc"):
        found = [place for place, name in enumerate(header) if word in name.lower()]
        if len(found) == 1:
            return found[0]
    raise InputError(f"{what} has no column {START_COLUMN}; it has {', '.join(header)}")


def _price_column(header: list[str], settlement_point: str, *, what: str) -> tuple[int, str]:
    """The place of the prices and their unit: the point's column, or the only one with a unit."""
    priced = [
        (place, unit)
        for place, name in enumerate(header)
        for unit in UBOLT_PER_MWH
        if unit.lower() in name.lower()
    ]
    named = [(p, unit) for p, unit in priced if settlement_point in header[p].split()]
    bare = [(p, "$/MWh") for p, name in enumerate(header) if name == settlement_point]
    any_point = [(p, unit) for p, unit in priced if header[p] == unit]
    found = named + bare + any_point or priced
    if len(found) != 1:
        raise InputError(
            f"{what} has {len(found)} price columns for {settlement_point} where one is needed; "
            f"its columns are {', '.join(header)}"
        )
    return found[0]


def _step_s(starts: list[int], *, what: str) -> int:
    distances = Counter(after - before for before, after in pairwise(starts))
    step_s = distances.most_common(1)[0][0] if distances else 0
    if step_s not in STEPS_S:
        raise InputError(f"{what}: rows are {step_s} s apart, not 5, 15, 30 or 60 minutes")
    return step_s
