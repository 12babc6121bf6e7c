"""A car and a heat pump of a simulated home, and what they do when nobody plans.

The same model as the planner's, in whole Wh and millionths, stepped interval by interval; a test
holds both together. The car comes and goes by its habits; the weather is data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gridplus.planner import UWH_PER_WH, Car, Climate, Home, State, Stay, usual_stays
from gridplus.units import DAY_S, HOUR_S, PPM, Interval

CAR, CLIMATE = "car", "climate"
_MICRO_PER_MILLI = 1_000


@dataclass(frozen=True, slots=True)
class Levels:
    """What the car holds while it is at home (µWh), and how warm it is indoors (µ°C)."""

    car_uwh: int | None = None
    indoor_uc: int | None = None


class Fittings:
    """`outdoor_mc` tells the temperature (m°C) of the interval that begins at an instant. `levels`
    is public, so that a driver can keep it."""

    def __init__(self, home: Home, *, zone: str, outdoor_mc: Callable[[int], int]) -> None:
        self._car, self._climate, self._zone = home.car, home.climate, zone
        self._outdoor_mc = outdoor_mc
        self._stays: dict[int, tuple[Stay, ...]] = {}
        first = None if home.climate is None else home.climate.bands[0]
        indoor = None if first is None else (first.low_mc + first.high_mc) // 2 * _MICRO_PER_MILLI
        self.levels = Levels(indoor_uc=indoor)

    def step(self, interval: Interval, wanted_wh: Mapping[str, int] | None) -> dict[str, int]:
        """Live through `interval`: Wh that each device took, of those that are there.

        `wanted_wh` is what a plan asks for, kept within what the device can do; a device that it
        does not name is left alone: the car charges at once to what it shall hold, a thermostat
        keeps the band.
        """
        took = dict[str, int]()
        if self._car is not None:
            wh = None if wanted_wh is None else wanted_wh.get(CAR)
            took[CAR] = self._step_car(self._car, interval, wanted_wh=wh)
        if self._climate is not None:
            wh = None if wanted_wh is None else wanted_wh.get(CLIMATE)
            took[CLIMATE] = self._step_climate(self._climate, interval, wanted_wh=wh)
        return took

    def state(self, battery_uwh: int, *, now_s: int, end_s: int) -> State:
        """How the home stands at `now_s`, and when its car will be there until `end_s`."""
        stays = list[Stay]()
        if self._car is not None:
            usual = usual_stays(self._car, start_s=now_s, end_s=end_s, zone=self._zone)
            stays = [stay for stay in usual if stay.from_s >= now_s]
            here = self._stay(now_s)
            if here is not None and here.from_s < now_s < here.ready_s:
                held_wh = (self.levels.car_uwh or 0) // UWH_PER_WH
                stays.insert(0, replace(here, from_s=now_s, stored_wh=held_wh))
        indoor_uc = self.levels.indoor_uc
        return State(
            battery_uwh,
            tuple(stays),
            indoor_mc=None if indoor_uc is None else indoor_uc // _MICRO_PER_MILLI,
        )

    def _stay(self, at_s: int) -> Stay | None:
        """The stay of the car at an instant, by its habits."""
        if self._car is None:
            return None
        day_s = at_s - at_s % DAY_S
        if day_s not in self._stays:
            until_s = day_s + DAY_S
            found = usual_stays(self._car, start_s=day_s, end_s=until_s, zone=self._zone)
            self._stays[day_s] = found
        return next((s for s in self._stays[day_s] if s.from_s <= at_s < s.until_s), None)

    def _step_car(self, car: Car, interval: Interval, *, wanted_wh: int | None) -> int:
        stay = self._stay(interval.start_s)
        if stay is None or stay.until_s < interval.end_s:
            self.levels = replace(self.levels, car_uwh=None)
            return 0
        level = self.levels.car_uwh
        if level is None or stay.from_s == interval.start_s:
            level = stay.stored_wh * UWH_PER_WH
        battery = car.battery
        room_wh = (battery.capacity_uwh - level) // battery.charge_ppm
        most_wh = min(battery.limit_wh(interval.length_s), room_wh)
        if wanted_wh is None:
            wanted_wh = -(-(stay.ready_with_wh * UWH_PER_WH - level) // battery.charge_ppm)
        take_wh = max(0, min(wanted_wh, most_wh))
        if take_wh < car.least_charge_w * interval.length_s // HOUR_S:
            take_wh = 0
        self.levels = replace(self.levels, car_uwh=level + take_wh * battery.charge_ppm)
        return take_wh

    def _step_climate(self, climate: Climate, interval: Interval, *, wanted_wh: int | None) -> int:
        building, outdoor_mc = climate.building, self._outdoor_mc(interval.start_s)
        loss_ppm = building.loss_ppm * interval.length_s // HOUR_S
        level = self.levels.indoor_uc or 0
        alone = level * (PPM - loss_ppm) // PPM + outdoor_mc * _MICRO_PER_MILLI * loss_ppm // PPM
        alone += building.gain_mc * _MICRO_PER_MILLI * interval.length_s // HOUR_S
        heats = climate.heats(self._minute(interval.start_s), outdoor_mc=outdoor_mc)
        gain = building.heat_mc_per_kwh if heats else -building.cool_mc_per_kwh
        after = climate.band_at(self._minute(interval.end_s))
        if wanted_wh is None:
            wanted_wh = 0
            if after is not None and gain:
                end = after.low_mc if heats else after.high_mc
                missing = (end * _MICRO_PER_MILLI - alone) * (1 if heats else -1)
                wanted_wh = -(-missing // abs(gain))
        most_wh = climate.power_w * interval.length_s // HOUR_S if gain else 0
        take_wh = max(0, min(wanted_wh, most_wh))
        self.levels = replace(self.levels, indoor_uc=alone + take_wh * gain)
        return take_wh

    def _minute(self, at_s: int) -> int:
        local = datetime.fromtimestamp(at_s, ZoneInfo(self._zone))
        return local.hour * 60 + local.minute
