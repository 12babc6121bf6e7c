"""Validation: what is odd about a meter's reads, by named checks over columns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from gridplus.meter.file import RegisterRead
from gridplus.meter.metered import Direction
from gridplus.meter.reads import Column, Reads
from gridplus.meter.vee.findings import Check, Finding
from gridplus.units import DAY_S, HOUR_S

ZERO_RUN_S = DAY_S
SPIKE_TIMES = 3
SPIKE_DAYS, SPIKE_DAYS_AT_LEAST = 28, 7
SPIKE_FLOOR_W = 10_000
"""A home that first charges a car is no spike."""
FINDINGS_KEPT = 1_000
REGISTER_TOLERANCE_WH = 2
"""Two register reads are each cut to whole Wh."""


def gaps(reads: Reads) -> list[tuple[int, int]]:
    """(first second, end) of the stretches between reads that no read covers."""
    ends = (reads.start_s + reads.length_s)[:-1]
    places = np.flatnonzero(reads.start_s[1:] > ends)
    return list(zip(ends[places].tolist(), reads.start_s[1:][places].tolist(), strict=True))


def zero_runs(reads: Reads) -> Iterator[Finding]:
    """Runs of a day or longer in which the meter counts nothing either way."""
    zero = (reads.import_wh == 0) & (reads.export_wh == 0)
    padded = np.concatenate(([False], zero, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded))
    for first, end in edges.reshape(-1, 2).tolist():
        start_s = int(reads.start_s[first])
        length_s = int(reads.start_s[end - 1] + reads.length_s[end - 1]) - start_s
        if length_s >= ZERO_RUN_S:
            yield Finding(Check.ZERO_RUN, start_s, length_s, f"{end - first} reads")


def spikes(reads: Reads) -> Iterator[Finding]:
    """Days (UTC) with a power beyond `SPIKE_TIMES` the greatest of the four weeks before them."""
    if not len(reads):
        return
    power_w = np.maximum(reads.import_wh, reads.export_wh) * HOUR_S // reads.length_s
    day = reads.start_s // DAY_S
    opens = np.concatenate(([0], np.flatnonzero(np.diff(day)) + 1))
    days, greatest_w = day[opens].tolist(), np.maximum.reduceat(power_w, opens).tolist()
    known: list[tuple[int, int]] = []
    for place, (today, today_w) in enumerate(zip(days, greatest_w, strict=True)):
        known = [(d, w) for d, w in known if d >= today - SPIKE_DAYS]
        before_w = max((w for _, w in known), default=0)
        limit_w = max(SPIKE_TIMES * before_w, SPIKE_FLOOR_W)
        if len(known) >= SPIKE_DAYS_AT_LEAST and today_w > limit_w:
            end = opens[place + 1] if place + 1 < len(opens) else len(reads)
            at = int(opens[place] + np.argmax(power_w[opens[place] : end]))
            where = int(reads.start_s[at]), int(reads.length_s[at])
            yield Finding(Check.SPIKE, *where, f"{today_w} W after {before_w} W")
        known.append((today, today_w))


def register_mismatches(reads: Reads, registers: Sequence[RegisterRead]) -> Iterator[Finding]:
    """Between two register reads that reads cover without a gap, sums that differ."""
    for direction in Direction:
        energy_wh = reads.import_wh if direction is Direction.IMPORT else reads.export_wh
        counted = np.concatenate(([0], np.cumsum(energy_wh)))
        covered = np.concatenate(([0], np.cumsum(reads.length_s)))
        stands = [register for register in registers if register.direction is direction]
        for before, after in pairwise(stands):
            first, end = np.searchsorted(reads.start_s, (before.at_s, after.at_s)).tolist()
            length_s = after.at_s - before.at_s
            if first == end or int(covered[end] - covered[first]) != length_s:
                continue
            moved_wh = after.energy_wh - before.energy_wh
            read_wh = int(counted[end] - counted[first])
            if abs(moved_wh - read_wh) > REGISTER_TOLERANCE_WH:
                detail = f"{direction.name.lower()}: register {moved_wh} Wh, reads {read_wh} Wh"
                yield Finding(Check.REGISTER_MISMATCH, before.at_s, length_s, detail)


def validate(
    reads: Reads, registers: Sequence[RegisterRead] = (), *, from_s: int = 0
) -> tuple[Finding, ...]:
    """Everything odd about `reads` that begins at `from_s` or later."""
    found = [Finding(Check.GAP, a, b - a, f"{(b - a) // 60} min") for a, b in gaps(reads)]
    found += [*zero_runs(reads), *spikes(reads), *register_mismatches(reads, registers)]
    return first_of([finding for finding in found if finding.start_s >= from_s])


def first_of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The first `FINDINGS_KEPT` of each check; the last of those says how many more there are."""
    kept: list[Finding] = []
    for check in Check:
        mine = [finding for finding in findings if finding.check is check]
        kept += mine[:FINDINGS_KEPT]
        if len(mine) > FINDINGS_KEPT:
            more = f"{kept[-1].detail}, and {len(mine) - FINDINGS_KEPT} more like it"
            kept[-1] = replace(kept[-1], detail=more)
    return tuple(kept)


def within(reads: Reads, *, start_s: int, end_s: int) -> Reads:
    """The reads that begin in [start_s, end_s)."""
    first, end = np.searchsorted(reads.start_s, (start_s, end_s)).tolist()
    return reads.taken(np.arange(first, end))


def places_of(reads: Reads, starts_s: Column, *, lengths_s: Column) -> Column:
    """Where each (start, length) stands in `reads`; -1 where it does not."""
    if not len(reads):
        return np.full(len(starts_s), -1, np.int64)
    at = np.minimum(np.searchsorted(reads.start_s, starts_s), len(reads) - 1)
    same = (reads.start_s[at] == starts_s) & (reads.length_s[at] == lengths_s)
    return np.where(same, at, -1)
