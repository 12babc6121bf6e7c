"""A simulated car and heat pump: the planner's own model, and what they do when nobody plans."""

from datetime import date

import pytest

from gridplus.demo.fittings import Fittings
from gridplus.demo.options import bundled
from gridplus.demo.street import HOME_FILES, home_file
from gridplus.demo.street_data import home_series, outdoor_mc
from gridplus.market import operating_day_intervals
from gridplus.planner import UWH_PER_WH, Ahead, Home, parse_home, plan_home
from gridplus.units import UBOLT_PER_BOLT, Interval

ZONE = "America/Chicago"
DAY = operating_day_intervals(date(2021, 1, 20))
PRICES = [(50_000 * UBOLT_PER_BOLT + i % 7 * 10**10, 10**10) for i in range(len(DAY))]


def home(file: str) -> Home:
    return parse_home(bundled(file), what=file)


def fittings(file: str) -> Fittings:
    return Fittings(home(file), zone=ZONE, outdoor_mc=outdoor_mc)


def settled(file: str) -> Fittings:
    """After a day that nobody planned."""
    found = fittings(file)
    for interval in operating_day_intervals(date(2021, 1, 19)):
        found.step(interval, None)
    return found


@pytest.mark.parametrize("file", HOME_FILES[1:])
def test_devices_that_follow_a_plan_come_where_the_planner_says(file: str) -> None:
    simulated, planned = settled(file), home(file)
    load_wh, solar_wh = home_series(1).window(DAY[0].start_s, DAY[-1].end_s)
    weather = [outdoor_mc(i.start_s) for i in DAY] if planned.climate is not None else []
    ahead = Ahead(DAY[0].start_s, ZONE, PRICES, load_wh.tolist(), solar_wh.tolist(), weather)
    state = simulated.state(3200 * UWH_PER_WH, now_s=DAY[0].start_s, end_s=DAY[-1].end_s)
    plan = plan_home(planned, ahead, state=state)
    assert not plan.unmet
    tracks = [track for track in plan.tracks if track.device != "battery"]
    assert tracks
    for i, interval in enumerate(DAY):
        moves = {t.device: m for t in tracks if (m := t.at(i)) is not None}
        wanted = {device: move.take_wh for device, move in moves.items()}
        took = simulated.step(interval, wanted)
        assert {device: wh for device, wh in took.items() if wh or device in wanted} == wanted
        if "climate" in moves:
            indoor_uc = simulated.levels.indoor_uc or 0
            assert abs(indoor_uc - moves["climate"].level) < 1_000, "a state is told in m°C"
        if "car" in moves and simulated.levels.car_uwh is not None:
            assert simulated.levels.car_uwh == moves["car"].level


def test_a_car_that_nobody_plans_charges_at_once_and_leaves_full_enough() -> None:
    car = fittings("home-car.toml")
    took = [car.step(interval, None)["car"] for interval in DAY]
    first, last = took.index(1_800), max(i for i, wh in enumerate(took) if wh)
    assert first == 1, "it comes at 00:15"
    assert last - first < 10
    assert 28_000 + sum(took) * 9 // 10 in range(40_000, 40_002)
    assert car.levels.car_uwh is None, "by day it is away"


@pytest.mark.parametrize("day", [date(2021, 1, 20), date(2021, 8, 20)])
def test_a_thermostat_keeps_the_band(day: date) -> None:
    house = fittings("home-climate.toml")
    for interval in operating_day_intervals(day):
        house.step(interval, None)
        indoor_c = (house.levels.indoor_uc or 0) / 1e6
        hour = (interval.end_s // 3_600 - (6 if day.month == 1 else 5)) % 24
        if 8 <= hour < 21:
            assert 20.49 <= indoor_c <= 24.51


def test_more_than_a_device_can_is_not_done() -> None:
    car = fittings("home-car.toml")
    arrives = Interval(DAY[1].start_s, 900)
    assert car.step(DAY[0], {"car": 5_000}) == {"car": 0}, "it is not there yet"
    assert car.step(arrives, {"car": 5_000}) == {"car": 1_800}
    assert car.step(DAY[2], {"car": 200}) == {"car": 0}, "below its least power it does not charge"
    assert car.step(DAY[3], {"car": -1}) == {"car": 0}


def test_every_fourth_home_has_both() -> None:
    files = [home_file(f"home-{number:02d}") for number in range(1, 9)]
    assert files == list(HOME_FILES) * 2
