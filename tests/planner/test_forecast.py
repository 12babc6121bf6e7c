import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import Bug
from gridplus.planner import PER_DAY, Energies, forecast_net_load

DAYS = 30
RNG = np.random.default_rng(2021)
LOAD_WH: Energies = RNG.integers(0, 900, DAYS * PER_DAY)
SOLAR_WH: Energies = RNG.integers(0, 700, DAYS * PER_DAY)


@given(st.integers(0, (DAYS - 1) * PER_DAY), st.integers(1, 100))
def test_a_poisoned_future_changes_nothing(now: int, count: int) -> None:
    """I-EN-3."""
    expected = forecast_net_load(LOAD_WH[:now].copy(), SOLAR_WH[:now].copy(), count=count)
    for poison in (np.nan, 1e30):
        load, solar = LOAD_WH.astype(np.float64), SOLAR_WH.astype(np.float64)
        load[now:] = solar[now:] = poison
        with np.errstate(invalid="raise"):
            past = load[:now].astype(np.int64), solar[:now].astype(np.int64)
            assert forecast_net_load(*past, count=count) == expected


def test_a_changed_past_changes_the_forecast() -> None:
    expected = forecast_net_load(LOAD_WH, SOLAR_WH, count=PER_DAY)
    busy = LOAD_WH.copy()
    busy[-PER_DAY // 2] += 1_000
    assert forecast_net_load(busy, SOLAR_WH, count=PER_DAY) != expected


def test_days_that_are_all_alike_are_expected_again_at_the_same_time_of_day() -> None:
    day_load, day_solar = LOAD_WH[:PER_DAY] // 10 * 10, SOLAR_WH[:PER_DAY]
    load, solar = np.tile(day_load, DAYS), np.tile(day_solar, DAYS)
    for now in (DAYS * PER_DAY, DAYS * PER_DAY - 17):
        cautious = (load[now % PER_DAY :][:PER_DAY] * 9 // 10) - solar[now % PER_DAY :][:PER_DAY]
        assert forecast_net_load(load[:now], solar[:now], count=PER_DAY) == tuple(cautious)


def test_a_cloudy_morning_dims_the_afternoon_and_less_so_the_evening() -> None:
    clear = np.tile(np.full(PER_DAY, 500), DAYS)
    cloudy = clear.copy()
    cloudy[-16:] = 100
    expected = forecast_net_load(np.zeros_like(clear), cloudy, count=PER_DAY // 2)
    assert -250 < expected[0] < expected[0] - expected[-1] < 500
    assert list(expected) == sorted(expected, reverse=True)


@pytest.mark.parametrize("past", [0, 1, PER_DAY - 1, PER_DAY, PER_DAY + 1])
def test_a_short_past_gives_a_forecast_too(past: int) -> None:
    expected = forecast_net_load(LOAD_WH[:past], SOLAR_WH[:past], count=PER_DAY)
    assert len(expected) == PER_DAY
    assert any(expected) == (past > 0)


def test_a_long_horizon_repeats_the_day() -> None:
    expected = forecast_net_load(LOAD_WH, np.zeros_like(LOAD_WH), count=2 * PER_DAY + 4)
    assert expected[:PER_DAY] == expected[PER_DAY : 2 * PER_DAY]
    assert expected[:4] == expected[2 * PER_DAY :]


def test_load_and_solar_of_different_lengths_are_a_bug() -> None:
    with pytest.raises(Bug, match="go together"):
        forecast_net_load(LOAD_WH, SOLAR_WH[1:], count=1)
