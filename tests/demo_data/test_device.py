from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.demo.device import DeviceState, Measured, SimulatedHome
from gridplus.demo.street_data import home_series
from gridplus.failures import Bug, InputError
from gridplus.market import operating_day_bounds
from gridplus.meter import check_follows
from gridplus.planner import Battery, Home, Rule
from gridplus.units import Interval

START_S = operating_day_bounds(date(2021, 6, 21))[0]
BATTERY = Battery(
    capacity_wh=6_400,
    power_w=5_000,
    charge_ppm=950_000,
    discharge_ppm=950_000,
    reserve_wh=640,
    wear_ubolt_per_mwh=20_000_000,
)
HOME = Home(BATTERY, end_of_day_wh=3_200, solar=True)
HALF_UWH = BATTERY.capacity_uwh // 2
SERIES = home_series(4)
LEVEL = st.integers(0, BATTERY.capacity_uwh)
RULES = st.lists(LEVEL, min_size=4, max_size=4).map(
    lambda levels: Rule(*(sorted(levels)[place] for place in (0, 1, 2, 3)))
)


def home(*, now_s: int = START_S, stored_uwh: int = HALF_UWH) -> SimulatedHome:
    return SimulatedHome(SERIES, HOME, state=DeviceState(now_s, stored_uwh))


def live(device: SimulatedHome, rules: list[Rule | None]) -> list[Measured]:
    return [device.advance(device.next_interval, rule) for rule in rules]


@settings(max_examples=50)
@given(st.lists(RULES, min_size=1, max_size=30))
def test_energy_is_kept_and_the_battery_within_its_limits_whatever_it_is_told(
    rules: list[Rule],
) -> None:
    previous = None
    for measured in live(home(now_s=START_S + 40_000 // 900 * 900), list(rules)):
        step, read = measured.battery, measured.read
        drawn_wh = measured.load_wh - measured.solar_wh + step.charge_wh - step.discharge_wh
        assert read.import_wh - read.export_wh == drawn_wh
        assert min(read.import_wh, read.export_wh) == 0
        assert 0 <= step.stored_uwh <= BATTERY.capacity_uwh
        assert max(step.charge_wh, step.discharge_wh) <= BATTERY.limit_wh(900)
        assert check_follows(previous, read) is None
        previous = read


def test_without_a_rule_the_battery_rests() -> None:
    device = home()
    for measured in live(device, [None] * 96):
        assert (measured.battery.charge_wh, measured.battery.discharge_wh) == (0, 0)
        net_wh = measured.load_wh - measured.solar_wh
        assert measured.read.import_wh - measured.read.export_wh == net_wh
    assert device.state.stored_uwh == HALF_UWH


def test_a_rule_to_fill_up_fills_the_battery_at_its_power() -> None:
    full = Rule(*(BATTERY.capacity_uwh,) * 4)
    device = home()
    charged = [measured.battery.charge_wh for measured in live(device, [full] * 4)]
    assert charged[:2] == [1_250, 1_250]
    assert sum(charged) == 3_368
    assert BATTERY.capacity_uwh - device.state.stored_uwh < BATTERY.charge_ppm


def test_a_device_carries_on_from_its_state_as_if_it_had_never_stopped() -> None:
    rule = Rule(HALF_UWH, BATTERY.capacity_uwh, BATTERY.reserve_uwh, BATTERY.capacity_uwh)
    one, other = home(), home()
    whole = live(one, [rule] * 40)
    parts = live(other, [rule] * 17)
    parts += live(SimulatedHome(SERIES, HOME, state=other.state), [rule] * 23)
    assert parts == whole


def test_the_past_is_known_and_the_running_interval_is_not() -> None:
    device = home()
    load_wh, solar_wh = device.past(START_S - 86_400, START_S)
    assert len(load_wh) == len(solar_wh) == 96
    with pytest.raises(Bug, match="nobody measures the future"):
        device.past(START_S - 900, START_S + 900)
    measured = device.advance(device.next_interval, None)
    load_wh, _ = device.past(START_S, START_S + 900)
    assert load_wh.tolist() == [measured.load_wh]


def test_time_neither_jumps_nor_stands_still() -> None:
    device = home()
    device.advance(device.next_interval, None)
    for wrong in (START_S, START_S + 1_800):
        with pytest.raises(Bug, match="one interval after the other"):
            device.advance(Interval(wrong, 900), None)
    with pytest.raises(Bug, match="one interval after the other"):
        device.advance(Interval(START_S + 900, 300), None)


def test_where_data_ends_the_device_stops_and_nothing_has_changed() -> None:
    device = home(now_s=SERIES.end_s)
    before = device.state
    with pytest.raises(InputError, match="home 4 has data from"):
        device.advance(device.next_interval, None)
    assert device.state == before


def test_a_battery_cannot_begin_fuller_than_full() -> None:
    with pytest.raises(Bug, match="a battery holds"):
        home(stored_uwh=BATTERY.capacity_uwh + 1)
