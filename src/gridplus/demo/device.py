"""A home as its Smart Agent meets it: a meter with two registers, a battery that obeys a rule, and
where the home has them a car and a heat pump.

Load, solar generation and weather come from data; battery, car and heat pump are simulated by the
planner's own integer models. Time passes only through `advance`, and nothing of an interval can be
learned before it is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gridplus.demo.fittings import Fittings
from gridplus.demo.street_data import Energies, HomeSeries, outdoor_mc
from gridplus.failures import invariant
from gridplus.market.prices import ERCOT_ZONE
from gridplus.meter import IntervalRead
from gridplus.planner import Home, Rule, Step, respond
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval


@dataclass(frozen=True, slots=True)
class DeviceState:
    """All that a device remembers at instant `now_s`: what the battery holds, and the registers."""

    now_s: int
    stored_uwh: int
    register_import_wh: int = 0
    register_export_wh: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One interval as it was: the meter's read, and behind it load (car and heat pump in), solar
    and battery, in Wh. `devices_wh` is what car and heat pump took, `alone_wh` what all the load
    would have been if nobody had planned them."""

    read: IntervalRead
    load_wh: int
    solar_wh: int
    battery: Step
    devices_wh: Mapping[str, int]
    alone_wh: int


class SimulatedHome:
    """`series` behind one meter with the home's devices. `state` is public, so that a driver can
    keep it and carry on from it after a crash."""

    def __init__(self, series: HomeSeries, home: Home, *, state: DeviceState) -> None:
        battery = home.require_battery()
        invariant(
            0 <= state.stored_uwh <= battery.capacity_uwh,
            "a battery holds from nothing to its capacity",
        )
        self._series = series
        self._home = home
        self._battery = battery
        self.fittings = self._new_fittings()
        self._left_alone = self._new_fittings()
        self.state = state

    @property
    def next_interval(self) -> Interval:
        """The interval that is running; its data is not known yet."""
        return Interval(self.state.now_s, SETTLEMENT_INTERVAL_S)

    def past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        """Measured (load, solar) of [start_s, end_s), Wh per 15 minutes, read-only arrays.

        Raises Bug when `end_s` lies ahead of the device, InputError where there is no data.
        """
        invariant(end_s <= self.state.now_s, "nobody measures the future")
        return self._series.window(start_s, end_s)

    def metered_past(self, start_s: int, end_s: int) -> tuple[Energies, Energies]:
        """(load, solar) as the wires company has them of a home that nobody planned for: with car
        and heat pump, left alone since `start_s`. Raises as `past`."""
        load_wh, solar_wh = self.past(start_s, end_s)
        fittings, total_wh = self._new_fittings(), load_wh.copy()
        if self._home.car is not None or self._home.climate is not None:
            for place in range(len(total_wh)):
                at_s = start_s + place * SETTLEMENT_INTERVAL_S
                took = fittings.step(Interval(at_s, SETTLEMENT_INTERVAL_S), None)
                total_wh[place] += sum(took.values())
        return total_wh, solar_wh

    def advance(
        self,
        interval: Interval,
        rule: Rule | None,
        *,
        wanted_wh: Mapping[str, int] | None = None,
    ) -> Measured:
        """Live through `interval` with the battery following `rule`; without one it rests. Car and
        heat pump take what is wanted of them, or without that what they would alone.

        Raises Bug unless it is `next_interval`, InputError where there is no data; then nothing
        has changed.
        """
        invariant(interval == self.next_interval, "a home lives one interval after the other")
        load_wh, solar_wh = self._series.at(interval)
        devices_wh = self.fittings.step(interval, wanted_wh)
        alone_wh = load_wh + sum(self._left_alone.step(interval, None).values())
        load_wh += sum(devices_wh.values())
        step = self._move_battery(rule or self._rest, net_load_wh=load_wh - solar_wh)
        read = IntervalRead(
            interval,
            step.import_wh,
            step.export_wh,
            self.state.register_import_wh + step.import_wh,
            self.state.register_export_wh + step.export_wh,
        )
        self.state = DeviceState(
            interval.end_s, step.stored_uwh, read.register_import_wh, read.register_export_wh
        )
        return Measured(read, load_wh, solar_wh, step, devices_wh, alone_wh)

    def _new_fittings(self) -> Fittings:
        return Fittings(self._home, zone=ERCOT_ZONE, outdoor_mc=outdoor_mc)

    @property
    def _rest(self) -> Rule:
        full_uwh = self._battery.capacity_uwh
        return Rule(grid_to_uwh=0, sun_to_uwh=0, home_to_uwh=full_uwh, export_to_uwh=full_uwh)

    def _move_battery(self, rule: Rule, *, net_load_wh: int) -> Step:
        return respond(
            self._battery,
            rule,
            net_load_wh=net_load_wh,
            stored_uwh=self.state.stored_uwh,
            length_s=SETTLEMENT_INTERVAL_S,
        )
