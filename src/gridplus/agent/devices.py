"""What a Smart Agent can reach in its home. A driver gives this, and nothing of the future."""

from typing import Protocol

from gridplus.meter import IntervalRead
from gridplus.planner import Energies, Rule


class HomeDevices(Protocol):
    """One meter and one battery behind it."""

    @property
    def stored_uwh(self) -> int:
        """What the battery holds now, in µWh."""

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        """Measured (load, solar) of [start_s, end_s), Wh per 15 minutes; both ends in the past."""

    def follow(self, rule: Rule) -> None:
        """What the battery shall do in the interval that begins now."""

    def read(self, start_s: int) -> IntervalRead:
        """The meter's read of the interval that began at `start_s` and is over."""
