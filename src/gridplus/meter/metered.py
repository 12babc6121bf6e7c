"""What a meter counted over a stretch of time as it is billed: its version, and since when.

Reads are never changed. A correction, an estimate, an edit is a new version; a *view* is what was
known at an instant: reads in order of time that do not overlap. Two views differ by `changes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from gridplus.failures import InputError
from gridplus.meter.read import SERVICE_LIMIT_W
from gridplus.meter.split import QUARTERS, split_hour
from gridplus.units import HOUR_S, SETTLEMENT_INTERVAL_S, Interval, format_utc, utc_from_s

FIRST_START_S = 946_684_800
"""2000-01-01T00:00Z: no interval meter of a home was read before."""
LAST_START_S = 4_102_444_800
"""2100-01-01T00:00Z"""
SHORTEST_S = 60
LONGEST_S = 25 * HOUR_S
"""The day on which the clocks go back."""


class Quality(IntEnum):
    """How sure a read is."""

    ACTUAL = 0
    ESTIMATED = 1
    EDITED = 2


class Source(IntEnum):
    """Who read the meter: the TDSP (settlement quality) or the Smart Agent (provisional)."""

    TDSP = 0
    AGENT = 1


class Direction(IntEnum):
    """Taken from the grid, or fed into it: each has a register of its own that never falls."""

    IMPORT = 0
    EXPORT = 1


@dataclass(frozen=True, slots=True)
class MeterRead:
    """Energy (Wh each way) of `length_s` seconds from `start_s` (UTC, seconds since 1970).

    `version` counts from 1 for each source and interval; `known_at_s` is when it became known.
    `rule` names the rule that estimated or the reason that edited it, and is empty for what the
    source itself said. Raises InputError for what no home's meter can have counted.
    """

    start_s: int
    length_s: int
    import_wh: int
    export_wh: int
    quality: Quality = Quality.ACTUAL
    source: Source = Source.TDSP
    version: int = 1
    known_at_s: int = 0
    rule: str = ""

    def __post_init__(self) -> None:
        refusal = impossible(
            self.start_s, self.length_s, energy_wh=(self.import_wh, self.export_wh)
        )
        if refusal is not None:
            raise InputError(refusal)

    @property
    def end_s(self) -> int:
        return self.start_s + self.length_s

    @property
    def interval(self) -> Interval:
        """Raises InputError for a stretch that is no interval, such as a local day."""
        return Interval(self.start_s, self.length_s)

    def quarters(self) -> "tuple[tuple[Interval, int, int], ...]":
        """(settlement interval, Wh imported, Wh exported) of a quarter hour or an hour, whose
        fourths differ by at most 1 Wh and sum to it. Raises InputError for any other length."""
        if self.length_s == SETTLEMENT_INTERVAL_S:
            return ((self.interval, self.import_wh, self.export_wh),)
        if self.length_s != HOUR_S:
            raise InputError(f"{self.interval} is neither a quarter hour nor an hour")
        parts = self.interval.split(QUARTERS)
        return tuple(
            zip(parts, split_hour(self.import_wh), split_hour(self.export_wh), strict=True)
        )


def impossible(start_s: int, length_s: int, *, energy_wh: tuple[int, int]) -> str | None:
    """Why no home's meter can have counted that, or None."""
    if not FIRST_START_S <= start_s < LAST_START_S:
        return "the start lies before the year 2000 or after 2099"
    if not SHORTEST_S <= length_s <= LONGEST_S:
        return f"an interval has {SHORTEST_S} s to 25 h, not {length_s} s"
    if min(energy_wh) < 0:
        return "energy is negative; import and export are registers of their own"
    limit_wh = SERVICE_LIMIT_W * length_s // HOUR_S
    if max(energy_wh) > limit_wh:
        return f"more than {limit_wh} Wh, the most a home can move in {length_s} s"
    return None


@dataclass(frozen=True, slots=True)
class Change:
    """One stretch in two views: None where a view has no such read."""

    before: MeterRead | None
    after: MeterRead | None

    @property
    def start_s(self) -> int:
        return self._either.start_s

    @property
    def length_s(self) -> int:
        return self._either.length_s

    @property
    def import_wh(self) -> int:
        """How much more was imported than was known before; may be negative."""
        return _import_wh(self.after) - _import_wh(self.before)

    @property
    def export_wh(self) -> int:
        """How much more was exported than was known before; may be negative."""
        return _export_wh(self.after) - _export_wh(self.before)

    @property
    def _either(self) -> MeterRead:
        read = self.after or self.before
        if read is None:
            raise InputError("a change has a read on one side at least")
        return read


def changes(before: Sequence[MeterRead], after: Sequence[MeterRead]) -> tuple[Change, ...]:
    """Where energy or quality differ between two views, in order of time.

    A read in a new version that says the same is no change. Where the lengths differ, the old
    stretches go and the new ones come: one Change each. `changes(v, v)` is empty, and the Wh of
    all changes are the difference of the views' sums.
    """
    old = {(read.start_s, read.length_s): read for read in before}
    new = {(read.start_s, read.length_s): read for read in after}
    return tuple(
        Change(old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if _said(old.get(key)) != _said(new.get(key))
    )


def format_stretch(start_s: int, length_s: int) -> str:
    """2022-03-01T06:00:00Z+900s"""
    return f"{format_utc(utc_from_s(start_s))}+{length_s}s"


def _said(read: MeterRead | None) -> tuple[int, int, Quality] | None:
    return None if read is None else (read.import_wh, read.export_wh, read.quality)


def _import_wh(read: MeterRead | None) -> int:
    return 0 if read is None else read.import_wh


def _export_wh(read: MeterRead | None) -> int:
    return 0 if read is None else read.export_wh
