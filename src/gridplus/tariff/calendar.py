"""Months, kinds of day and hours as a plan names them: '6-9', 'weekdays', '20-06', on the wall
clock of the plan's zone.

Holidays are a kind of day of their own: a period that is for weekdays or weekends does not hold on
them unless it says so.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import product

from gridplus.tariff.fields import Fields

NERC = "NERC"
"""The six holidays that the North American Electric Reliability Corporation counts as off-peak
days: New Year's Day, Memorial Day, Independence Day, Labor Day, Thanksgiving Day and Christmas Day;
one that falls on a Sunday is kept on the Monday. Source: https://www.nerc.com, Additional Off-peak
Days."""
_MAX_HOLIDAYS = 400
_RANGE = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")


class DayKind(StrEnum):
    WEEKDAYS = "weekdays"
    WEEKENDS = "weekends"
    HOLIDAYS = "holidays"


Cell = tuple[int, DayKind, int]
"""A month 1 to 12, a kind of day, an hour 0 to 23."""
CELLS = tuple(product(range(1, 13), DayKind, range(24)))


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days that a plan treats as holidays: the NERC six, or days it names."""

    nerc: bool
    days: frozenset[date]

    def kind_of(self, day: date) -> DayKind:
        if day in self.days or (self.nerc and day in _nerc_holidays(day.year)):
            return DayKind.HOLIDAYS
        return DayKind.WEEKENDS if day.weekday() >= 5 else DayKind.WEEKDAYS


def read_holidays(fields: Fields) -> Holidays:
    """Take 'holidays': absent, 'NERC', or a list of days. Raises InputError for anything else."""
    if not fields.has("holidays"):
        return Holidays(nerc=False, days=frozenset())
    if fields.peek("holidays") == NERC:
        fields.take("holidays")
        return Holidays(nerc=True, days=frozenset())
    texts = fields.texts("holidays", limit=_MAX_HOLIDAYS)
    try:
        days = [date.fromisoformat(text) for text in texts]
    except ValueError:
        fields.fail("holidays", f"must be {NERC!r} or a list of days like 2021-07-05")
    return Holidays(nerc=False, days=frozenset(days))


def read_cells(fields: Fields) -> frozenset[Cell]:
    """Take 'months', 'days' and 'hours'; each that is absent means all of them.

    `months` is '6-9' or '11-2' (round the year's end), both ends in; `hours` is '06-20' or '20-06'
    (round midnight), from the first on, up to but not including the last; `days` is a list of
    kinds of day. Raises InputError that names the field.
    """
    months = _round(fields, "months", lowest=1, count=12, closed=True)
    hours = _round(fields, "hours", lowest=0, count=24, closed=False)
    kinds = fields.texts("days", limit=3) if fields.has("days") else list(DayKind)
    for kind in kinds:
        if kind not in list(DayKind):
            fields.fail("days", f"holds {kind!r}; known are {', '.join(DayKind)}")
    return frozenset(product(months, (DayKind(kind) for kind in kinds), hours))


def describe(cells: frozenset[Cell]) -> str:
    """The first of `cells`, for people: 'month 1, weekdays, hour 20'."""
    month, kind, hour = min(cells, key=CELLS.index)
    return f"month {month}, {kind}, from {hour:02d}:00"


def _round(fields: Fields, key: str, *, lowest: int, count: int, closed: bool) -> list[int]:
    if not fields.has(key):
        return list(range(lowest, lowest + count))
    text = fields.text(key)
    found = _RANGE.fullmatch(text)
    first, last = (int(found[1]), int(found[2])) if found else (-1, -1)
    highest = lowest + count - 1
    if not (lowest <= first <= highest and lowest <= last <= highest + (not closed)):
        fields.fail(key, f"is {text!r}; write a range like '{6:02d}-{9:02d}'")
    span = (last - first) % count + closed
    return [(first - lowest + at) % count + lowest for at in range(span or count)]


@lru_cache(maxsize=64)
def _nerc_holidays(year: int) -> frozenset[date]:
    def nth_monday(month: int, nth: int) -> date:
        first = date(year, month, 1)
        return first + timedelta((-first.weekday()) % 7 + 7 * (nth - 1))

    def kept(day: date) -> date:
        return day + timedelta(1) if day.weekday() == 6 else day

    may = date(year, 5, 31)
    thanksgiving = date(year, 11, 1) + timedelta((3 - date(year, 11, 1).weekday()) % 7 + 21)
    return frozenset(
        {
            kept(date(year, 1, 1)),
            may - timedelta(may.weekday()),
            kept(date(year, 7, 4)),
            nth_monday(9, 1),
            thanksgiving,
            kept(date(year, 12, 25)),
        }
    )
