"""Rows of one meter in one direction, made into reads: one order, one value an interval, whole Wh.

Of rows for one interval the latest revision counts. Rows of one revision that say the same count
once; rows that differ count for nothing, since nobody can tell which is right. Of two rows that
overlap, the one that starts later is left out.

Energy comes in µWh. Where a value is finer than 1 Wh, the remainder is carried from interval to
interval within the local day: a read is the rounded sum of the day up to its end minus the rounded
sum up to its start. A day's reads so sum to the day's energy to the nearest Wh, whatever the length
of its intervals, and a file that begins on another day rounds the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from gridplus.meter.days import day_openings
from gridplus.meter.file import Problems
from gridplus.meter.metered import (
    FIRST_START_S,
    LAST_START_S,
    LONGEST_S,
    SHORTEST_S,
    format_stretch,
    impossible,
)
from gridplus.meter.read import SERVICE_LIMIT_W
from gridplus.meter.reads import Column, Columns, Reads
from gridplus.units import HOUR_S

UWH_PER_WH = 1_000_000
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series(Columns):
    """Columns of one direction; `energy` is in µWh until `whole_wh`, then in Wh."""

    start_s: Column
    length_s: Column
    energy: Column
    quality: Column
    revised_s: Column
    line: Column


def ordered(series: Series, problems: Problems) -> Series:
    """In order of time, possible, one row an interval, none that overlaps; the others are named."""
    series = _possible(series, problems)
    series = series.taken(np.lexsort((series.line, series.revised_s, series.start_s)))
    if np.any(series.start_s[1:] == series.start_s[:-1]):
        series = _without_repeats(series, problems)
    if np.any(series.start_s[1:] < (series.start_s + series.length_s)[:-1]):
        series = _without_overlaps(series, problems)
    return series


def whole_wh(series: Series, zone: ZoneInfo) -> Series:
    """From µWh to Wh; the rule stands at the head of this file."""
    if not np.any(series.energy % UWH_PER_WH):
        rounded = series.energy // UWH_PER_WH
    else:
        day = day_openings(series.start_s, zone)
        after = np.cumsum(series.energy)
        before = after - series.energy
        opening = before[np.searchsorted(day, day, side="left")]
        rounded = _nearest_wh(after - opening) - _nearest_wh(before - opening)
    return Series(
        series.start_s, series.length_s, rounded, series.quality, series.revised_s, series.line
    )


def joined(imported: Series | None, exported: Series | None, *, problems: Problems) -> Reads:
    """Both directions of a meter, or the one it has. Where a meter has both, an interval that only
    one of them knows is left out and named: an absent export is not an export of nothing."""
    if imported is None or exported is None:
        known = imported or exported
        if known is None:
            return Reads.of(())
        nothing = np.zeros_like(known.energy)
        if imported:
            return _reads(known, import_wh=known.energy, export_wh=nothing)
        return _reads(known, import_wh=nothing, export_wh=known.energy)
    here, there = _twins(imported, exported)
    _report(
        imported, problems, bad=~here, reason=lambda _: "the export of this interval is missing"
    )
    _report(
        exported, problems, bad=~there, reason=lambda _: "the import of this interval is missing"
    )
    left, right = imported.taken(here), exported.taken(there)
    merged = Series(
        left.start_s,
        left.length_s,
        left.energy,
        np.maximum(left.quality, right.quality),
        np.maximum(left.revised_s, right.revised_s),
        left.line,
    )
    return _reads(merged, import_wh=left.energy, export_wh=right.energy)


def _reads(series: Series, *, import_wh: Column, export_wh: Column) -> Reads:
    head, tail = (series.start_s, series.length_s), (series.quality, series.revised_s, series.line)
    return Reads(*head, import_wh, export_wh, *tail)


def _twins(left: Series, right: Series) -> tuple[Mask, Mask]:
    """Which rows of each have a row of the same start and length in the other."""
    _, at_left, at_right = np.intersect1d(
        left.start_s, right.start_s, assume_unique=True, return_indices=True
    )
    same = left.length_s[at_left] == right.length_s[at_right]
    here, there = np.zeros(len(left), bool), np.zeros(len(right), bool)
    here[at_left[same]], there[at_right[same]] = True, True
    return here, there


def _possible(series: Series, problems: Problems) -> Series:
    length_s = np.clip(series.length_s, 0, LONGEST_S)
    good = (series.start_s >= FIRST_START_S) & (series.start_s < LAST_START_S)
    good &= (series.length_s >= SHORTEST_S) & (series.length_s <= LONGEST_S)
    good &= series.energy >= 0
    good &= series.energy <= length_s * SERVICE_LIMIT_W * UWH_PER_WH // HOUR_S

    def reason(place: int) -> str:
        wh = -(-int(series.energy[place]) // UWH_PER_WH)
        start_s, length_s = int(series.start_s[place]), int(series.length_s[place])
        return impossible(start_s, length_s, energy_wh=(wh, 0)) or "impossible"

    _report(series, problems, bad=~good, reason=reason)
    return series.taken(good)


def _without_repeats(series: Series, problems: Problems) -> Series:
    """One row an interval; rows are sorted by start, revision and line."""
    keep = np.ones(len(series), bool)
    edges = np.flatnonzero(np.diff(series.start_s)) + 1
    for first, end in pairwise([0, *edges.tolist(), len(series)]):
        if end - first == 1:
            continue
        newest = series.revised_s[first:end] == series.revised_s[end - 1]
        keep[first:end] = False
        places = first + np.flatnonzero(newest)
        said = {
            (int(series.energy[p]), int(series.length_s[p]), int(series.quality[p])) for p in places
        }
        if len(said) == 1:
            keep[places[0]] = True
            continue
        for place in places.tolist():
            other = next(int(series.line[p]) for p in places if p != place)
            when = format_stretch(int(series.start_s[place]), int(series.length_s[place]))
            problems.add(
                int(series.line[place]),
                f"line {other} says otherwise of {when} in the same revision; neither is used",
            )
    return series.taken(keep)


def _without_overlaps(series: Series, problems: Problems) -> Series:
    keep = np.ones(len(series), bool)
    last = 0
    starts, ends = series.start_s.tolist(), (series.start_s + series.length_s).tolist()
    for place in range(1, len(starts)):
        if starts[place] >= ends[last]:
            last = place
            continue
        keep[place] = False
        problems.add(
            int(series.line[place]),
            f"overlaps the interval of line {int(series.line[last])} and is not used",
        )
    return series.taken(keep)


def _report(series: Series, problems: Problems, *, bad: Mask, reason: Callable[[int], str]) -> None:
    for place in np.flatnonzero(bad).tolist():
        problems.add(int(series.line[place]), reason(place))


def _nearest_wh(energy_uwh: Column) -> Column:
    return (energy_uwh + UWH_PER_WH // 2) // UWH_PER_WH
