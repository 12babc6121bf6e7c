"""A home that is planned again before every interval, while the world does what it wants.

Each scenario ends with every device within its limits, the car charged or its shortfall said, and
a reason for what was done. The plan before is always at hand, as an agent has it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from gridplus.planner import (
    UWH_PER_WH,
    Ahead,
    Home,
    HomePlan,
    Source,
    State,
    Stay,
    Wish,
    plan_home,
    reasons,
)
from gridplus.planner.store import stores_of
from tests.planner.scene import ABOLT_PER_CENT_PER_KWH
from tests.planner.street import CAR, CELL, CLIMATE, START_S, ZONE

COUNT, LENGTH_S = 24, 900
HOME = Home(CELL, 3_200, True, CAR, CLIMATE)
STAY = Stay(START_S - 3_600, START_S + 20 * LENGTH_S, START_S + 18 * LENGTH_S, 20_000, 32_000)
FLAT = [(10, 3)] * COUNT


@dataclass
class World:
    """What is so, and what was lived. Prices are what is believed at each moment."""

    prices: list[tuple[int, int]] = field(default_factory=lambda: list(FLAT))
    stay: Stay = STAY
    effort: int = 50_000
    battery_works: bool = True
    levels: dict[str, int] = field(
        default_factory=lambda: {
            "battery": 3_200 * UWH_PER_WH,
            "car": 20_000 * UWH_PER_WH,
            "climate": 23_000_000,
        }
    )
    imports: list[int] = field(default_factory=list)
    takes: list[dict[str, int]] = field(default_factory=list)

    def ahead(self, now: int) -> Ahead:
        rest = COUNT - now
        prices = [(a * ABOLT_PER_CENT_PER_KWH, b * ABOLT_PER_CENT_PER_KWH) for a, b in self.prices]
        at_s = START_S + now * LENGTH_S
        return Ahead(at_s, ZONE, prices[now:], [250] * rest, [0] * rest, [33_000] * rest)

    def state(self, now: int) -> State:
        stay = replace(self.stay, stored_wh=self.levels["car"] // UWH_PER_WH)
        here = START_S + now * LENGTH_S < self.stay.until_s
        stays = (stay,) if here else ()
        return State(self.levels["battery"], stays, self.levels["climate"] // 1_000)

    def live(self, now: int, plan: HomePlan) -> None:
        """Carry out the plan's first interval, as far as devices do what they are told."""
        ahead = self.ahead(now)
        taken = {}
        for store in stores_of(HOME, ahead, state=self.state(now)):
            move = plan.move(store.device, 0)
            assert move is not None
            works = self.battery_works or store.device != "battery"
            take_wh, give_wh = (move.take_wh, move.give_wh) if works else (0, 0)
            start = self.levels[store.device]
            level = store.after(start, 0, take_wh=take_wh, give_wh=give_wh)
            assert store.low <= level <= store.high
            self.levels[store.device] = level
            taken[store.device] = take_wh - give_wh
        self.takes.append(taken)
        self.imports.append(250 + sum(taken.values()))


def lived(world: World, event: Callable[[World, int], None]) -> Iterator[HomePlan]:
    """The plan made at each interval; `event` may change the world before it."""
    last = None
    for now in range(COUNT):
        event(world, now)
        ahead, state = world.ahead(now), world.state(now)
        last = plan_home(HOME, ahead, state=state, last=last, effort=world.effort)
        labels = [str(now + i) for i in range(ahead.count)]
        assert all(reasons(HOME, ahead, plan=last, labels=labels))
        world.live(now, last)
        yield last


def nothing(_world: World, _now: int) -> None:
    return


def test_without_an_event_every_wish_is_met() -> None:
    world = World()
    plans = list(lived(world, nothing))
    assert all(plan.unmet == () for plan in plans)
    assert world.levels["battery"] >= 3_200 * UWH_PER_WH
    assert world.levels["car"] >= 32_000 * UWH_PER_WH


