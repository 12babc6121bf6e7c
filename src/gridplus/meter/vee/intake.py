"""What a file adds to a meter's history: only what differs, estimates for its gaps, findings.

A value is compared with what the same source said last, not with an estimate or an edit: so the
same file twice adds nothing and leaves edits standing, and a corrected file adds a version where it
differs, which counts from then on. A value of an older revision than the one known adds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np

from gridplus.failures import InputError
from gridplus.meter.file import Problems, RegisterRead
from gridplus.meter.history import Batch, History, Versions
from gridplus.meter.metered import MeterRead, Quality, Source
from gridplus.meter.reads import Reads
from gridplus.meter.series import Mask
from gridplus.meter.vee.comparison import compare
from gridplus.meter.vee.estimation import Known, estimate
from gridplus.meter.vee.findings import Finding
from gridplus.meter.vee.validation import first_of, gaps, places_of, validate, within
from gridplus.units import DAY_S

REASON_LIMIT = 200
_HISTORY_S = 35 * DAY_S


@dataclass(frozen=True, slots=True)
class Arrival:
    """One meter's part of a file."""

    origin: str
    source: Source
    zone: ZoneInfo
    reads: Reads
    registers: Sequence[RegisterRead] = ()


@dataclass(slots=True)
class Intake:
    """What to add to the history, in this order, and how many reads were what."""

    batches: list[Batch] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    stale: int = 0
    estimated: int = 0


def take_in(arrival: Arrival, history: History, *, problems: Problems) -> Intake:
    """Compare with the history, validate, estimate. Reads that overlap known ones of another
    length or start are left out and added to `problems`."""
    intake = Intake()
    fresh = _fresh(arrival, history, intake=intake, problems=problems)
    if len(fresh):
        intake.batches.append(Batch(arrival.source, "", arrival.origin, fresh))
    after = history.after(intake.batches, known_at_s=0).newest()
    around = _around(after, arrival)
    first_s = int(arrival.reads.start_s[0])
    findings = list(validate(around, arrival.registers, from_s=first_s - DAY_S))
    agents = after.reads_of(Source.AGENT) if arrival.source is Source.TDSP else Reads.of(())
    estimates, left = estimate(gaps(around), Known(around, agents, arrival.zone))
    for rule, reads in estimates.items():
        intake.batches.append(Batch(arrival.source, rule, arrival.origin, reads))
        intake.estimated += len(reads)
    end_s = int(arrival.reads.start_s[-1]) + 1
    pair = [
        within(after.reads_of(s), start_s=first_s, end_s=end_s) for s in (Source.AGENT, Source.TDSP)
    ]
    findings += [*left, *compare(*pair, zone=arrival.zone)]
    intake.findings = first_of(findings)
    return intake


def edit(history: History, read: MeterRead, *, reason: str, editor: str) -> Batch:
    """A read as a person says it was, with the reason. It counts until its source says anew.

    Raises InputError when there is no such interval to edit, or no reason.
    """
    if not 3 <= len(reason.strip()) <= REASON_LIMIT:
        raise InputError(f"an edit needs a reason of 3 to {REASON_LIMIT} characters")
    known = history.newest().reads_of(read.source)
    start_s, length_s = np.array([read.start_s]), np.array([read.length_s])
    (place,) = places_of(known, start_s, lengths_s=length_s).tolist()
    if place < 0:
        raise InputError(
            f"the {read.source.name} has no read of {read.length_s} s there; import one first"
        )
    row = (read.start_s, read.length_s, read.import_wh, read.export_wh, Quality.EDITED, 0, 0)
    return Batch(read.source, reason.strip(), editor, Reads.of([row]))


def _fresh(arrival: Arrival, history: History, *, intake: Intake, problems: Problems) -> Reads:
    """The reads that say something new."""
    reads = arrival.reads
    known = history.newest(said=True).reads_of(arrival.source)
    at = places_of(known, reads.start_s, lengths_s=reads.length_s)
    there = at >= 0
    same, stale = np.zeros(len(reads), bool), np.zeros(len(reads), bool)
    old = known.taken(at[there])
    same[there] = (
        (old.import_wh == reads.import_wh[there])
        & (old.export_wh == reads.export_wh[there])
        & (old.quality == reads.quality[there])
    )
    stale[there] = (reads.revised_s[there] < old.revised_s) & (reads.revised_s[there] > 0)
    standing = history.newest().reads_of(arrival.source)
    twin = places_of(standing, reads.start_s, lengths_s=reads.length_s)
    crossing = _crosses(standing, reads) & (twin < 0)
    for line in reads.line[crossing].tolist():
        problems.add(line, "overlaps a known read of another start or length, and is not used")
    intake.unchanged = int(same.sum())
    intake.stale = int((stale & ~same).sum())
    intake.corrected = int((there & ~same & ~stale).sum())
    intake.new = int((~there & ~crossing).sum())
    return reads.taken(~same & ~stale & ~crossing)


def _crosses(known: Reads, reads: Reads) -> Mask:
    """Which of `reads` overlap any of `known`."""
    ends = np.append(0, known.start_s + known.length_s)
    before = np.searchsorted(known.start_s, reads.start_s + reads.length_s, side="left")
    crossing: Mask = ends[before] > reads.start_s
    return crossing


def _around(versions: Versions, arrival: Arrival) -> Reads:
    """The source's newest reads from some weeks before the arrival to the one after it."""
    reads = versions.reads_of(arrival.source)
    first_s, last_s = int(arrival.reads.start_s[0]), int(arrival.reads.start_s[-1])
    first = int(np.searchsorted(reads.start_s, first_s - _HISTORY_S))
    before = int(np.searchsorted(reads.start_s, first_s)) - 1
    end = int(np.searchsorted(reads.start_s, last_s, side="right")) + 1
    return reads.taken(np.arange(max(0, min(first, before)), min(end, len(reads))))
