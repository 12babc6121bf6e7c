"""An interval as a plan sees it: local day and hour, local month, the index price."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gridplus.failures import InputError, invariant
from gridplus.units import ABOLT_PER_PBOLT, ABOLT_PER_UBOLT, Interval

PBOLT_PER_UBOLT = ABOLT_PER_UBOLT // ABOLT_PER_PBOLT


@dataclass(frozen=True, slots=True)
class Moment:
    """`day` and `hour` are local wall clock; `month` counts local months from year 0; `index` is
    the index price within the plan's floor and cap (µBOLT/MWh), None for a plan without one."""

    interval: Interval
    zone: str
    day: date
    hour: int
    index: int | None

    @property
    def month(self) -> int:
        return self.day.year * 12 + self.day.month - 1

    @property
    def month_bounds_s(self) -> tuple[int, int]:
        """First and past-the-end second of the local month."""
        return _month_bounds(self.month, zone=self.zone)

    @property
    def ends_month(self) -> bool:
        return self.interval.end_s == self.month_bounds_s[1]

    def require_index(self) -> int:
        """The bounded index of a plan that has one."""
        invariant(self.index is not None, "a component that needs an index stands in such a plan")
        return self.index or 0

    def accrued_monthly(self, amount_ubolt: int) -> int:
        """The interval's part (pBOLT) of a monthly amount, by cumulative floor division.

        The parts differ by at most 1 pBOLT and sum exactly to the amount, in months with a clock
        change as in others. Raises InputError when the intervals do not divide the month.
        """
        start_s, end_s = self.month_bounds_s
        return self._accrued(amount_ubolt, (start_s, end_s), what="month")

    def accrued_daily(self, amount_ubolt: int) -> int:
        """The interval's part (pBOLT) of an amount per local day, as `accrued_monthly`."""
        return self._accrued(amount_ubolt, _day_bounds(self.day, zone=self.zone), what="day")

    def _accrued(self, amount_ubolt: int, bounds_s: tuple[int, int], *, what: str) -> int:
        start_s, end_s = bounds_s
        place, offset_s = divmod(self.interval.start_s - start_s, self.interval.length_s)
        count, rest_s = divmod(end_s - start_s, self.interval.length_s)
        if offset_s or rest_s:
            raise InputError(f"{self.interval} does not divide its local {what} in {self.zone}")
        amount_pbolt = amount_ubolt * PBOLT_PER_UBOLT
        return amount_pbolt * (place + 1) // count - amount_pbolt * place // count


def moment_of(interval: Interval, zone: str, *, index: int | None) -> Moment:
    day, hour = _local_clock(interval.start_s, zone=zone)
    return Moment(interval, zone, day, hour, index)


def local_day(zone: str, instant_s: int) -> date:
    return _local_clock(instant_s, zone=zone)[0]


@lru_cache(maxsize=1024)
def _local_clock(instant_s: int, *, zone: str) -> tuple[date, int]:
    local = datetime.fromtimestamp(instant_s, ZoneInfo(zone))
    return local.date(), local.hour


@lru_cache(maxsize=256)
def _month_bounds(month: int, *, zone: str) -> tuple[int, int]:
    first, following = (date(m // 12, m % 12 + 1, 1) for m in (month, month + 1))
    return _midnight_s(first, zone), _midnight_s(following, zone)


@lru_cache(maxsize=256)
def _day_bounds(day: date, *, zone: str) -> tuple[int, int]:
    return _midnight_s(day, zone), _midnight_s(day + timedelta(1), zone)


def _midnight_s(day: date, zone: str) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return int(midnight.astimezone(UTC).timestamp())
