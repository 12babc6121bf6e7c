"""What validation finds. A finding excludes nothing: it is for a person, or for a rule, to act."""

from dataclasses import dataclass
from enum import Enum

from gridplus.meter.metered import format_stretch


class Check(Enum):
    """Checks in the order in which they are made; the value is for people."""

    GAP = "no read"
    NOT_ESTIMATED = "no rule gives an estimate; a person decides"
    ZERO_RUN = "nothing either way for a day or longer"
    SPIKE = "more than three times the greatest power of the four weeks before"
    REGISTER_MISMATCH = "the reads do not sum to what the register moved"
    DISPUTE = "agent and TDSP differ beyond tolerance"
    TAMPER = "the agent counts less than the TDSP, by more than a twentieth and most of the day"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that fails over [start_s, start_s + length_s), with its numbers in `detail`."""

    check: Check
    start_s: int
    length_s: int
    detail: str

    def sentence(self, meter: str) -> str:
        stretch = format_stretch(self.start_s, self.length_s)
        return f"{meter}, {stretch}: {self.check.name}: {self.check.value} ({self.detail})"
