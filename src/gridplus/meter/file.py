"""A meter file once it is parsed: reads by meter, registers, problems of its rows, and notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from gridplus.meter.metered import Direction, Source
from gridplus.meter.reads import Reads

PROBLEMS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class RegisterRead:
    """Where a register of a meter stood (Wh) at an instant."""

    at_s: int
    direction: Direction
    energy_wh: int


@dataclass(slots=True)
class Problems:
    """Why rows are left out: 'file, line N: reason', the first thousand of `count`."""

    what: str
    count: int = 0
    sentences: list[str] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """`line` 0 is the file as a whole."""
        self.count += 1
        if self.count <= PROBLEMS_KEPT:
            place = f"{self.what}, line {line}" if line else self.what
            self.sentences.append(f"{place}: {reason}")


@dataclass(frozen=True, slots=True)
class MeterFile:
    """What one file says. `notes` are sentences on what was passed over by rule, not by fault."""

    what: str
    format: str
    source: Source
    zone: ZoneInfo
    meters: Mapping[str, Reads]
    registers: Mapping[str, tuple[RegisterRead, ...]]
    problems: Problems
    notes: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many reads there are."""
        return sum(map(len, self.meters.values()))
