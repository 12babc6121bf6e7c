"""The street's input: bundled day-ahead prices of 2021 and 2022, and 17 real homes.

How a home's year is laid on the price years: the homes' data has 8,760 hours in local standard time
from the hour ending 24:00 on 31 July, in a year the source does not name. Hour k of it stands for
hour k of Central Standard Time from 31 July 23:00, round and round: both price years have 8,760
hours too, so summer meets summer and noon meets noon (but weekdays need not meet), and the days
before 2021-01-01 that forecasts look back to are the same hours of the year as in any other year.
Each hour is split into four by `meter.split_hour`.
"""

import gzip
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gridplus.failures import InputError, StorageError, invariant
from gridplus.market import PriceVersion, day_ahead_posting_s, operating_day_bounds
from gridplus.market.formats import PriceSeries, parse_ercot_dam, parse_price_csv
from gridplus.meter import MeterRead
from gridplus.meter.formats import parse_meter_file
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S, Interval, counted, format_utc, utc_from_s

SETTLEMENT_POINT = "LZ_HOUSTON"
PRICE_YEARS = (2021, 2022)
HISTORY_DAYS = 42
"""Days before the first price day for which the homes' series can be read, for forecasts."""
Energies: TypeAlias = npt.NDArray[np.int64]
_LABELS = 2
"""Month and hour ending, before the energies."""
_FIRST_HOUR_S = int(datetime(2020, 8, 1, 5, tzinfo=UTC).timestamp())
"""31 July 2020, 23:00 Central Standard Time: where hour 0 of the homes' year is laid."""
_UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class HomeSeries:
    """Load and solar generation of a home in Wh per 15 minutes from `start_s`, int64 arrays.

    An interval that the source does not have holds -1 in both; the readers below refuse it.
    """

    name: str
    start_s: int
    load_wh: Energies
    solar_wh: Energies

    @property
    def end_s(self) -> int:
        return self.start_s + len(self.load_wh) * SETTLEMENT_INTERVAL_S

    def at(self, interval: Interval) -> tuple[int, int]:
        """(load, solar) Wh of a 15-minute interval. Raises InputError where there is no data."""
        invariant(interval.length_s == SETTLEMENT_INTERVAL_S, "a series has quarter hours")
        load_wh, solar_wh = self.window(interval.start_s, interval.end_s)
        return int(load_wh[0]), int(solar_wh[0])

    def window(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        """Read-only (load, solar) of [start_s, end_s), which are quarter hours.

        Raises InputError that names the range or the first missing interval.
        """
        invariant(
            start_s % SETTLEMENT_INTERVAL_S == end_s % SETTLEMENT_INTERVAL_S == 0,
            "a window opens and closes on quarter hours",
        )
        if not (self.start_s <= start_s < end_s <= self.end_s):
            raise InputError(
                f"{self.name} has data from {format_utc(utc_from_s(self.start_s))} "
                f"to {format_utc(utc_from_s(self.end_s))}; "
                f"{format_utc(utc_from_s(start_s))} to {format_utc(utc_from_s(end_s))} is outside"
            )
        first, last = ((at_s - self.start_s) // SETTLEMENT_INTERVAL_S for at_s in (start_s, end_s))
        holes = np.flatnonzero(self.load_wh[first:last] == _UNKNOWN)
        if len(holes):
            hole_s = start_s + int(holes[0]) * SETTLEMENT_INTERVAL_S
            raise InputError(f"{self.name} has no data for {format_utc(utc_from_s(hole_s))}")
        return self.load_wh[first:last], self.solar_wh[first:last]


def available_days() -> tuple[date, date]:
    """The first and the last operating day with bundled prices."""
    return date(PRICE_YEARS[0], 1, 1), date(PRICE_YEARS[-1], 12, 31)


def require_days(first: date, count: int) -> tuple[date, ...]:
    """`count` days from `first`. Raises InputError with the range that exists when one is outside
    it, or when there is none."""
    begin, end = available_days()
    if count < 1 or not begin <= first <= end or count > (end - first).days + 1:
        raise InputError(
            f"{counted(count, 'day')} from {first}: prices exist from {begin} to {end}"
        )
    return tuple(first + timedelta(i) for i in range(count))


def day_ahead_prices(day: date) -> PriceVersion:
    """ERCOT's day-ahead prices at LZ_HOUSTON for operating day `day`: 23, 24 or 25 hours.

    Raises InputError with the range that exists for a day without prices.
    """
    require_days(day, 1)
    return _price_year(day.year).version(day, known_at_s=day_ahead_posting_s(day))


def real_time_prices(path: Path, day: date, *, settlement_point: str) -> PriceVersion:
    """Prices of `day` from a user's price CSV (plain or .gz), known when the day is over.

    Raises InputError when the file or the day is not whole, StorageError when it cannot be read.
    """
    series = parse_price_csv(_read(path), what=path.name, settlement_point=settlement_point)
    return series.version(day, known_at_s=operating_day_bounds(day)[1])


def home_numbers() -> tuple[int, ...]:
    """1 to 17."""
    return tuple(range(1, _home_hours().shape[1] // 2 + 1))


def home_series(home: int) -> HomeSeries:
    """Home `home` over the price years and `HISTORY_DAYS` before them. Raises InputError for a
    number that is none of `home_numbers()`."""
    if home not in home_numbers():
        raise InputError(f"there is no home {home}; homes are 1 to {home_numbers()[-1]}")
    begin, end = available_days()
    start_s = operating_day_bounds(begin - timedelta(HISTORY_DAYS))[0]
    end_s = operating_day_bounds(end)[1]
    quarters = _quarters(_home_hours()[:, 2 * home - 2 : 2 * home])
    places = np.arange(start_s - _FIRST_HOUR_S, end_s - _FIRST_HOUR_S, SETTLEMENT_INTERVAL_S)
    laid = quarters[places // SETTLEMENT_INTERVAL_S % len(quarters)]
    return _home(f"home {home}", start_s, laid=laid)


def outdoor_mc(at_s: int) -> int:
    """How warm it is outdoors (m°C) at an instant, where the homes are: the hour of their year that
    is laid on it."""
    hours = _outdoor_hours()
    return int(hours[(at_s - _FIRST_HOUR_S) // HOUR_S % len(hours)])


def home_from_file(path: Path) -> tuple[HomeSeries, tuple[str, ...]]:
    """A home from a user's meter file (plain or .gz), and the problems of its rows.

    Import is taken as load and export as solar generation: their difference, which is all a meter
    knows, is right. Raises InputError when no row is good, when there is more than one meter or an
    interval is neither a quarter hour nor an hour; StorageError when it cannot be read.
    """
    meter = parse_meter_file([_read(path)], what=path.name)
    if len(meter.meters) != 1:
        raise InputError(f"{path.name} has {len(meter.meters)} meters; a home has one")
    (reads,) = meter.meters.values()
    return _laid_out(path.name, list(reads.rows(meter.source))), tuple(meter.problems.sentences)


def _laid_out(name: str, reads: list[MeterRead]) -> HomeSeries:
    start_s, end_s = reads[0].start_s, reads[-1].end_s
    laid = np.full(((end_s - start_s) // SETTLEMENT_INTERVAL_S, 2), _UNKNOWN, np.int64)
    for read in reads:
        for interval, *energies in read.quarters():
            laid[(interval.start_s - start_s) // SETTLEMENT_INTERVAL_S] = energies
    return _home(name, start_s, laid=laid)


def _home(name: str, start_s: int, *, laid: Energies) -> HomeSeries:
    columns = np.ascontiguousarray(laid.T)
    columns.flags.writeable = False
    return HomeSeries(name, start_s, columns[0], columns[1])


def _quarters(hours: Energies) -> Energies:
    """Rows of hours -> rows of quarter hours; the same parts as `meter.split_hour` for all at
    once: part j of four is (hour + 3 - j) // 4."""
    return ((hours[:, None, :] + np.arange(3, -1, -1)[:, None]) // 4).reshape(-1, hours.shape[1])


@lru_cache(maxsize=1)
def _home_hours() -> Energies:
    """8,760 rows; load and solar of home 1, of home 2, ... in Wh per hour."""
    lines = _bundled("homes_hourly.csv.gz").decode().splitlines()
    return np.loadtxt(lines, dtype=np.int64, delimiter=",", skiprows=1)[:, _LABELS:]


@lru_cache(maxsize=1)
def _outdoor_hours() -> Energies:
    """8,760 temperatures in m°C."""
    lines = _bundled("outdoor_hourly.csv.gz").decode().splitlines()
    return np.loadtxt(lines, dtype=np.int64, skiprows=1)


@lru_cache(maxsize=len(PRICE_YEARS))
def _price_year(year: int) -> PriceSeries:
    name = f"ercot_dam_lz_houston_{year}.csv.gz"
    return parse_ercot_dam(_bundled(name), what=name, settlement_point=SETTLEMENT_POINT)


def _bundled(name: str) -> bytes:
    return gzip.decompress((files("gridplus.demo") / "data" / name).read_bytes())


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise StorageError(f"{path} cannot be read: {error}") from None
