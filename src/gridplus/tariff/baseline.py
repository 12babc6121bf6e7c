"""What a home would have used: baselines that anybody reckons again from the home's signed reads.

A method has a name that says all of it:

    10-of-10            the mean of the last ten days of the same kind
    high-4-of-5         of the last five, the mean of the four with the highest use
    middle-8-of-10      of the last ten, the mean of the eight between the highest and the lowest
    ... adjusted        the same, scaled by what this day was like before, by a fifth at most
    3-hours-before      the mean of the three hours that end one hour before

Days of one kind are weekdays, or weekends and NERC's holidays. A day counts when each of its
quarter hours that is looked at was billed, and none of it stands in a paid request; the last 45
days are looked at, and where fewer count, those that do. What scales is the use of the three hours
that end one hour before, on this day and on the days chosen. A quarter hour's baseline is rounded
up to whole Wh, in the home's favour.

Sources: California ISO tariff 4.13.4 (ten of ten, 45 days, three of the four hours before, 20 %);
PJM manual 11, 10.4 (high four of five; the same-day method's three hours before, skipping one);
ERCOT, Demand Response Baseline Methodologies (middle eight of ten).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.market import operating_day_bounds
from gridplus.tariff.calendar import DayKind, Holidays
from gridplus.tariff.moment import local_day
from gridplus.units import DAY_S, HOUR_S, PPM, SETTLEMENT_INTERVAL_S, mul_div_up

LOOK_BACK_DAYS = 45
MOST_ADJUSTED_PPM = 200_000
HOURS_BEFORE = "3-hours-before"
_BEFORE_S = (4 * HOUR_S, HOUR_S)
_OF_DAYS = re.compile(r"(?:(high|middle)-)?([1-9][0-9]?)-of-([1-9][0-9]?)( adjusted)?")
_MOST_DAYS = 20
_KEPT_S = (LOOK_BACK_DAYS + 2) * DAY_S
_HOLIDAYS = Holidays(nerc=True, days=frozenset())


@dataclass(frozen=True, slots=True)
class Past:
    """What a home was billed for the interval that begins at an instant: `import_wh` (None where
    there is no bill), and whether it stood in a paid request."""

    import_wh: Callable[[int], int | None]
    is_called: Callable[[int], bool]


@dataclass
class UsedLately:
    """The past of one home, kept as its bills come in, in order; what no baseline looks back to is
    forgotten."""

    _import_wh: dict[int, int] = field(default_factory=dict)
    _called: set[int] = field(default_factory=set)

    def bill(self, start_s: int, import_wh: int, *, is_called: bool) -> None:
        """The interval that begins at `start_s` was billed."""
        self._import_wh[start_s] = import_wh
        if is_called:
            self._called.add(start_s)
        oldest_s = start_s - _KEPT_S
        while (first := next(iter(self._import_wh))) < oldest_s:
            del self._import_wh[first]
            self._called.discard(first)

    @property
    def past(self) -> Past:
        return Past(self._import_wh.get, self._called.__contains__)


class Baseline(NamedTuple):
    """Wh of each quarter hour of a request, and the starts of the reads that led to it."""

    wh: tuple[int, ...]
    rests_on: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """The mean of `count` of the last `days` days of the same kind; no days: of the hours before.
    `parse` makes one."""

    name: str
    pick: str
    count: int
    days: int
    is_adjusted: bool

    @classmethod
    def parse(cls, name: str) -> "Method":
        """Raises InputError for a name that says nothing here."""
        if name == HOURS_BEFORE:
            return cls(name, "", 0, 0, is_adjusted=False)
        found = _OF_DAYS.fullmatch(name)
        count, days = (int(found[2]), int(found[3])) if found else (0, 0)
        if found is None or count > days or days > _MOST_DAYS or (count < days) != bool(found[1]):
            raise InputError(
                f"{name!r} is no baseline; write one like '10-of-10', 'high-4-of-5', "
                f"'middle-8-of-10' (with ' adjusted' after it) or '{HOURS_BEFORE}'"
            )
        return cls(name, found[1] or "", count, days, is_adjusted=found[4] is not None)

    def reckon(self, start_s: int, end_s: int, *, past: Past, zone: str) -> Baseline | None:
        """The baseline of [start_s, end_s), whole quarter hours; None when no day counts, or an
        hour before was not billed."""
        asked = range(start_s, end_s, SETTLEMENT_INTERVAL_S)
        before = range(start_s - _BEFORE_S[0], start_s - _BEFORE_S[1], SETTLEMENT_INTERVAL_S)
        today_wh = _billed(before, past)
        if not self.days:
            if today_wh is None:
                return None
            each = mul_div_up(sum(today_wh), 1, divisor=len(today_wh))
            return Baseline((each,) * len(asked), tuple(before))
        looked_at = (*before, *asked) if self.is_adjusted else tuple(asked)
        found = list(_days_like(looked_at, past, zone=zone, most=self.days))
        if not found or (self.is_adjusted and today_wh is None):
            return None
        chosen = self._chosen(found, len(asked))
        sums = [sum(day.wh[k] for day in chosen) for k in range(-len(asked), 0)]
        up, down = 1, len(chosen)
        if self.is_adjusted and today_wh is not None:
            then_wh = sum(sum(day.wh[: len(before)]) for day in chosen)
            ratio = _ratio_ppm(sum(today_wh) * len(chosen), then_wh)
            up, down = ratio, len(chosen) * PPM
        rests_on = sorted(at for day in found for at in day.starts)
        return Baseline(
            tuple(mul_div_up(total, up, divisor=down) for total in sums),
            (*rests_on, *(before if self.is_adjusted else ())),
        )

    def _chosen(self, found: Sequence["_Day"], asked: int) -> Sequence["_Day"]:
        """Those with the highest use in the hours asked, or between; of equals the later one."""
        count = min(self.count, len(found))
        ranked = sorted(found, key=lambda day: -sum(day.wh[-asked:]))
        first = (len(found) - count) // 2 if self.pick == "middle" else 0
        return ranked[first : first + count]


class _Day(NamedTuple):
    starts: tuple[int, ...]
    wh: tuple[int, ...]


def _days_like(looked_at: Sequence[int], past: Past, *, zone: str, most: int) -> Iterator[_Day]:
    """The newest days of the same kind that count, each with its use at the same times."""
    of, found = local_day(zone, looked_at[-1]), 0
    for back in range(1, LOOK_BACK_DAYS + 1):
        day = of - timedelta(back)
        if found == most:
            return
        if _is_workday(day) != _is_workday(of) or _was_called(day, past, zone=zone):
            continue
        starts = [_at_same_time(start_s, back=back, zone=ZoneInfo(zone)) for start_s in looked_at]
        wh = _billed(starts, past)
        if wh is not None:
            found += 1
            yield _Day(tuple(at for at in starts if at is not None), wh)


def _was_called(day: date, past: Past, *, zone: str) -> bool:
    start_s, end_s = operating_day_bounds(day, zone)
    return any(past.is_called(at) for at in range(start_s, end_s, SETTLEMENT_INTERVAL_S))


def _billed(starts: Sequence[int | None], past: Past) -> tuple[int, ...] | None:
    """The use of all of them, or None where one is not there."""
    found = []
    for start_s in starts:
        wh = None if start_s is None else past.import_wh(start_s)
        if wh is None:
            return None
        found.append(wh)
    return tuple(found)


def _ratio_ppm(today_wh: int, then_wh: int) -> int:
    low, high = PPM - MOST_ADJUSTED_PPM, PPM + MOST_ADJUSTED_PPM
    if then_wh == 0:
        return high if today_wh else PPM
    return min(max(mul_div_up(today_wh, PPM, divisor=then_wh), low), high)


def _is_workday(day: date) -> bool:
    return _HOLIDAYS.kind_of(day) is DayKind.WEEKDAYS


def _at_same_time(start_s: int, *, back: int, zone: ZoneInfo) -> int | None:
    """When the clock on the wall showed the same, so many days before; None if it never did."""
    local = datetime.fromtimestamp(start_s, zone).replace(fold=0) - timedelta(back)
    found = int(local.timestamp())
    there = datetime.fromtimestamp(found, zone)
    return found if there.replace(fold=0) == local else None
