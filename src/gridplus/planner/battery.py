"""A home battery as exact integers: what its meter counts in Wh, it holds in µWh.

One Wh charged at `charge_ppm` adds exactly `charge_ppm` µWh; one Wh discharged takes
1e12 / `discharge_ppm` µWh, rounded up. No rounding ever gives the battery energy.
"""

from dataclasses import dataclass

from gridplus.failures import InputError, invariant
from gridplus.units import ABOLT_PER_PBOLT, HOUR_S, PPM

UWH_PER_WH = 1_000_000
MAX_CAPACITY_WH = 1_000_000_000
MAX_WEAR_UBOLT_PER_MWH = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Battery:
    """A battery behind the meter; energies and power are counted on the alternating-current side.

    `reserve_wh` is kept for an outage: a plan never discharges below it. `wear_ubolt_per_mwh` is
    what the owner wants for each MWh discharged. Raises InputError for values that cannot be.
    """

    capacity_wh: int
    power_w: int
    charge_ppm: int
    discharge_ppm: int
    reserve_wh: int
    wear_ubolt_per_mwh: int

    def __post_init__(self) -> None:
        _require(1 <= self.capacity_wh <= MAX_CAPACITY_WH, "capacity_wh is from 1 to 1e9")
        _require(1 <= self.power_w <= MAX_CAPACITY_WH, "power_w is from 1 to 1e9")
        _require(1 <= self.charge_ppm <= PPM, "charge_ppm is from 1 to 1000000")
        _require(1 <= self.discharge_ppm <= PPM, "discharge_ppm is from 1 to 1000000")
        _require(
            0 <= self.reserve_wh < self.capacity_wh, "reserve_wh is from 0 to less than capacity_wh"
        )
        _require(
            0 <= self.wear_ubolt_per_mwh <= MAX_WEAR_UBOLT_PER_MWH,
            "wear_ubolt_per_mwh is from 0 to 1e10 (10 $/kWh)",
        )

    @property
    def capacity_uwh(self) -> int:
        return self.capacity_wh * UWH_PER_WH

    @property
    def reserve_uwh(self) -> int:
        return self.reserve_wh * UWH_PER_WH

    @property
    def wear_abolt_per_wh(self) -> int:
        return self.wear_ubolt_per_mwh * ABOLT_PER_PBOLT

    def limit_wh(self, length_s: int) -> int:
        """The most it can charge or discharge in an interval of `length_s` seconds."""
        return self.power_w * length_s // HOUR_S

    def after(self, stored_uwh: int, *, charge_wh: int, discharge_wh: int) -> int:
        """Stored µWh after `charge_wh` came in and `discharge_wh` went out."""
        after_uwh = stored_uwh + charge_wh * self.charge_ppm - self.drain_uwh(discharge_wh)
        invariant(0 <= after_uwh <= self.capacity_uwh, "a battery holds from nothing to capacity")
        return after_uwh

    def drain_uwh(self, discharge_wh: int) -> int:
        """What leaves the store so that `discharge_wh` reach the home, rounded up."""
        return -(-discharge_wh * UWH_PER_WH * PPM // self.discharge_ppm)

    def intake_wh(self, wanted_uwh: int) -> int:
        """The least to charge so that at least `wanted_uwh` more are stored."""
        return -(-wanted_uwh // self.charge_ppm)

    def room_wh(self, stored_uwh: int) -> int:
        """The most that can still be charged before it is full."""
        return (self.capacity_uwh - stored_uwh) // self.charge_ppm

    def yield_wh(self, drain_uwh: int) -> int:
        """What reaches the home when at most `drain_uwh` leave the store, rounded down."""
        return drain_uwh * self.discharge_ppm // (UWH_PER_WH * PPM)


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise InputError(sentence)
