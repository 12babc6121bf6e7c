"""What a plan has to go by: the home as its owner wants it now, and the asks that it follows.

Alerts and requests become prices, so that the planner weighs them against everything else; a limit
becomes the connection's. Quiet hours and the highest price close a device.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from gridplus.control.asks import Ask, Signal
from gridplus.control.heed import Heed, heed
from gridplus.control.orders import DEVICES, Orders, Override
from gridplus.failures import InputError
from gridplus.planner import Ahead, Home, State, Stay
from gridplus.planner.ahead import instant_s
from gridplus.planner.devices import APPLIANCES, BATTERY, CAR, CLIMATE, DAY_MIN, WATER


@dataclass(frozen=True)
class Guidance:
    """`home` has the devices that the agent moves by plan at `now_s`, as preferred; None when it
    moves none. `apart` says of each other device why."""

    home: Home | None
    orders: Orders
    now_s: int
    heeds: tuple[Heed, ...]
    overrides: Mapping[str, Override]
    apart: Mapping[str, str]

    @property
    def key(self) -> tuple[object, ...]:
        """Another key, another plan."""
        followed = [(each.ask, sorted(each.consents)) for each in self.followed]
        return (self.home, self.orders.preferences, str(followed))

    @cached_property
    def followed(self) -> tuple[Heed, ...]:
        return tuple(each for each in self.heeds if each.consents)

    @property
    def withheld(self) -> frozenset[str]:
        """Devices that may not follow something that others follow: they go by the plan without."""
        return frozenset(
            device
            for device in devices_of(self.home)
            if any(device not in each.consents for each in self.followed)
        )

    def plain(self, ahead: Ahead) -> Ahead:
        """What is ahead with quiet hours and the highest price, without any ask."""
        wishes, closed = self.orders.preferences, dict[str, frozenset[int]]()
        for device in devices_of(self.home):
            shut = {i for i in range(ahead.count) if wishes.quiet_at(device, ahead.minutes[i])}
            if device != BATTERY and wishes.most_abolt is not None:
                prices = enumerate(ahead.prices)
                shut |= {i for i, (taken, _fed) in prices if taken > wishes.most_abolt}
            if shut:
                closed[device] = frozenset(shut)
        return replace(ahead, closed=closed)

    def asked(self, plain: Ahead) -> Ahead:
        """The same with what alerts and requests make a kWh worth that is not taken, and the
        limits, from when they begin."""
        prices, caps_w = list(plain.prices), dict(plain.caps_w)
        for each in self.followed:
            worth = each.ask.reward_abolt
            if each.ask.signal is Signal.ALERT:
                worth = self.orders.preferences.alert_abolt
            for i, (taken, fed) in enumerate(prices):
                if each.ask.holds_at(plain.start_of(i)):
                    prices[i] = (taken + worth, fed)
                    if each.ask.limit_w is not None:
                        caps_w[i] = min(each.ask.limit_w, caps_w.get(i, each.ask.limit_w))
        return replace(plain, prices=prices, caps_w=caps_w)

    def state(self, state: State, *, zone: str) -> State:
        """How the devices stand, with the car wanted when its owner wants it."""
        stays = tuple(self._stay(stay, zone=zone) for stay in state.stays)
        return replace(state, stays=stays)

    def _stay(self, stay: Stay, *, zone: str) -> Stay:
        wishes = self.orders.preferences
        if wishes.car_ready_min is None or wishes.car_ready_wh is None:
            return stay
        ready_s = _ready_in(stay, wishes.car_ready_min, zone=zone)
        return replace(stay, ready_s=ready_s, ready_with_wh=wishes.car_ready_wh)


def guide(home: Home, orders: Orders, *, asks: Iterable[Ask], now_s: int) -> Guidance:
    """Raises InputError for a preference that this home cannot fulfil."""
    wished = _wished(home, orders)
    overrides = {
        device: found
        for device in devices_of(home)
        if (found := orders.override(device, now_s=now_s)) is not None
    }
    apart = {device: _why_overridden(found) for device, found in overrides.items()}
    for device in devices_of(home):
        if device in orders.preferences.off_limits:
            apart.setdefault(device, "your preferences put it off limits")
        elif orders.consents.of(device, Signal.PRICE, now_s=now_s) is None:
            apart.setdefault(device, "you have not consented that prices move it")
    kept = [device for device in devices_of(home) if device not in apart]
    heeds = heed(asks, orders, devices=kept, now_s=now_s)
    return Guidance(_only(wished, kept), orders, now_s, heeds, overrides, apart)


def devices_of(home: Home | None) -> tuple[str, ...]:
    """The names of what stands in a home and can be moved."""
    if home is None:
        return ()
    there = (home.battery, home.car, home.climate, home.water, home.appliances)
    return tuple(name for name, device in zip(DEVICES, there, strict=True) if device)


def _why_overridden(override: Override) -> str:
    done = {"run": "it runs", "rest": "it rests", "leave": "the agent keeps its hands off"}
    return f"you said so by hand: {done[override.hand.value]}"


def _only(home: Home, kept: list[str]) -> Home | None:
    if not kept:
        return None
    return replace(
        home,
        battery=home.battery if BATTERY in kept else None,
        end_of_day_wh=home.end_of_day_wh if BATTERY in kept else 0,
        car=home.car if CAR in kept else None,
        climate=home.climate if CLIMATE in kept else None,
        water=home.water if WATER in kept else None,
        appliances=home.appliances if APPLIANCES in kept else (),
    )


def _wished(home: Home, orders: Orders) -> Home:
    wishes = orders.preferences
    if wishes.reserve_wh is not None:
        if home.battery is None:
            raise InputError("reserve_wh: there is no battery in this home to keep a reserve")
        if wishes.reserve_wh >= home.battery.capacity_wh:
            raise InputError(
                f"reserve_wh is {wishes.reserve_wh} in the preferences, and capacity_wh is "
                f"{home.battery.capacity_wh} in the home's file: the battery holds no more"
            )
        end_wh = max(home.end_of_day_wh, wishes.reserve_wh)
        battery = replace(home.battery, reserve_wh=wishes.reserve_wh)
        home = replace(home, battery=battery, end_of_day_wh=end_wh)
    if wishes.comfort:
        if home.climate is None:
            raise InputError("comfort: there is no [climate] in this home to keep a temperature")
        home = replace(home, climate=replace(home.climate, bands=wishes.comfort))
    if wishes.car_ready_wh is not None:
        if home.car is None:
            raise InputError("ready_with_wh: there is no [car] in this home to be made ready")
        if wishes.car_ready_wh > home.car.battery.capacity_wh:
            raise InputError(
                f"ready_with_wh is {wishes.car_ready_wh} in the preferences, and capacity_wh of "
                f"the [car] is {home.car.battery.capacity_wh} in the home's file: it holds no more"
            )
    missing = wishes.off_limits - set(devices_of(home))
    if missing:
        raise InputError(f"off_limits names {', '.join(sorted(missing))}, not in this home")
    return home


def _ready_in(stay: Stay, minute: int, *, zone: str) -> int:
    """The first time that the clock shows `minute` within the stay, or else its own."""
    day = datetime.fromtimestamp(stay.from_s, ZoneInfo(zone)).date()
    found = (instant_s(day, minute + DAY_MIN * n, zone=zone) for n in range(2))
    return next((at_s for at_s in found if stay.from_s < at_s <= stay.until_s), stay.ready_s)
