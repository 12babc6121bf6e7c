"""What can stand in a home beside a battery, as its owner describes it, in whole units.

Energies of batteries are counted on the alternating-current side, temperatures in thousandths of
a degree Celsius (m°C), times of day in minutes of the wall clock. Every class raises InputError
for what cannot be.
"""

from dataclasses import dataclass
from enum import Enum

from gridplus.failures import InputError
from gridplus.planner.battery import MAX_CAPACITY_WH, Battery
from gridplus.units import PPM

DAY_MIN = 24 * 60
COLDEST_MC, HOTTEST_MC = -60_000, 100_000
MAX_GAIN_MC_PER_KWH = 100_000
MAX_WATER_GAIN_PPM = 10 * PPM
BATTERY, CAR, CLIMATE, WATER = "battery", "car", "climate", "water"
APPLIANCES = "appliances"
NAMES = (BATTERY, CAR, CLIMATE, WATER, APPLIANCES)
"""What devices are called in plans, orders and consents; an appliance has a name of its own too."""


class Wish(Enum):
    """What an owner wants beside a low bill, most important first unless the home says otherwise.

    Limits of the connection stand above all of them. The value is for people.
    """

    RESERVE = "the battery's reserve for an outage"
    CAR = "the car's charge when it leaves"
    WATER = "hot water"
    COMFORT = "a comfortable temperature"
    APPLIANCE = "an appliance's run in its window"
    END_CHARGE = "the battery's charge at the end"


@dataclass(frozen=True, slots=True)
class Habit:
    """A usual stay of the car: it comes at `from_min` on the `days` (0 is Monday), leaves at
    `until_min`, on the next day if that is not later, and shall hold `ready_with_wh` at `ready_min`
    of the stay.
    """

    days: frozenset[int]
    from_min: int
    until_min: int
    ready_min: int
    arrives_with_wh: int
    ready_with_wh: int

    def __post_init__(self) -> None:
        _require(self.days <= set(range(7)) and bool(self.days), "days are weekdays, at least one")
        times = (self.from_min, self.until_min, self.ready_min)
        _require(all(0 <= at < DAY_MIN for at in times), "a time of day is from 00:00 to 23:59")
        stay_min = (self.until_min - self.from_min) % DAY_MIN or DAY_MIN
        ready_min = (self.ready_min - self.from_min) % DAY_MIN or DAY_MIN
        _require(ready_min <= stay_min, "ready_by lies within the stay, not after the car has left")

    @property
    def stay_min(self) -> int:
        return (self.until_min - self.from_min) % DAY_MIN or DAY_MIN

    @property
    def ready_after_min(self) -> int:
        return (self.ready_min - self.from_min) % DAY_MIN or DAY_MIN


@dataclass(frozen=True, slots=True)
class Car:
    """A battery that comes and goes. It charges with `least_charge_w` or more, or not at all;
    `discharge_w` above 0 lets it feed the home, down to the battery's reserve."""

    battery: Battery
    least_charge_w: int
    discharge_w: int
    habits: tuple[Habit, ...]

    def __post_init__(self) -> None:
        _require(
            0 <= self.least_charge_w <= self.battery.power_w,
            "least_charge_w is from 0 to power_w",
        )
        _require(0 <= self.discharge_w <= MAX_CAPACITY_WH, "discharge_w is from 0 to 1e9")
        for habit in self.habits:
            for name, wh in (
                ("arrives_with_wh", habit.arrives_with_wh),
                ("ready_with_wh", habit.ready_with_wh),
            ):
                _require(
                    0 <= wh <= self.battery.capacity_wh,
                    f"{name} is {wh}; the car holds from 0 to capacity_wh "
                    f"({self.battery.capacity_wh})",
                )


@dataclass(frozen=True, slots=True)
class Building:
    """A first-order building: in an hour it loses `loss_ppm` of the difference to outdoors and
    gains `gain_mc` from sun and people; a kWh of electricity heats or cools it by so many m°C
    (0: it cannot)."""

    loss_ppm: int
    gain_mc: int
    heat_mc_per_kwh: int
    cool_mc_per_kwh: int

    def __post_init__(self) -> None:
        _require(1 <= self.loss_ppm <= PPM, "loss_ppm is from 1 to 1000000 an hour")
        _require(abs(self.gain_mc) <= HOTTEST_MC, "gain_c is from -100 to 100 degrees an hour")
        for name, gain in (("heat", self.heat_mc_per_kwh), ("cool", self.cool_mc_per_kwh)):
            _require(0 <= gain <= MAX_GAIN_MC_PER_KWH, f"{name}_c_per_kwh is from 0 to 100 degrees")


