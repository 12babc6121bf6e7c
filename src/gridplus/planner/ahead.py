"""What a plan for a home is made for: where its devices stand, and what is coming."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from gridplus.failures import InputError
from gridplus.planner.battery import MAX_CAPACITY_WH
from gridplus.planner.devices import COLDEST_MC, HOTTEST_MC, Car
from gridplus.tariff import Peak
from gridplus.units import ABOLT_PER_PBOLT, DAY_S, SETTLEMENT_INTERVAL_S, UBOLT_PER_BOLT

MAX_INTERVALS = 1_000
MAX_PRICE_ABOLT_PER_WH = 10 * 20_000 * UBOLT_PER_BOLT * ABOLT_PER_PBOLT
"""Ten times the widest price a market file may hold (20,000 $/MWh), taxes in; more is a mistake."""


@dataclass(frozen=True, slots=True)
class Stay:
    """The car is at home from `from_s` to `until_s`, holds `stored_wh` at the beginning and shall
    hold `ready_with_wh` at `ready_s`."""

    from_s: int
    until_s: int
    ready_s: int
    stored_wh: int
    ready_with_wh: int

    def __post_init__(self) -> None:
        if not self.from_s < self.ready_s <= self.until_s:
            raise InputError("a car comes, is ready, and leaves, in this order")


@dataclass(frozen=True, slots=True)
class State:
    """Where the devices stand when the plan begins; what a home does not have stays None.

    `stays` are those of the car, from a calendar or `usual_stays`. `waiting` names appliances whose
    window is open already and that have not run in it.
    """

    battery_uwh: int | None = None
    stays: tuple[Stay, ...] = ()
    indoor_mc: int | None = None
    water_wh: int | None = None
    waiting: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ahead:
    """What is coming, one entry for each interval of `length_s` seconds from `start_s` on.

    `prices` are marginal (import, export) prices in aBOLT per Wh, of either sign; `load_wh` is
    what the home uses beside its planned devices, `solar_wh` what its panels can make;
    `outdoor_mc` is needed with a climate alone; `peaks` are the demand charges of the home's plan;
    `closed` are intervals, by device, in which it takes nothing; `caps_w` is the most that the
    home may import in an interval, where that is less than its connection carries.
    Raises InputError that names the first interval with what cannot be.
    """

    start_s: int
    zone: str
    prices: Sequence[tuple[int, int]]
    load_wh: Sequence[int]
    solar_wh: Sequence[int]
    outdoor_mc: Sequence[int] = ()
    peaks: tuple[Peak, ...] = ()
    length_s: int = SETTLEMENT_INTERVAL_S
    closed: Mapping[str, frozenset[int]] = field(default_factory=dict)
    caps_w: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.prices)
        if not 1 <= count <= MAX_INTERVALS:
            raise InputError(f"a plan has 1 to {MAX_INTERVALS} intervals, not {count}")
        if self.length_s < 1 or DAY_S % self.length_s or self.start_s % self.length_s:
            raise InputError(f"intervals of {self.length_s} s do not divide the day they begin in")
        self._require("load", self.load_wh, high=MAX_CAPACITY_WH)
        self._require("solar", self.solar_wh, high=MAX_CAPACITY_WH)
        if self.outdoor_mc:
            self._require("outdoor temperature", self.outdoor_mc, low=COLDEST_MC, high=HOTTEST_MC)
        for column, what in enumerate(("import price", "export price")):
            prices = [pair[column] for pair in self.prices]
            self._require(what, prices, low=-MAX_PRICE_ABOLT_PER_WH, high=MAX_PRICE_ABOLT_PER_WH)

    @property
    def count(self) -> int:
        return len(self.prices)

    @property
    def end_s(self) -> int:
        return self.start_s + self.count * self.length_s

    @property
    def binds(self) -> bool:
        """Whether anything beside prices holds devices back."""
        return bool(self.peaks or self.closed or self.caps_w)

    @cached_property
    def is_convex(self) -> bool:
        """Whether import is never cheaper than export, and neither is below zero."""
        return all(taken >= fed >= 0 for taken, fed in self.prices)

    @cached_property
    def net_wh(self) -> tuple[int, ...]:
        """Load less solar."""
        return tuple(load - sun for load, sun in zip(self.load_wh, self.solar_wh, strict=True))

    @cached_property
    def minutes(self) -> tuple[int, ...]:
        """The minute of the local day at which each interval begins."""
        zone = ZoneInfo(self.zone)
        locals_ = (datetime.fromtimestamp(self.start_of(i), zone) for i in range(self.count))
        return tuple(local.hour * 60 + local.minute for local in locals_)

    def start_of(self, i: int) -> int:
        return self.start_s + i * self.length_s

    def index_of(self, at_s: int) -> int:
        """The first interval that begins at `at_s` or later."""
        return -(-(at_s - self.start_s) // self.length_s)

    def _require(self, what: str, values: Sequence[int], *, low: int = 0, high: int) -> None:
        if len(values) != self.count:
            raise InputError(f"{what}: {len(values)} values for {self.count} intervals")
        for i, value in enumerate(values):
            if not isinstance(value, int) or not low <= value <= high:
                at = datetime.fromtimestamp(self.start_of(i), UTC)
                raise InputError(
                    f"{what} at {at:%Y-%m-%d %H:%MZ} is {value}, not a whole number "
                    f"from {low} to {high}"
                )


def usual_stays(car: Car, *, start_s: int, end_s: int, zone: str) -> tuple[Stay, ...]:
    """The car's habits between two instants as stays, in order; of two that overlap the earlier
    counts. A stay that has begun holds what it arrived with: who knows better makes his own."""
    first = datetime.fromtimestamp(start_s, ZoneInfo(zone)).date() - timedelta(1)
    last = datetime.fromtimestamp(end_s, ZoneInfo(zone)).date()
    found: list[Stay] = []
    for stay in sorted(_stays(car, first, last=last, zone=zone), key=lambda stay: stay.from_s):
        overlaps = bool(found) and stay.from_s < found[-1].until_s
        if stay.until_s > start_s and stay.from_s < end_s and not overlaps:
            found.append(stay)
    return tuple(found)


def _stays(car: Car, first: date, *, last: date, zone: str) -> Iterator[Stay]:
    for ahead in range((last - first).days + 1):
        day = first + timedelta(ahead)
        for habit in car.habits:
            if day.weekday() in habit.days:
                yield Stay(
                    instant_s(day, habit.from_min, zone=zone),
                    instant_s(day, habit.from_min + habit.stay_min, zone=zone),
                    instant_s(day, habit.from_min + habit.ready_after_min, zone=zone),
                    habit.arrives_with_wh,
                    habit.ready_with_wh,
                )


def instant_s(day: date, minute: int, *, zone: str) -> int:
    """The instant of a wall-clock minute of a local day, or of the days after it."""
    days, minute = divmod(minute, 24 * 60)
    day += timedelta(days)
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
    return int(local.timestamp())
