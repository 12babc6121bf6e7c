"""ESPI's LocalTimeParameters: an offset from UTC and when the clocks change, in 32 bits.

From the high bits: month (4), operator (3), day of the month (5), day of the week (3; Monday is 1),
hour (5), second of the hour (12). Operators 2 to 6 are the first to the fifth such weekday of the
month, 7 is the last. FFFFFFFF: the clocks do not change. (NAESB ESPI 4.0, DstRuleType.)
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.meter.gather import parse_zone
from gridplus.units import HOUR_S

NO_CHANGE = 0xFFFFFFFF
_LAST = 7
_KNOWN = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "America/Anchorage", "America/Halifax", "America/St_Johns", "America/Phoenix",
    "Pacific/Honolulu", "America/Regina", "America/Puerto_Rico", "Europe/London", "Europe/Berlin",
    "Europe/Athens", "Australia/Sydney", "Australia/Adelaide", "Australia/Brisbane",
    "Pacific/Auckland", "UTC",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Seconds ahead of UTC, seconds that the clocks go forward, and the rules of both changes."""

    offset_s: int
    dst_offset_s: int = 0
    dst_start: int = NO_CHANGE
    dst_end: int = NO_CHANGE


@lru_cache(maxsize=256)
def local_time_of(zone: ZoneInfo, year: int) -> LocalTime:
    """How ESPI says the rules of `zone` in `year`; without a change where it has not two."""
    changes = _changes(zone, year)
    january = _offset_s(zone, datetime(year, 1, 1, tzinfo=UTC))
    if len(changes) != 2:
        return LocalTime(january)
    forward = max(changes, key=lambda at: _offset_s(zone, at))
    back = min(changes, key=lambda at: _offset_s(zone, at))
    standard_s = _offset_s(zone, back)
    dst_s = _offset_s(zone, forward) - standard_s
    start = _rule(forward + timedelta(seconds=standard_s))
    end = _rule(back + timedelta(seconds=standard_s + dst_s))
    return LocalTime(standard_s, dst_s, start, end)


def zone_of(said: LocalTime, year: int) -> ZoneInfo:
    """The zone with these rules; where none is known, one that stays at the standard offset.

    Raises InputError for an offset that is no zone's.
    """
    for name in _KNOWN:
        zone = parse_zone(name)
        if local_time_of(zone, year) == said:
            return zone
    hours, rest = divmod(said.offset_s, HOUR_S)
    if rest or abs(hours) > 14:
        raise InputError(f"no zone is {said.offset_s} s ahead of UTC with such rules; name it")
    return parse_zone(f"Etc/GMT{-hours:+d}")


def _changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """UTC instants of a year at which the offset changes, to the half hour."""
    found, step = [], timedelta(days=1)
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        if _offset_s(zone, day) != _offset_s(zone, day + step):
            halves = (day + timedelta(minutes=30 * half) for half in range(1, 49))
            found.append(next(at for at in halves if _offset_s(zone, at) != _offset_s(zone, day)))
        day += step
    return found


def _rule(wall: datetime) -> int:
    """The weekday of the month, by count from its begin, or its last when that is the fourth or
    fifth: the tables of all known zones say either."""
    last = (wall + timedelta(7)).month != wall.month
    operator = _LAST if last else 2 + (wall.day - 1) // 7
    second = wall.minute * 60 + wall.second
    return wall.month << 28 | operator << 25 | wall.isoweekday() << 17 | wall.hour << 12 | second


def _offset_s(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