@dataclass(frozen=True, slots=True)
class Band:
    """From `from_min` to `until_min` (round midnight if that is not later) it shall be between
    `low_mc` and `high_mc`."""

    from_min: int
    until_min: int
    low_mc: int
    high_mc: int

    def __post_init__(self) -> None:
        _require(
            COLDEST_MC <= self.low_mc <= self.high_mc <= HOTTEST_MC,
            "low_c is not above high_c, both from -60 to 100 degrees",
        )

    def holds_at(self, minute: int) -> bool:
        span = (self.until_min - self.from_min) % DAY_MIN or DAY_MIN
        return (minute - self.from_min) % DAY_MIN < span


@dataclass(frozen=True, slots=True)
class Climate:
    """A heat pump or an air conditioner of `power_w`, the building, and comfort by time of day.
    Where no band holds, the temperature is free."""

    building: Building
    power_w: int
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        _require(1 <= self.power_w <= MAX_CAPACITY_WH, "power_w is from 1 to 1e9")
        _require(bool(self.bands), "there is at least one comfort band")

    def band_at(self, minute: int) -> Band | None:
        return next((band for band in self.bands if band.holds_at(minute)), None)

    def heats(self, minute: int, *, outdoor_mc: int) -> bool:
        """Whether it heats rather than cools: whether the building, left alone for long, would be
        colder than the middle of what is comfortable then."""
        band = self.band_at(minute) or self.bands[0]
        adrift_mc = outdoor_mc + self.building.gain_mc * PPM // self.building.loss_ppm
        return 2 * adrift_mc < band.low_mc + band.high_mc


@dataclass(frozen=True, slots=True)
class HotWater:
    """A tank: `capacity_wh` of heat when hot, `least_wh` so that the shower is warm. A Wh of
    electricity stores `gain_ppm` ppm of a Wh of heat (more than 1 with a heat pump); `loss_w` leaks
    while there is heat; `draws_wh` is the heat drawn in each hour of the day."""

    capacity_wh: int
    least_wh: int
    power_w: int
    gain_ppm: int
    loss_w: int
    draws_wh: tuple[int, ...]

    def __post_init__(self) -> None:
        _require(1 <= self.capacity_wh <= MAX_CAPACITY_WH, "capacity_wh is from 1 to 1e9")
        _require(1 <= self.least_wh <= self.capacity_wh, "least_wh is from 1 to capacity_wh")
        _require(1 <= self.power_w <= MAX_CAPACITY_WH, "power_w is from 1 to 1e9")
        _require(1 <= self.gain_ppm <= MAX_WATER_GAIN_PPM, "gain_ppm is from 1 to 10000000")
        _require(0 <= self.loss_w <= MAX_CAPACITY_WH, "loss_w is from 0 to 1e9")
        _require(len(self.draws_wh) == 24, "draws_wh has one number for each hour of the day")
        _require(
            all(0 <= wh <= MAX_CAPACITY_WH for wh in self.draws_wh), "draws_wh are from 0 to 1e9"
        )


@dataclass(frozen=True, slots=True)
class Appliance:
    """Something that runs once a day for `run_min` minutes and takes `energy_wh`, evenly, after
    `from_min` and done by `until_min` (on the next day if that is not later)."""

    name: str
    energy_wh: int
    run_min: int
    from_min: int
    until_min: int

    def __post_init__(self) -> None:
        _require(0 < len(self.name) <= 40 and self.name.isprintable(), "name is a short text")
        _require(1 <= self.energy_wh <= MAX_CAPACITY_WH, "energy_wh is from 1 to 1e9")
        window_min = (self.until_min - self.from_min) % DAY_MIN or DAY_MIN
        _require(
            1 <= self.run_min <= window_min,
            f"run_min is {self.run_min}; the window from..until has {window_min} minutes",
        )


@dataclass(frozen=True, slots=True)
class Site:
    """What the connection can carry, None for no limit, and whether solar can be held back."""

    import_w: int | None = None
    export_w: int | None = None
    curtail: bool = False

    def __post_init__(self) -> None:
        for name, power_w in (("import_w", self.import_w), ("export_w", self.export_w)):
            _require(power_w is None or 0 <= power_w <= MAX_CAPACITY_WH, f"{name} is from 0 to 1e9")


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise InputError(sentence)
