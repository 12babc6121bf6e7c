"""ERCOT's day-ahead workbook as CSV (NP4-180-ER, Historical DAM Load Zone and Hub Prices).

Hours are labelled in local prevailing time by their end, 01:00 to 24:00. On the day the clocks go
forward the label 03:00 is absent; on the day they go back 02:00 stands twice, the second time with
Repeated Hour Flag Y.
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.market.formats.series import Price, PriceSeries, gather, parse_price
from gridplus.market.prices import ERCOT_ZONE, operating_day_intervals
from gridplus.rows import parse_table
from gridplus.units import HOUR_S

COLUMNS = (
    "Delivery Date",
    "Hour Ending",
    "Repeated Hour Flag",
    "Settlement Point",
    "Settlement Point Price",
)


def parse_ercot_dam(data: bytes, *, what: str, settlement_point: str) -> PriceSeries:
    """The hourly prices ($/MWh) of `settlement_point`; rows of other points are passed over.

    Raises InputError when the file is no such table or has nothing for the settlement point.
    """
    header, rows = parse_table(data, what=what)
    if header != list(COLUMNS):
        raise InputError(f"{what}: the columns are {', '.join(header)}; not {', '.join(COLUMNS)}")

    def parse_row(fields: list[str]) -> Price | None:
        if len(fields) != len(COLUMNS):
            raise InputError(f"{len(fields)} fields instead of {len(COLUMNS)}")
        day, hour_ending, repeated, point, price = fields
        if point != settlement_point:
            return None
        return _hour_start_s(day, hour_ending, repeated=repeated), parse_price(price, "$/MWh")

    found = gather(rows, parse_row, what=what, settlement_point=settlement_point)
    return PriceSeries(what, settlement_point, "DAM", HOUR_S, found.prices, tuple(found.faults))


def _hour_start_s(day: str, hour_ending: str, *, repeated: str) -> int:
    hours = _hours_of(day)
    start_s = hours.get((hour_ending, repeated))
    if start_s is None:
        change = "" if len(hours) == 24 else f", which has {len(hours)} hours"
        label = f"hour ending {hour_ending!r} with repeated hour flag {repeated!r}"
        raise InputError(f"there is no {label} on {day}{change}")
    return start_s


@lru_cache(maxsize=8)
def _hours_of(text: str) -> dict[tuple[str, str], int]:
    """ERCOT's labels (hour ending, repeated hour flag) on a day MM/DD/YYYY -> UTC start second."""
    day = _parse_day(text)
    hours: dict[tuple[str, str], int] = {}
    for interval in operating_day_intervals(day, length_s=HOUR_S):
        local = interval.start.astimezone(ZoneInfo(ERCOT_ZONE))
        hours[f"{local.hour + 1:02}:00", "Y" if local.fold else "N"] = interval.start_s
    return hours


def _parse_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise InputError(f"{text!r} is not a date MM/DD/YYYY") from None
