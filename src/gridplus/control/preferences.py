"""How an owner wants to live: the standing wishes that every plan of the home keeps to."""

from dataclasses import dataclass

from gridplus.planner import Band
from gridplus.planner.devices import DAY_MIN

ABOLT_PER_CENT = 10_000_000_000_000
"""1 ¢/kWh in aBOLT per Wh."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `from_min` to `until_min` of the wall clock (round midnight if that is not later; all
    day if they are equal) the `devices` take nothing."""

    from_min: int
    until_min: int
    devices: frozenset[str]

    def holds_at(self, minute: int) -> bool:
        span = (self.until_min - self.from_min) % DAY_MIN or DAY_MIN
        return (minute - self.from_min) % DAY_MIN < span


@dataclass(frozen=True, slots=True)
class Preferences:
    """What is None is not wished for.

    Above `most_abolt` (aBOLT per Wh) no device takes anything from the grid that the agent could
    put off. `comfort` stands for the bands of the home. The car holds `car_ready_wh` at
    `car_ready_min` of a stay. A paid request is joined from `least_reward_abolt` on. In a grid
    emergency a kWh that is not taken is worth `alert_abolt` per Wh more.
    """

    reserve_wh: int | None = None
    most_abolt: int | None = None
    comfort: tuple[Band, ...] = ()
    car_ready_min: int | None = None
    car_ready_wh: int | None = None
    quiet: tuple[Quiet, ...] = ()
    off_limits: frozenset[str] = frozenset()
    least_reward_abolt: int | None = None
    alert_abolt: int = 100 * ABOLT_PER_CENT

    def quiet_at(self, device: str, minute: int) -> bool:
        return any(device in each.devices and each.holds_at(minute) for each in self.quiet)
