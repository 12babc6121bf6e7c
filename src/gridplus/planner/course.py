"""A course: what every device of a home does in whole Wh, and what flows over its connection.

A course follows an intent, level by level, within what devices and connection can do. What cannot
be done is left out, least important wish first; so every course is possible, whatever it follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gridplus.planner.ahead import Ahead
from gridplus.planner.battery import UWH_PER_WH
from gridplus.planner.devices import BATTERY, CAR, CLIMATE, WATER, Site, Wish
from gridplus.planner.home import Home
from gridplus.planner.store import Store
from gridplus.units import HOUR_S, PPM


class Intent(Protocol):
    """Says the level that `store` should have at the end of interval `i`; `alone` is the level it
    has when left alone."""

    def __call__(self, store: Store, i: int, *, alone: int) -> int: ...


_WISH_OF = {
    BATTERY: Wish.END_CHARGE,
    CAR: Wish.CAR,
    CLIMATE: Wish.COMFORT,
    WATER: Wish.WATER,
}


class Move(NamedTuple):
    """What a device takes or gives in one interval, and its level (millionths) at the end."""

    take_wh: int
    give_wh: int
    level: int


class Flow(NamedTuple):
    """What passes the meter in one interval, and the sun that is held back."""

    import_wh: int
    export_wh: int
    curtailed_wh: int


@dataclass(frozen=True, slots=True)
class Track:
    """A device's moves over the intervals from `first` on."""

    device: str
    first: int
    moves: tuple[Move, ...]

    @property
    def end(self) -> int:
        return self.first + len(self.moves)

    def at(self, i: int) -> Move | None:
        """Its move in interval `i`; None while it is away."""
        return self.moves[i - self.first] if self.first <= i < self.end else None


@dataclass(frozen=True, slots=True)
class Course:
    """Tracks in the order of the stores they came from, the appliances' Wh, and the meter's."""

    tracks: tuple[Track, ...]
    fixed_wh: tuple[int, ...]
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """What a course goes by beside its intent: the appliances' Wh in each interval, and the most to
    be imported in each (None: as the connection allows), where a demand charge makes more dear."""

    fixed_wh: Sequence[int]
    import_wh: Sequence[int] | None = None


def follow(
    home: Home, ahead: Ahead, *, stores: Sequence[Store], intent: Intent, way: Way
) -> Course:
    """The course that comes closest to `intent`, interval by interval."""
    walk = _Walk(home, ahead, stores=stores)
    for i in range(ahead.count):
        walk.step(i, intent, way=way)
    tracks = (
        Track(store.device, store.first, tuple(moves))
        for store, moves in zip(stores, walk.moves, strict=True)
    )
    return Course(tuple(tracks), tuple(way.fixed_wh), tuple(walk.flows))


@dataclass(frozen=True, slots=True)
class _Moved:
    """What the stores that are there take and give in one interval, by their place."""

    takes: dict[int, int]
    gives: dict[int, int]

    @property
    def net_wh(self) -> int:
        return sum(self.takes.values()) - sum(self.gives.values())


