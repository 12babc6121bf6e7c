from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.market import (
    Position,
    PriceVersion,
    cost_ubolt,
    imbalance_wh,
    operating_day_intervals,
)
from gridplus.units import Interval
from tests.market.test_prices import AUTUMN, SPRING, URI, day_version

ENERGY = st.integers(-50_000, 50_000)


def flat(prices: PriceVersion, price_ubolt_per_mwh: int) -> PriceVersion:
    count = len(prices.prices_ubolt_per_mwh)
    return replace(prices, prices_ubolt_per_mwh=(price_ubolt_per_mwh,) * count)


@st.composite
def days(draw: st.DrawFn) -> tuple[date, dict[Interval, int], dict[Interval, int]]:
    """A day with a forecast and a consumption per settlement interval."""
    day = draw(st.sampled_from([SPRING, URI, AUTUMN]))
    intervals = operating_day_intervals(day)
    amounts = st.lists(ENERGY, min_size=len(intervals), max_size=len(intervals))
    forecast, consumption = (dict(zip(intervals, draw(amounts), strict=True)) for _ in range(2))
    return day, forecast, consumption


@given(days())
def test_position_plus_imbalance_is_consumption_in_every_interval(
    case: tuple[date, dict[Interval, int], dict[Interval, int]],
) -> None:
    """I-EN-4."""
    day, forecast, consumption = case
    position = Position.from_forecast("LZ_HOUSTON", forecast)
    assert sum(position.energy_wh) == sum(forecast.values())
    assert len(position.energy_wh) == len(operating_day_intervals(day)) // 4
    imbalance = imbalance_wh(position, consumption)
    for interval, short_wh in imbalance:
        assert position.in_interval(interval) + short_wh == consumption[interval]
    for hour, energy_wh in position.by_hour:
        parts = [position.in_interval(quarter) for quarter in hour.split(4)]
        assert sum(parts) == energy_wh
        assert max(parts) - min(parts) <= 1


@given(days())
def test_at_one_price_a_bad_forecast_costs_nothing_but_its_rounding(
    case: tuple[date, dict[Interval, int], dict[Interval, int]],
) -> None:
    day, forecast, consumption = case
    prices = day_version(day)
    position = Position.from_forecast("LZ_HOUSTON", forecast)
    bought = position.cost_ubolt(prices)
    settled = cost_ubolt(imbalance_wh(position, consumption), prices)
    exact = cost_ubolt(sorted(consumption.items()), prices)
    assert 0 <= bought + settled - exact <= 1


def test_a_cost_is_the_exact_sum_rounded_up_once() -> None:
    prices = flat(day_version(URI), 1)
    quarters = operating_day_intervals(URI)
    assert cost_ubolt([(quarters[0], 1)], prices) == 1
    assert cost_ubolt([(quarters[0], 500_000), (quarters[1], 500_000)], prices) == 1
    assert cost_ubolt([(quarters[0], 500_000), (quarters[1], 500_001)], prices) == 2
    assert cost_ubolt([(quarters[0], -1)], prices) == 0
    assert cost_ubolt([], prices) == 0


def test_an_hour_sold_ahead_splits_like_one_bought() -> None:
    quarters = operating_day_intervals(URI)[:4]
    sold = Position("LZ_HOUSTON", quarters[0].start_s, (-10,))
    assert [sold.in_interval(quarter) for quarter in quarters] == [-3, -3, -2, -2]
    assert sold.cost_ubolt(flat(day_version(URI), 1_000_000)) == -10


def test_nobody_has_a_position_outside_the_hours_bought() -> None:
    quarters = operating_day_intervals(URI)
    position = Position.from_forecast("LZ_HOUSTON", dict.fromkeys(quarters[:8], 100))
    assert position.energy_wh == (400, 400)
    before = Interval(quarters[0].start_s - 900, 900)
    for interval in (before, quarters[8], Interval(0, 7_200)):
        with pytest.raises(InputError, match="no position"):
            position.in_interval(interval)


def test_a_forecast_with_a_hole_or_half_an_hour_buys_nothing() -> None:
    quarters = operating_day_intervals(URI)
    holed = [*quarters[:2], *quarters[3:8]]
    for intervals in ([], quarters[:6], quarters[1:9], holed, [Interval(0, 3_600)]):
        with pytest.raises(InputError, match="a position needs a forecast"):
            Position.from_forecast("LZ_HOUSTON", dict.fromkeys(intervals, 1))
