"""The two numbers a channel is about. They only grow, so merging two states is taking maxima."""

from dataclasses import dataclass

from gridplus.failures import invariant
from gridplus.units import U48_MAX


@dataclass(frozen=True, slots=True)
class Counters:
    """What a home has paid and been credited since its channel opened (µBOLT, each 0..2^48-1)."""

    spent_ubolt: int
    earned_ubolt: int

    def __post_init__(self) -> None:
        fits = 0 <= self.spent_ubolt <= U48_MAX and 0 <= self.earned_ubolt <= U48_MAX
        invariant(fits, "counters fit the 48 bits that the chain keeps of them")

    def merge(self, other: "Counters") -> "Counters":
        """Component-wise maximum: replays, duplicates and old backups change nothing (I-CH-3)."""
        return Counters(
            max(self.spent_ubolt, other.spent_ubolt), max(self.earned_ubolt, other.earned_ubolt)
        )

    def covers(self, other: "Counters") -> bool:
        """True when neither counter stands below the other's."""
        return self.spent_ubolt >= other.spent_ubolt and self.earned_ubolt >= other.earned_ubolt


NOTHING = Counters(0, 0)
