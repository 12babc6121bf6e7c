"""Instants and durations as OpenADR writes them, in whole seconds since 1970.

Source: RFC 3339, ISO 8601; OpenADR 3.1.0 User Guide, "Event and Interval Timing".
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gridplus.failures import InputError

FOREVER_S = 1 << 40
"""Past any event: what P9999Y ends at."""
MICRO = 1_000_000
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_NOW = re.compile(r"0001-01-01(T00:00:00(\.0+)?(Z|[+-]00:00)?)?", re.ASCII)
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,7})([DW]))?"
    r"(?:T(?:(\d{1,8})H)?(?:(\d{1,9})M)?(?:(\d{1,11})(?:\.0+)?S)?)?",
    re.ASCII,
)
_FOREVER_YEARS = 9_999


def is_date_time(text: str) -> bool:
    """Whether `text` is an instant of RFC 3339, or OpenADR's 'now'."""
    if _NOW.fullmatch(text):
        return True
    found = _INSTANT.fullmatch(text)
    if not found:
        return False
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 60:
        return False
    if found[10] and (int(found[10]) > 23 or int(found[11]) > 59):
        return False
    days = calendar.monthrange(year, month)[1] if year else 31
    return 1 <= day <= days


def parse_instant(text: str) -> int | None:
    """Seconds since 1970, fractions dropped; None for OpenADR's 'now' (0001-01-01).

    Raises InputError for anything else, and for a year before 1970 or a leap second's sixtieth.
    """
    if _NOW.fullmatch(text):
        return None
    found = _INSTANT.fullmatch(text)
    try:
        if not found or not is_date_time(text):
            raise ValueError
        offset = timedelta()
        if found[9]:
            offset = timedelta(hours=int(found[10]), minutes=int(found[11]))
            offset = -offset if found[9] == "-" else offset
        fields = [int(part) for part in found.groups()[:6]]
        moment = datetime(*fields, tzinfo=timezone(offset))  # type: ignore[arg-type, misc]
        second = int(moment.timestamp())
    except (ValueError, OverflowError):
        raise InputError(f"{text[:40]!r} is not an instant like 2026-01-31T18:00:00Z") from None
    if second < 0:
        raise InputError(f"{text[:40]!r} lies before 1970")
    return second


def format_stamp(micros: int) -> str:
    """Microseconds since 1970 -> '2026-01-31T18:00:00.000001Z'."""
    second, micro = divmod(micros, MICRO)
    moment = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{micro:06d}Z"


def parse_stamp(text: str) -> int:
    """Microseconds since 1970 of an instant; digits beyond are dropped. Raises InputError."""
    second = parse_instant(text)
    if second is None:
        raise InputError("0001-01-01 is no time of a change")
    found = _INSTANT.fullmatch(text)
    digits = (found[7] or ".0")[1:7] if found else "0"
    return second * MICRO + int(digits.ljust(6, "0"))


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months, then seconds. `forever` is P9999Y."""

    months: int
    seconds: int
    forever: bool = False

    def after(self, start_s: int) -> int:
        """The instant this much later than `start_s`, never beyond FOREVER_S."""
        if self.forever:
            return FOREVER_S
        moved_s = start_s
        if self.months:
            moment = datetime.fromtimestamp(start_s, UTC)
            whole = moment.year * 12 + moment.month - 1 + self.months
            year, month = whole // 12, whole % 12 + 1
            if year > 9_999:
                return FOREVER_S
            day = min(moment.day, calendar.monthrange(year, month)[1])
            moved_s = int(moment.replace(year=year, month=month, day=day).timestamp())
        return min(moved_s + self.seconds, FOREVER_S)


def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration of whole seconds, zero or more. Raises InputError for another."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise InputError(f"{text[:40]!r} is not a duration of whole seconds like PT1H")
    years, months, days, unit, hours, minutes, seconds = found.groups()
    day_s = 86_400 * (7 if unit == "W" else 1)
    total_s = int(days or 0) * day_s + int(hours or 0) * 3_600
    total_s += int(minutes or 0) * 60 + int(seconds or 0)
    forever = int(years or 0) >= _FOREVER_YEARS
    return Duration(int(years or 0) * 12 + int(months or 0), total_s, forever)


def format_duration(length_s: int) -> str:
    """3600 -> 'PT1H'; anything else in seconds."""
    hours, rest = divmod(length_s, 3_600)
    return f"PT{hours}H" if hours and not rest else f"PT{length_s}S"
