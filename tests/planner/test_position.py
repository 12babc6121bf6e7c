import numpy as np

from gridplus.planner import (
    PER_DAY,
    UWH_PER_WH,
    Home,
    HomePast,
    Outlook,
    forecast_net_load,
    forecast_street,
    plan_battery,
)
from tests.planner.scene import ABOLT_PER_CENT_PER_KWH, PLAIN

RNG = np.random.default_rng(15)
HOME = Home(PLAIN, end_of_day_wh=1_600, solar=True)
STREET = [
    HomePast(HOME, RNG.integers(0, 900, 9 * PER_DAY), RNG.integers(0, 700, 9 * PER_DAY))
    for _ in range(3)
]
PRICES = [
    ((5 + i // 4) * ABOLT_PER_CENT_PER_KWH, (1 + i // 4) * ABOLT_PER_CENT_PER_KWH)
    for i in range(PER_DAY)
]


def test_a_street_is_the_sum_of_its_homes() -> None:
    alone = [forecast_street([past], PRICES, count=PER_DAY) for past in STREET]
    assert forecast_street(STREET, PRICES, count=PER_DAY) == tuple(
        map(sum, zip(*alone, strict=True))
    )
    assert forecast_street([], PRICES, count=4) == (0, 0, 0, 0)


def test_a_home_is_forecast_with_its_battery_planned_at_the_prices_of_the_past() -> None:
    past = STREET[0]
    net_wh = forecast_net_load(past.load_wh, past.solar_wh, count=PER_DAY)
    start_uwh = HOME.end_of_day_wh * UWH_PER_WH
    plan = plan_battery(PLAIN, Outlook(PRICES, net_wh), stored_uwh=start_uwh, end_wh=1_600)
    expected = tuple(step.import_wh - step.export_wh for step in plan.steps)
    assert forecast_street([past], PRICES, count=PER_DAY) == expected
    assert expected != net_wh


def test_intervals_between_the_last_read_and_the_day_are_skipped() -> None:
    past = STREET[0]
    ahead = 40
    flat = [(ABOLT_PER_CENT_PER_KWH,) * 2] * PER_DAY
    net_wh = forecast_net_load(past.load_wh, past.solar_wh, count=ahead + PER_DAY)[ahead:]
    assert forecast_street([past], flat, count=PER_DAY, ahead=ahead) == net_wh


def test_days_of_23_and_25_hours_follow_a_day_of_24() -> None:
    for count in (92, 100):
        assert len(forecast_street(STREET, PRICES, count=count)) == count
