"""When an appliance may run: the starts from which it would be done within its window."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gridplus.planner.ahead import Ahead, State, instant_s
from gridplus.planner.devices import APPLIANCES, DAY_MIN, Appliance
from gridplus.planner.home import Home
from gridplus.units import share_by_largest_remainder

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an appliance: the intervals in which it may begin (none: it cannot any more), and
    what it takes in each interval from its beginning on."""

    appliance: Appliance
    starts: tuple[int, ...]
    takes_wh: tuple[int, ...]


def begun_wh(appliance: Appliance, *, length_s: int) -> int:
    """What it takes in the interval in which it begins."""
    return _takes_wh(appliance, length_s)[0]


def runs_of(home: Home, ahead: Ahead, *, state: State) -> tuple[Run, ...]:
    """A run for every window that opens in the horizon, or is open with the appliance waiting,
    unless there will be time enough for it after the horizon."""
    return tuple(
        run
        for appliance in home.appliances
        for run in _runs(appliance, ahead, is_waiting=appliance.name in state.waiting)
    )


def _runs(appliance: Appliance, ahead: Ahead, *, is_waiting: bool) -> Iterator[Run]:
    takes_wh, shut = _takes_wh(appliance, ahead.length_s), ahead.closed.get(APPLIANCES, frozenset())
    run_s = len(takes_wh) * ahead.length_s
    window_min = (appliance.until_min - appliance.from_min) % DAY_MIN or DAY_MIN
    zone = ZoneInfo(ahead.zone)
    day = datetime.fromtimestamp(ahead.start_s, zone).date() - timedelta(1)
    while (from_s := instant_s(day, appliance.from_min, zone=ahead.zone)) < ahead.end_s:
        until_s = instant_s(day, appliance.from_min + window_min, zone=ahead.zone)
        day += timedelta(1)
        due = is_waiting if from_s < ahead.start_s else True
        later = until_s - ahead.end_s >= run_s
        if due and not later and until_s > ahead.start_s:
            first = max(0, ahead.index_of(from_s))
            last_s = min(until_s, ahead.end_s) - run_s
            starts = range(first, ahead.index_of(last_s - ahead.length_s + 1) + 1)
            open_starts = (at for at in starts if shut.isdisjoint(range(at, at + len(takes_wh))))
            yield Run(appliance, tuple(open_starts), takes_wh)


def _takes_wh(appliance: Appliance, length_s: int) -> tuple[int, ...]:
    run_s = appliance.run_min * MINUTE_S
    parts = [min(length_s, run_s - at) for at in range(0, run_s, length_s)]
    return tuple(share_by_largest_remainder(appliance.energy_wh, parts))
