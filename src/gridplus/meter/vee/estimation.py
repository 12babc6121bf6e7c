"""Estimation: what probably flowed while no read came, by rules with names.

| rule | for | estimate |
|---|---|---|
| AGENTS_READ | where the Smart Agent read the interval | the agent's read |
| STRAIGHT_LINE | gaps up to 2 hours | from the read before to the read after |
| SAME_WEEKDAY_AVERAGE | gaps up to 14 days | mean of 4 weeks before: weekday and local time |
| SAME_TIME_AVERAGE | the same, where no weekday is known | mean of 7 days before: local time |

Averages are taken over the actual reads among those. What is estimated is a version like any other,
and goes when the source says better. Beyond 14 days, or without a past, nothing is estimated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np

from gridplus.meter.metered import Quality
from gridplus.meter.reads import Column, Reads
from gridplus.meter.vee.findings import Check, Finding
from gridplus.meter.vee.validation import places_of
from gridplus.units import DAY_S, HOUR_S

SHORT_S = 2 * HOUR_S
LONG_S = 14 * DAY_S
ESTIMATES_LIMIT = 20_000
"""Of one meter and file: seven months of quarter hours. A meter with more holes needs a person."""
_WEEKS = tuple(timedelta(weeks=week) for week in range(1, 5))
_DAYS = tuple(timedelta(days=day) for day in range(1, 8))


class Rule(StrEnum):
    """How an estimate was made."""

    AGENTS_READ = "AGENTS_READ"
    STRAIGHT_LINE = "STRAIGHT_LINE"
    SAME_WEEKDAY_AVERAGE = "SAME_WEEKDAY_AVERAGE"
    SAME_TIME_AVERAGE = "SAME_TIME_AVERAGE"


@dataclass(frozen=True, slots=True)
class Known:
    """What an estimate may rest on: the meter's reads so far, the agent's own, and the zone."""

    reads: Reads
    agents: Reads
    zone: ZoneInfo


_Row = tuple[int, int, int, int, int, int, int]


def estimate(
    gaps: Sequence[tuple[int, int]], known: Known
) -> tuple[dict[Rule, Reads], tuple[Finding, ...]]:
    """Estimates of each rule for gaps between `known.reads`, and the stretches left without one.

    An estimate has the length of the read before its gap and quality ESTIMATED.
    """
    rows: dict[Rule, list[_Row]] = {rule: [] for rule in Rule}
    findings = []
    for start_s, end_s in gaps:
        before = int(np.searchsorted(known.reads.start_s, start_s)) - 1
        length_s = int(known.reads.length_s[before])
        missing = []
        wanted = (end_s - start_s) // length_s
        room = ESTIMATES_LIMIT - sum(map(len, rows.values()))
        if end_s - start_s > LONG_S or (end_s - start_s) % length_s or wanted > room:
            missing = [(start_s, end_s - start_s)]
        else:
            slots = range(start_s, end_s, length_s)
            for start, found in zip(slots, _fill(slots, before, known=known), strict=True):
                if found is None:
                    missing.append((start, length_s))
                else:
                    rule, import_wh, export_wh = found
                    rows[rule].append(
                        (start, length_s, import_wh, export_wh, Quality.ESTIMATED, 0, 0)
                    )
        findings += [
            Finding(Check.NOT_ESTIMATED, start, length, f"{length // 60} min")
            for start, length in missing
        ]
    return {rule: Reads.of(found) for rule, found in rows.items() if found}, tuple(findings)


_Found = tuple[Rule, int, int] | None


def _fill(slots: range, before: int, *, known: Known) -> Iterator[_Found]:
    """For each slot of a gap behind the read at place `before`: rule, Wh imported, Wh exported."""
    reads = known.reads
    count = len(slots)
    lengths_s = np.full(count, slots.step, np.int64)
    agents = places_of(known.agents, np.array(slots, np.int64), lengths_s=lengths_s)
    line = count * slots.step <= SHORT_S and int(reads.length_s[before + 1]) == slots.step
    for step, (start_s, agent) in enumerate(zip(slots, agents.tolist(), strict=True), 1):
        if agent >= 0:
            at = known.agents
            yield Rule.AGENTS_READ, int(at.import_wh[agent]), int(at.export_wh[agent])
        elif line:
            yield (
                Rule.STRAIGHT_LINE,
                _between(reads.import_wh, before, part=(step, count + 1)),
                _between(reads.export_wh, before, part=(step, count + 1)),
            )
        else:
            yield _average(start_s, slots.step, known=known)


def _between(energy_wh: Column, before: int, *, part: tuple[int, int]) -> int:
    """The value at `part` of the way from the read at `before` to the next, to the nearest Wh."""
    step, steps = part
    low, high = int(energy_wh[before]), int(energy_wh[before + 1])
    return (low * (steps - step) + high * step + steps // 2) // steps


def _average(start_s: int, length_s: int, *, known: Known) -> _Found:
    wall = datetime.fromtimestamp(start_s, known.zone).replace(tzinfo=None)
    for rule, steps in ((Rule.SAME_WEEKDAY_AVERAGE, _WEEKS), (Rule.SAME_TIME_AVERAGE, _DAYS)):
        walls = [(wall - step).replace(tzinfo=known.zone) for step in steps]
        starts_s = np.array([int(moment.timestamp()) for moment in walls], np.int64)
        lengths_s = np.full(len(walls), length_s, np.int64)
        at = places_of(known.reads, starts_s, lengths_s=lengths_s)
        at = at[at >= 0]
        at = at[known.reads.quality[at] == Quality.ACTUAL]
        if len(at):
            half = len(at) // 2
            import_wh = (int(known.reads.import_wh[at].sum()) + half) // len(at)
            export_wh = (int(known.reads.export_wh[at].sum()) + half) // len(at)
            return rule, import_wh, export_wh
    return None
