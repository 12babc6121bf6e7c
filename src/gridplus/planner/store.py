"""Every device that shifts energy, as one kind of thing: a store of the first order.

A battery, a car, a tank and a house all hold something that electricity raises or lowers, that
leaks, and that should be high or low enough at certain times. Levels are whole millionths (µWh of
energy, µ°C of temperature), so a step is exact and replays bit for bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gridplus.failures import InputError
from gridplus.planner.ahead import Ahead, State, Stay
from gridplus.planner.battery import UWH_PER_WH, Battery
from gridplus.planner.devices import (
    BATTERY,
    CAR,
    CLIMATE,
    WATER,
    Car,
    Climate,
    HotWater,
    Wish,
)
from gridplus.planner.home import Home
from gridplus.units import HOUR_S, PPM

MICRO_PER_MILLI = 1_000
FAR = 1_000_000 * MICRO_PER_MILLI * 1_000
"""A level no house reaches (a million degrees): its physical range has no ends."""
NOISE_PARTS = 100
"""A solver's levels are true to a hundredth of what one Wh moves."""


@dataclass(frozen=True, slots=True)
class Want:
    """At the end of interval `at` the level shall be from `low` to `high` (None: no such end)."""

    wish: Wish
    at: int
    low: int | None = None
    high: int | None = None

    def missing(self, level: int) -> int:
        """How far `level` is outside."""
        below = 0 if self.low is None else max(0, self.low - level)
        above = 0 if self.high is None else max(0, level - self.high)
        return below + above


