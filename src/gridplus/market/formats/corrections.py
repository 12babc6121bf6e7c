"""Price corrections as CSV: what was posted, and what ERCOT says now, interval by interval.

interval_start_utc,settlement_point,as_posted,annual_file
2024-01-15T23:15Z,HB_HUBAVG,49.54,49.5
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gridplus.failures import InputError
from gridplus.market.formats.series import parse_price
from gridplus.market.prices import PriceVersion
from gridplus.rows import parse_table
from gridplus.units import Interval, format_utc, parse_utc_s, utc_from_s

COLUMNS = ("interval_start_utc", "settlement_point", "as_posted", "annual_file")


@dataclass(frozen=True, slots=True)
class PriceCorrection:
    """One interval's price (µBOLT/MWh) as posted, and as corrected."""

    start_s: int
    settlement_point: str
    posted: int
    corrected: int


def parse_price_corrections(
    data: bytes, *, what: str
) -> tuple[tuple[PriceCorrection, ...], tuple[str, ...]]:
    """The corrections in the order of the file, and the faults of rows that were left out.

    Raises InputError when the file is no such table or has no good row.
    """
    header, rows = parse_table(data, what=what)
    if header != list(COLUMNS):
        raise InputError(f"{what}: the columns are {', '.join(header)}; not {', '.join(COLUMNS)}")
    found: dict[tuple[int, str], PriceCorrection] = {}
    faults = []
    for line, fields in rows:
        try:
            correction = _parse_row(fields)
            key = correction.start_s, correction.settlement_point
            if key in found:
                raise InputError("this interval was corrected further up")
            found[key] = correction
        except InputError as error:
            faults.append(f"{what}, line {line}: {error}")
    if not found:
        raise InputError(f"{what} has no good row" + (f": {faults[0]}" if faults else ""))
    return tuple(found.values()), tuple(faults)


def corrected(
    prices: PriceVersion,
    corrections: Iterable[PriceCorrection],
    *,
    known_at_s: int,
    source: str,
) -> PriceVersion:
    """The next version of a day's prices: the corrections of its point and day, others unchanged.

    Raises InputError when none of them is of that day, or when one was not posted as it says.
    """
    changed = list(prices.prices_ubolt_per_mwh)
    count = 0
    for correction in corrections:
        inside = prices.start_s <= correction.start_s < prices.end_s
        if not inside or correction.settlement_point != prices.settlement_point:
            continue
        posted = prices.price_at(Interval(correction.start_s, prices.step_s))
        if posted != correction.posted:
            when = format_utc(utc_from_s(correction.start_s))
            raise InputError(
                f"{prices} say {posted} µBOLT/MWh at {when}; the correction is of "
                f"{correction.posted}"
            )
        changed[(correction.start_s - prices.start_s) // prices.step_s] = correction.corrected
        count += 1
    if not count:
        raise InputError(f"no correction is of {prices}")
    return replace(
        prices,
        version=prices.version + 1,
        known_at_s=known_at_s,
        source=source,
        prices_ubolt_per_mwh=tuple(changed),
    )


def _parse_row(fields: list[str]) -> PriceCorrection:
    if len(fields) != len(COLUMNS):
        raise InputError(f"{len(fields)} fields instead of {len(COLUMNS)}")
    start, point, posted, now = fields
    if not point:
        raise InputError("the settlement point is empty")
    return PriceCorrection(
        parse_utc_s(start), point, parse_price(posted, "$/MWh"), parse_price(now, "$/MWh")
    )