class _Walk:
    """A course that is being made."""

    def __init__(self, home: Home, ahead: Ahead, *, stores: Sequence[Store]) -> None:
        self._home, self._ahead, self._stores = home, ahead, stores
        self._export_wh = site_limits_wh(home.site, ahead.length_s)[1]
        self._levels = [store.start for store in stores]
        rank = {wish: place for place, wish in enumerate(home.order)}
        self._least_first = sorted(
            range(len(stores)), key=lambda at: -rank[_WISH_OF[stores[at].device]]
        )
        self.moves: list[list[Move]] = [[] for _ in stores]
        self.flows: list[Flow] = []

    def step(self, i: int, intent: Intent, *, way: Way) -> None:
        here = [at for at, store in enumerate(self._stores) if store.first <= i < store.end]
        moved = _Moved(dict.fromkeys(here, 0), dict.fromkeys(here, 0))
        takes, gives = moved.takes, moved.gives
        for at in here:
            store = self._stores[at]
            alone = store.left_alone(self._levels[at], i)
            takes[at], gives[at] = towards(
                store, i, alone=alone, target=intent(store, i, alone=alone)
            )
        net_wh = self._ahead.net_wh[i] + way.fixed_wh[i]
        limit_wh = import_limit_wh(self._home.site, self._ahead, at=i)
        caps = (limit_wh, None if way.import_wh is None else way.import_wh[i])
        cap_wh = min((wh for wh in caps if wh is not None), default=None)
        if cap_wh is not None:
            self._shed(i, moved, over_wh=net_wh + moved.net_wh - cap_wh)
        if self._export_wh is not None and not self._home.site.curtail:
            self._soak(i, moved, over_wh=-net_wh - moved.net_wh - self._export_wh)
        for at in here:
            store, level = self._stores[at], self._levels[at]
            level = store.after(level, i, take_wh=takes[at], give_wh=gives[at])
            self._levels[at] = level
            self.moves[at].append(Move(takes[at], gives[at], level))
        self.flows.append(self._meter(i, net_wh + moved.net_wh))

    def _shed(self, i: int, moved: _Moved, *, over_wh: int) -> None:
        """Take less, first where nothing is wanted yet, then what is least important; then give
        more, until `over_wh` is gone."""
        takes, gives = moved.takes, moved.gives
        wanted_now = {at for at in takes if any(w.at == i for w in self._stores[at].wants)}
        for at in sorted(self._least_first, key=wanted_now.__contains__):
            if over_wh > 0 and takes.get(at):
                left_wh = max(0, takes[at] - over_wh)
                if left_wh < self._stores[at].least_wh:
                    left_wh = 0
                over_wh -= takes[at] - left_wh
                takes[at] = left_wh
        for at in self._least_first:
            if over_wh > 0 and takes.get(at) == 0:
                store = self._stores[at]
                most_wh = store.gives_at_most(store.left_alone(self._levels[at], i))
                more_wh = max(0, min(over_wh, most_wh - gives[at]))
                gives[at] += more_wh
                over_wh -= more_wh

    def _soak(self, i: int, moved: _Moved, *, over_wh: int) -> None:
        """Give less, then take more, until `over_wh` is not fed in any more."""
        takes, gives = moved.takes, moved.gives
        for at in self._least_first:
            if over_wh > 0 and gives.get(at):
                less_wh = min(over_wh, gives[at])
                gives[at] -= less_wh
                over_wh -= less_wh
        for at in self._least_first:
            if over_wh > 0 and gives.get(at) == 0:
                store = self._stores[at]
                most_wh = store.takes_at_most(store.left_alone(self._levels[at], i), i)
                more_wh = max(0, min(over_wh, most_wh - takes[at]))
                if takes[at] + more_wh >= store.least_wh:
                    takes[at] += more_wh
                    over_wh -= more_wh

    def _meter(self, i: int, net_wh: int) -> Flow:
        """Sun is held back where that costs less than feeding it in, or where it must be."""
        held_wh = 0
        if self._home.site.curtail:
            price, sun_wh = self._ahead.prices[i], self._ahead.solar_wh[i]
            none_fed = min(sun_wh, max(0, -net_wh))
            cap_wh = self._export_wh
            must = 0 if cap_wh is None else min(sun_wh, max(0, -net_wh - cap_wh))
            held_wh = min((must, none_fed, sun_wh), key=lambda wh: (cost(price, net_wh + wh), wh))
        net_wh += held_wh
        return Flow(max(0, net_wh), max(0, -net_wh), held_wh)


def towards(store: Store, i: int, *, alone: int, target: int) -> tuple[int, int]:
    """(taken, given) Wh that bring a store from the level `alone` to `target`: what is taken is
    rounded up and what is given down, so that nothing that is wanted is missed by a part of a Wh.
    """
    gain, delta = store.gain[i - store.first], target - alone
    if gain and delta * gain > 0:
        take_wh = max(0, -(-(abs(delta) - store.noise(i)) // abs(gain)))
        if 0 < take_wh < store.least_wh:
            take_wh = store.least_wh if 2 * take_wh >= store.least_wh else 0
        return min(take_wh, store.takes_at_most(alone, i)), 0
    if delta < 0 and store.give_wh:
        give_wh = -delta * store.give_ppm // (UWH_PER_WH * PPM)
        return 0, min(give_wh, store.gives_at_most(alone))
    return 0, 0


def site_limits_wh(site: Site, length_s: int) -> tuple[int | None, int | None]:
    """The most Wh an interval may import and export."""
    import_wh, export_wh = (
        None if power_w is None else power_w * length_s // HOUR_S
        for power_w in (site.import_w, site.export_w)
    )
    return import_wh, export_wh


def import_limit_wh(site: Site, ahead: Ahead, *, at: int) -> int | None:
    """The most Wh that interval `at` may import, by the connection and what is capped."""
    powers_w = [w for w in (site.import_w, ahead.caps_w.get(at)) if w is not None]
    return min(powers_w) * ahead.length_s // HOUR_S if powers_w else None


def cost(price: tuple[int, int], net_wh: int) -> int:
    """What an interval's net Wh cost at (import, export) prices."""
    return net_wh * (price[0] if net_wh > 0 else price[1])