@dataclass(frozen=True, slots=True)
class Store:
    """A device over the intervals from `first` on, one entry of each list for each of them.

    Taking a Wh moves the level by `gain` (negative where it cools), giving one back to the home
    lowers it as `drain` says. Between, the level keeps `keep_ppm` of itself and moves by `drift`.
    It stays between `low` and `high` whatever is wanted; giving stops at `reserve`.
    """

    device: str
    first: int
    start: int
    keep_ppm: int
    drift: Sequence[int]
    gain: Sequence[int]
    take_wh: Sequence[int]
    least_wh: int
    give_wh: int
    give_ppm: int
    low: int
    high: int
    reserve: int
    wear_abolt_per_wh: int
    wants: tuple[Want, ...]

    @property
    def count(self) -> int:
        return len(self.drift)

    @property
    def end(self) -> int:
        return self.first + self.count

    def left_alone(self, level: int, at: int) -> int:
        """The level after interval `at` when nothing is taken or given, within its range."""
        after = level * self.keep_ppm // PPM + self.drift[at - self.first]
        return min(max(after, self.low), self.high)

    def drain(self, give_wh: int) -> int:
        """What leaves the store so that `give_wh` reach the home, rounded up."""
        return -(-give_wh * UWH_PER_WH * PPM // self.give_ppm)

    def takes_at_most(self, level: int, at: int) -> int:
        """The most Wh it can take in interval `at` when left alone it would be at `level`."""
        gain = self.gain[at - self.first]
        if gain == 0:
            return 0
        room = (self.high - level) // gain if gain > 0 else (level - self.low) // -gain
        limit_wh = max(0, min(room, self.take_wh[at - self.first]))
        return limit_wh if limit_wh >= self.least_wh else 0

    def gives_at_most(self, level: int) -> int:
        """The most Wh it can give when left alone it would be at `level`."""
        spare = level - self.reserve
        return max(0, min(self.give_wh, spare * self.give_ppm // (UWH_PER_WH * PPM)))

    def snapped(self, level: int, at: int) -> int:
        """`level`, or the level wanted at the end of interval `at` from which noise parts it; so
        that it is then reached in full."""
        noise = self.noise(at)
        for want in self.wants:
            for end, sign in ((want.low, 1), (want.high, -1)):
                if want.at == at and end is not None and abs(end - level) <= noise:
                    return end + sign * noise
        return level

    def noise(self, at: int) -> int:
        """How far a solver's level may be off in interval `at`."""
        return self.wh_of(at) // NOISE_PARTS + 1

    def wh_of(self, at: int) -> int:
        """What one Wh moves the level in interval `at`: nothing is made whole closer than that."""
        return abs(self.gain[at - self.first])

    def after(self, level: int, at: int, *, take_wh: int, give_wh: int) -> int:
        """The level after interval `at`, in which it took and gave so much."""
        return (
            self.left_alone(level, at) + take_wh * self.gain[at - self.first] - self.drain(give_wh)
        )


def stores_of(home: Home, ahead: Ahead, *, state: State) -> tuple[Store, ...]:
    """The home's devices over what is ahead. Raises InputError for a state that is missing."""
    stores = _stores(home, ahead, state=state)
    return tuple(_closed(store, ahead.closed.get(store.device)) for store in stores)


def _closed(store: Store, at: frozenset[int] | None) -> Store:
    """A store that takes nothing in the intervals `at`."""
    if not at:
        return store
    take_wh = [0 if i in at else wh for i, wh in enumerate(store.take_wh, start=store.first)]
    return replace(store, take_wh=take_wh)


def _stores(home: Home, ahead: Ahead, *, state: State) -> Iterator[Store]:
    if home.battery is not None:
        stored_uwh = state.battery_uwh
        if stored_uwh is None or not 0 <= stored_uwh <= home.battery.capacity_uwh:
            raise InputError(f"the battery holds {stored_uwh} µWh; it is from 0 to its capacity")
        yield _battery(home.battery, ahead, stored_uwh=stored_uwh, end_wh=home.end_of_day_wh)
    if home.car is not None:
        for stay in state.stays:
            store = _car(home.car, ahead, stay=stay)
            if store.count:
                yield store
    if home.climate is not None:
        if state.indoor_mc is None or not ahead.outdoor_mc:
            raise InputError("a home with a climate is planned with its indoor and outdoor °C")
        yield _climate(home.climate, ahead, indoor_mc=state.indoor_mc)
    if home.water is not None:
        if state.water_wh is None or not 0 <= state.water_wh <= home.water.capacity_wh:
            raise InputError(f"the tank holds {state.water_wh} Wh; it is from 0 to its capacity")
        yield _water(home.water, ahead, water_wh=state.water_wh)


def _battery(battery: Battery, ahead: Ahead, *, stored_uwh: int, end_wh: int) -> Store:
    count, limit_wh = ahead.count, battery.limit_wh(ahead.length_s)
    wants = [Want(Wish.RESERVE, i, battery.reserve_uwh) for i in range(count)]
    wants.append(Want(Wish.END_CHARGE, count - 1, end_wh * UWH_PER_WH))
    return Store(
        device=BATTERY,
        first=0,
        start=stored_uwh,
        keep_ppm=PPM,
        drift=[0] * count,
        gain=[battery.charge_ppm] * count,
        take_wh=[limit_wh] * count,
        least_wh=0,
        give_wh=limit_wh,
        give_ppm=battery.discharge_ppm,
        low=0,
        high=battery.capacity_uwh,
        reserve=battery.reserve_uwh,
        wear_abolt_per_wh=battery.wear_abolt_per_wh,
        wants=tuple(wants) if stored_uwh < battery.reserve_uwh else (wants[-1],),
    )


def _car(car: Car, ahead: Ahead, *, stay: Stay) -> Store:
    """It charges in whole intervals of its stay. When it need not be ready before the end of the
    horizon, it shall hold by then what cannot be charged after it."""
    first = max(0, ahead.index_of(stay.from_s))
    end = min(ahead.count, ahead.index_of(stay.until_s - ahead.length_s + 1))
    count, battery = max(0, end - first), car.battery
    ready = min(ahead.index_of(stay.ready_s - ahead.length_s + 1), end) - 1
    later_wh = battery.power_w * max(0, stay.ready_s - ahead.end_s) // HOUR_S
    wanted_uwh = stay.ready_with_wh * UWH_PER_WH - later_wh * battery.charge_ppm
    return Store(
        device=CAR,
        first=first,
        start=min(stay.stored_wh, battery.capacity_wh) * UWH_PER_WH,
        keep_ppm=PPM,
        drift=[0] * count,
        gain=[battery.charge_ppm] * count,
        take_wh=[battery.limit_wh(ahead.length_s)] * count,
        least_wh=car.least_charge_w * ahead.length_s // HOUR_S,
        give_wh=car.discharge_w * ahead.length_s // HOUR_S,
        give_ppm=battery.discharge_ppm,
        low=0,
        high=battery.capacity_uwh,
        reserve=battery.reserve_uwh,
        wear_abolt_per_wh=battery.wear_abolt_per_wh,
        wants=(Want(Wish.CAR, max(first, ready), max(0, wanted_uwh)),),
    )


def _climate(climate: Climate, ahead: Ahead, *, indoor_mc: int) -> Store:
    """In each interval it heats or cools, by where the building would drift to by itself."""
    building = climate.building
    loss_ppm = building.loss_ppm * ahead.length_s // HOUR_S
    bands = [climate.band_at(minute) for minute in ahead.minutes]
    drift, gain, take = [], [], []
    for outdoor_mc, minute in zip(ahead.outdoor_mc, ahead.minutes, strict=True):
        ambient_uc = outdoor_mc * MICRO_PER_MILLI * loss_ppm // PPM
        drift.append(ambient_uc + building.gain_mc * MICRO_PER_MILLI * ahead.length_s // HOUR_S)
        heats = climate.heats(minute, outdoor_mc=outdoor_mc)
        gain.append(building.heat_mc_per_kwh if heats else -building.cool_mc_per_kwh)
        take.append(climate.power_w * ahead.length_s // HOUR_S)
    return Store(
        device=CLIMATE,
        first=0,
        start=indoor_mc * MICRO_PER_MILLI,
        keep_ppm=PPM - loss_ppm,
        drift=drift,
        gain=gain,  # m°C per kWh is µ°C per Wh
        take_wh=take,
        least_wh=0,
        give_wh=0,
        give_ppm=PPM,
        low=-FAR,
        high=FAR,
        reserve=FAR,
        wear_abolt_per_wh=0,
        wants=tuple(
            Want(Wish.COMFORT, i - 1, band.low_mc * MICRO_PER_MILLI, band.high_mc * MICRO_PER_MILLI)
            for i, band in enumerate([*bands[1:], bands[-1]], start=1)
            if band is not None
        ),
    )


def _water(water: HotWater, ahead: Ahead, *, water_wh: int) -> Store:
    count = ahead.count
    leaks_uwh = water.loss_w * ahead.length_s * UWH_PER_WH // HOUR_S
    draws = [
        water.draws_wh[minute // 60] * ahead.length_s * UWH_PER_WH // HOUR_S
        for minute in ahead.minutes
    ]
    return Store(
        device=WATER,
        first=0,
        start=water_wh * UWH_PER_WH,
        keep_ppm=PPM,
        drift=[-draw - leaks_uwh for draw in draws],
        gain=[water.gain_ppm] * count,
        take_wh=[water.power_w * ahead.length_s // HOUR_S] * count,
        least_wh=0,
        give_wh=0,
        give_ppm=PPM,
        low=0,
        high=water.capacity_wh * UWH_PER_WH,
        reserve=water.capacity_wh * UWH_PER_WH,
        wear_abolt_per_wh=0,
        wants=tuple(Want(Wish.WATER, i, water.least_wh * UWH_PER_WH) for i in range(count)),
    )
