"""What a Smart Agent can reach in its home. A driver gives this, and nothing of the future."""

from collections.abc import Mapping
from typing import Protocol

from gridplus.meter import IntervalRead
from gridplus.planner import Energies, Rule, State


class HomeDevices(Protocol):
    """One meter, and behind it a battery, or more. The last three are asked only of homes with more
    than a battery."""

    @property
    def stored_uwh(self) -> int:
        """What the battery holds now, in µWh."""

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        """Measured (load, solar) of [start_s, end_s), Wh per 15 minutes; both ends in the past. The
        load is without the devices that are planned: they tell what they take."""

    def follow(self, rule: Rule) -> None:
        """What the battery shall do in the interval that begins now."""

    def read(self, start_s: int) -> IntervalRead:
        """The meter's read of the interval that began at `start_s` and is over."""

    def standing(self, now_s: int, end_s: int) -> State:
        """How every device stands at `now_s`, and when the car will be there until `end_s`."""

    def outdoor_mc(self, start_s: int) -> int:
        """How warm it was (m°C) in the interval that began at `start_s`, which is over."""

    def run(self, wanted_wh: Mapping[str, int]) -> None:
        """What the other devices shall take in the interval that begins now; one that is not named
        is left alone. An appliance is named, by its own name, in the interval in which it shall
        begin: one that runs already, or that nobody has loaded, stays as it is."""