def test_a_price_spike_finds_the_battery_full_and_the_car_waiting() -> None:
    def spike(world: World, now: int) -> None:
        if now == 2:  # told an hour before it begins
            world.prices[6:10] = [(900, 3)] * 4

    world = World()
    plans = list(lived(world, spike))
    assert all(taken["car"] == 0 for taken in world.takes[6:10])
    assert all(wh == 0 for wh in world.imports[6:10])
    assert world.levels["car"] >= 32_000 * UWH_PER_WH
    assert plans[-1].unmet == ()


def test_revised_prices_are_followed_from_the_moment_they_are_known() -> None:
    def revise(world: World, now: int) -> None:
        if now == 0:
            world.prices[12:18] = [(1, 0)] * 6
        if now == 12:  # the cheap hours do not come after all: they are dear
            world.prices[12:18] = [(60, 0)] * 6

    world = World()
    plans = list(lived(world, revise))
    assert all(taken["car"] == 0 for taken in world.takes[:3]), "it waits for the cheap hours"
    assert plans[12].unmet == (), "what is wished outranks the price"
    assert world.levels["car"] >= 32_000 * UWH_PER_WH
    assert all(taken["battery"] <= 0 for taken in world.takes[12:18])


def test_a_car_that_is_taken_in_mid_plan_is_let_go_with_what_is_missing_said() -> None:
    def taken_early(world: World, now: int) -> None:
        if now == 4:
            leaves_s = START_S + 6 * LENGTH_S
            world.stay = replace(STAY, until_s=leaves_s, ready_s=leaves_s)

    world = World(prices=[(20, 3)] * 10 + [(5, 3)] * 14)
    plans = list(lived(world, taken_early))
    (unmet,) = plans[4].unmet
    assert unmet.wish is Wish.CAR
    assert all(taken["car"] == 1_800 for taken in world.takes[4:6]), "as fast as it can"
    assert unmet.missing == 12_000 - 2 * 1_800 * 9 // 10
    assert plans[6].unmet == ()


def test_a_battery_that_does_not_follow_is_planned_from_where_it_is() -> None:
    def broken(world: World, now: int) -> None:
        world.battery_works = now < 4

    world = World(prices=[(5, 3)] * 12 + [(60, 3)] * 12)
    plans = list(lived(world, broken))
    stuck = world.levels["battery"]
    assert all(plan.source is Source.OPTIMAL for plan in plans)
    assert world.levels["car"] >= 32_000 * UWH_PER_WH
    last_wish = {unmet.wish for unmet in plans[-1].unmet}
    assert last_wish == (set() if stuck >= 3_200 * UWH_PER_WH else {Wish.END_CHARGE})


def test_a_planner_that_is_out_of_time_for_an_hour_goes_on_with_its_last_plan() -> None:
    def slow(world: World, now: int) -> None:
        world.effort = 0 if 5 <= now < 9 else 50_000

    world, steady = World(prices=[(5, 3)] * 12 + [(60, 3)] * 12), World()
    steady.prices = list(world.prices)
    plans = list(lived(world, slow))
    list(lived(steady, nothing))
    assert [plan.source for plan in plans[4:10]] == [
        Source.OPTIMAL,
        *[Source.LAST_PLAN] * 4,
        Source.OPTIMAL,
    ]
    assert world.levels["car"] >= 32_000 * UWH_PER_WH
    assert abs(sum(world.imports) - sum(steady.imports)) <= COUNT


def test_a_planner_that_never_has_time_still_charges_the_car_and_keeps_the_house() -> None:
    world = World(effort=0)
    plans = list(lived(world, nothing))
    assert plans[0].source is Source.SAFE_DEFAULT
    assert world.levels["car"] >= 32_000 * UWH_PER_WH
    assert 20_000_000 <= world.levels["climate"] <= 24_010_000
