"""A building is found again in the past that it made."""

import random

import pytest

from gridplus.failures import InputError
from gridplus.planner import Building, Home, State, fit_building
from gridplus.planner.store import stores_of
from tests.planner.street import CLIMATE, ahead

TRUE = Building(loss_ppm=90_000, gain_mc=300, heat_mc_per_kwh=1_500, cool_mc_per_kwh=1_200)


def past_of(building: Building, *, noise_mc: int) -> dict[str, list[int]]:
    """Two days of a thermostat with a dead band, outdoors from cold to hot."""
    rng = random.Random(7)
    indoor, past = 21_000.0, {"indoor_mc": [21_000], "outdoor_mc": [], "heat_wh": [], "cool_wh": []}
    for i in range(192):
        outdoor = 2_000 if i < 96 else 36_000
        heat_wh = 700 if indoor < 20_500 else 0
        cool_wh = 700 if indoor > 24_000 else 0
        indoor += (
            (outdoor - indoor) * building.loss_ppm / 1e6 / 4
            + building.gain_mc / 4
            + heat_wh * building.heat_mc_per_kwh / 1_000
            - cool_wh * building.cool_mc_per_kwh / 1_000
        )
        for name, value in (("outdoor_mc", outdoor), ("heat_wh", heat_wh), ("cool_wh", cool_wh)):
            past[name].append(value)
        past["indoor_mc"].append(round(indoor) + rng.randint(-noise_mc, noise_mc))
    return past


def fitted(past: dict[str, list[int]]) -> Building:
    return fit_building(
        past["indoor_mc"],
        past["outdoor_mc"],
        heat_wh=past["heat_wh"],
        cool_wh=past["cool_wh"],
        length_s=900,
    )


@pytest.mark.parametrize(("noise_mc", "within"), [(0, 0.01), (50, 0.15)])
def test_a_building_is_found_in_its_own_past(noise_mc: int, within: float) -> None:
    found = fitted(past_of(TRUE, noise_mc=noise_mc))
    for name in ("loss_ppm", "heat_mc_per_kwh", "cool_mc_per_kwh"):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=within)


def test_what_is_fitted_moves_as_the_planner_moves_it() -> None:
    past = past_of(TRUE, noise_mc=0)
    found = fitted(past)
    climate = type(CLIMATE)(found, 4_000, CLIMATE.bands)
    home = Home(None, 0, False, climate=climate)
    coming = ahead([(10, 0)] * 4, outdoor_mc=2_000)
    (store,) = stores_of(home, coming, state=State(indoor_mc=past["indoor_mc"][0]))
    level = store.start
    for i in range(4):
        level = store.after(level, i, take_wh=past["heat_wh"][i], give_wh=0)
    assert level / 1_000 == pytest.approx(past["indoor_mc"][4], abs=30)


def test_a_past_that_is_short_or_that_no_building_could_have_is_refused() -> None:
    past = past_of(TRUE, noise_mc=0)
    with pytest.raises(InputError, match="96 intervals or more"):
        fitted({name: column[: 50 + (name == "indoor_mc")] for name, column in past.items()})
    with pytest.raises(InputError, match="heating cools"):
        fitted({**past, "heat_wh": past["cool_wh"], "cool_wh": past["heat_wh"]})
    runaway = [21_000 + i * i for i in range(193)]
    with pytest.raises(InputError, match="which no building does"):
        fitted({**past, "indoor_mc": runaway, "outdoor_mc": [0] * 192})
