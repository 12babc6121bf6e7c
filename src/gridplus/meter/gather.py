"""A meter file while it is read: rows by meter and direction, registers, problems, notes."""

import re
from array import array
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.meter.file import MeterFile, Problems, RegisterRead
from gridplus.meter.metered import Direction, Source
from gridplus.meter.reads import Reads
from gridplus.meter.series import UWH_PER_WH, Series, joined, ordered, whole_wh

METER_LIMIT = 100_000
UWH_PER = {"Wh": UWH_PER_WH, "kWh": 1_000 * UWH_PER_WH, "MWh": 1_000_000 * UWH_PER_WH}
"""µWh in one of each unit of energy."""
Rows: TypeAlias = "array[int]"
"""Six numbers a row: start_s, length_s, energy in µWh, quality, revised_s, line."""
_DECIMAL = re.compile(r"-?(\d{1,15}(\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_METER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}", re.ASCII)
_BEYOND_UWH = 10**18


@dataclass(slots=True)
class Gathered:
    """Fill `rows` of each meter, `registers` and `problems`; then `finish`."""

    what: str
    problems: Problems = field(init=False)
    channels: dict[tuple[str, Direction], Rows] = field(default_factory=dict)
    registers: dict[str, list[RegisterRead]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems = Problems(self.what)

    def rows(self, meter: str, direction: Direction) -> Rows:
        """Where to put the rows of that meter, in file order. Raises InputError for a name that is
        none, and beyond `METER_LIMIT` meters."""
        found = self.channels.get((meter, direction))
        if found is None:
            require_meter(meter)
            if len(self.channels) >= METER_LIMIT:
                raise InputError(f"{self.what} has more than {METER_LIMIT} meters; split it")
            found = self.channels[meter, direction] = array("q")
        return found

    def note(self, count: int, sentence: str) -> None:
        """'`count` `sentence`', when there is any."""
        if count:
            self.notes.append(f"{self.what}: {count:,} {sentence}")

    def finish(self, format_name: str, *, source: Source, zone: ZoneInfo) -> MeterFile:
        """The reads of each meter, in order of time and in whole Wh.

        Raises InputError when there is neither a good read nor a register.
        """
        meters = {}
        for meter in sorted({name for name, _ in self.channels}):
            reads = self._reads(meter, zone)
            if len(reads):
                meters[meter] = reads
        if not meters and not self.registers:
            why = f"; {self.problems.sentences[0]}" if self.problems.sentences else ""
            raise InputError(f"{self.what} has no good row{why}")
        registers = {
            meter: tuple(sorted(found, key=lambda register: register.at_s))
            for meter, found in self.registers.items()
        }
        return MeterFile(
            self.what,
            format_name,
            source,
            zone,
            meters,
            registers,
            self.problems,
            tuple(self.notes),
        )

    def _reads(self, meter: str, zone: ZoneInfo) -> Reads:
        sides: list[Series | None] = []
        for direction in Direction:
            rows = self.channels.get((meter, direction))
            if rows is None:
                sides.append(None)
                continue
            given = Series.of(rows)
            series = ordered(given, self.problems)
            self.note(
                len(given) - len(series),
                f"rows of {meter} are not used: see its problems, "
                "or a row of a later revision or the same row stands elsewhere",
            )
            fine = int((series.energy % UWH_PER_WH != 0).sum())
            self.note(
                fine,
                f"values of {meter} are finer than 1 Wh; what is below is carried within the day",
            )
            sides.append(whole_wh(series, zone) if len(series) else series)
        return joined(*sides, problems=self.problems)


def require_meter(meter: str) -> str:
    """Raises InputError unless `meter` can name a meter: 1 to 64 letters, digits and . _ : -"""
    if not _METER.fullmatch(meter):
        raise InputError(f"{meter[:80]!r} is no name of a meter: letters, digits and . _ : -")
    return meter


@lru_cache(maxsize=1 << 16)
def parse_uwh(text: str, uwh_per_unit: int) -> int:
    """'.138', µWh in one kWh -> 138_000_000. Finer than 1 µWh is rounded to the nearest.

    Raises InputError for nothing, for what is no decimal number (1e3, NaN), and beyond any meter.
    A negative number is returned as such: it is for the caller to know what it means.
    """
    if not text:
        raise InputError("there is no value")
    if not _DECIMAL.fullmatch(text):
        raise InputError(f"{text[:40]!r} is not an amount of energy, a decimal number")
    energy = (Decimal(text) * uwh_per_unit).to_integral_value(ROUND_HALF_UP)
    if abs(energy) > _BEYOND_UWH:
        raise InputError(f"{text[:40]} is more than any home's meter can count")
    return int(energy)


@lru_cache(maxsize=64)
def parse_zone(name: str) -> ZoneInfo:
    """'America/Chicago' -> its rules. Raises InputError for a zone nobody knows."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InputError(
            f"{name[:80]!r} is no time zone; write one like America/Chicago or UTC"
        ) from None
