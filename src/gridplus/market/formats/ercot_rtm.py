"""ERCOT's real-time prices as CSV (NP6-785-ER, Historical RTM Load Zone and Hub Prices).

Intervals are named in local prevailing time by delivery hour (1 to 24, its end) and interval (1 to
4); on the day the clocks go back hour 2 stands twice, the second time with Repeated Hour Flag Y. A
load zone has two prices in each interval: type LZ, and LZEW, weighted by energy. Nobody may guess
which is meant, so the type is named where a file has more than one.
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.market.formats.series import Price, PriceSeries, gather, parse_price
from gridplus.market.prices import ERCOT_ZONE, operating_day_intervals
from gridplus.rows import parse_table
from gridplus.units import SETTLEMENT_INTERVAL_S

COLUMNS = (
    "Delivery Date",
    "Delivery Hour",
    "Delivery Interval",
    "Repeated Hour Flag",
    "Settlement Point Name",
    "Settlement Point Type",
    "Settlement Point Price",
)


def parse_ercot_rtm(
    data: bytes, *, what: str, settlement_point: str, point_type: str | None = None
) -> PriceSeries:
    """The 15-minute prices ($/MWh) of `settlement_point`; rows of other points are passed over.

    `point_type` is 'LZ', 'LZEW', 'HU' and so on; None where the file has one type for the point.
    Raises InputError when the file is no such table, has nothing for the point, or has several
    types for it and none is named.
    """
    header, rows = parse_table(data, what=what)
    if header != list(COLUMNS):
        raise InputError(f"{what}: the columns are {', '.join(header)}; not {', '.join(COLUMNS)}")
    types: set[str] = set()

    def parse_row(fields: list[str]) -> Price | None:
        if len(fields) != len(COLUMNS):
            raise InputError(f"{len(fields)} fields instead of {len(COLUMNS)}")
        day, hour, interval, repeated, point, kind, price = fields
        if point != settlement_point or (point_type is not None and kind != point_type):
            return None
        types.add(kind)
        if len(types) > 1:
            return None
        start_s = _start_s(day, (hour.lstrip("0"), interval), repeated=repeated)
        return start_s, parse_price(price, "$/MWh")

    found = gather(rows, parse_row, what=what, settlement_point=settlement_point)
    if len(types) > 1:
        raise InputError(
            f"{what} has {len(types)} prices of {settlement_point} in an interval, of types "
            f"{', '.join(sorted(types))}; name the one that is meant"
        )
    return PriceSeries(
        what, settlement_point, "RTM", SETTLEMENT_INTERVAL_S, found.prices, tuple(found.faults)
    )


def _start_s(day: str, label: tuple[str, str], *, repeated: str) -> int:
    start_s = _intervals_of(day).get((*label, repeated))
    if start_s is None:
        named = f"hour {label[0]!r}, interval {label[1]!r} with repeated hour flag {repeated!r}"
        raise InputError(f"there is no {named} on {day}")
    return start_s


@lru_cache(maxsize=8)
def _intervals_of(text: str) -> dict[tuple[str, str, str], int]:
    """ERCOT's labels (hour, interval, repeated hour flag) on a day MM/DD/YYYY -> UTC start."""
    labels: dict[tuple[str, str, str], int] = {}
    for interval in operating_day_intervals(_parse_day(text)):
        local = interval.start.astimezone(ZoneInfo(ERCOT_ZONE))
        quarter = local.minute // 15 + 1
        flag = "Y" if local.fold else "N"
        labels[str(local.hour + 1), str(quarter), flag] = interval.start_s
    return labels


def _parse_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise InputError(f"{text!r} is not a date MM/DD/YYYY") from None
