"""A home as its Smart Agent meets it: a meter with two registers, and a battery that obeys a rule.

Load and solar generation come from data; the battery is simulated by the planner's own integer
model. Time passes only through `advance`, and nothing of an interval can be learned before it is
over.
"""

from dataclasses import dataclass

from gridplus.demo.street_data import Energies, HomeSeries
from gridplus.failures import invariant
from gridplus.meter import IntervalRead
from gridplus.planner import Battery, Rule, Step, respond
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
    """One interval as it was: the meter's read, and behind it load, solar and battery, in Wh."""

    read: IntervalRead
    load_wh: int
    solar_wh: int
    battery: Step


class SimulatedHome:
    """`series` behind one meter with `battery`. `state` is public, so that a driver can keep it
    and carry on from it after a crash."""

    def __init__(self, series: HomeSeries, battery: Battery, *, state: DeviceState) -> None:
        invariant(
            0 <= state.stored_uwh <= battery.capacity_uwh,
            "a battery holds from nothing to its capacity",
        )
        self._series = series
        self._battery = battery
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

    def advance(self, interval: Interval, rule: Rule | None) -> Measured:
        """Live through `interval` with the battery following `rule`; without one it rests.

        Raises Bug unless it is `next_interval`, InputError where there is no data; then nothing
        has changed.
        """
        invariant(interval == self.next_interval, "a home lives one interval after the other")
        load_wh, solar_wh = self._series.at(interval)
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
        return Measured(read, load_wh, solar_wh, step)

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
