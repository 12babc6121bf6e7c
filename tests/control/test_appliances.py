"""Appliances begin when the plan says, when the owner's hand says, and not without his consent."""

from dataclasses import replace

import pytest

from gridplus.control import Hand, Override, Preferences, Quiet, Signal
from gridplus.failures import InputError
from gridplus.planner import Appliance
from tests.control.house import HOME, House, consents, orders
from tests.hub.town import DAY

WASHER = Appliance("washer", energy_wh=1_200, run_min=60, from_min=9 * 60, until_min=17 * 60)
WITH_WASHER = replace(HOME, car=None, climate=None, appliances=(WASHER,))
WINDOW = range(36, 65)
ALL = consents(*((device, Signal.PRICE) for device in ("battery", "appliances")))


def begun(house: House) -> list[int]:
    """The intervals in which the washer was told to begin."""
    said = enumerate(house.decisions)
    return [at for at, each in said for action in each.actions if action.does == "begins washer"]


def washing(**changed: object) -> House:
    given = {"given": ALL, **changed}
    return House(orders(**given), home=WITH_WASHER)  # type: ignore[arg-type]


def test_an_appliance_begins_once_in_its_window_where_it_costs_least_and_says_why() -> None:
    house = washing()
    house.live(68)
    (at,) = begun(house)
    assert at in WINDOW
    assert house.decisions[at].wanted_wh["washer"] == 300
    assert house.why(at, "appliances").startswith("washer begins at ")
    assert house.why(at - 5, "appliances").startswith("washer waits for ")
    assert house.decisions[at].actions[-1].consents, "the consent that allowed it is kept"
    prices = [house.prices.prices_ubolt_per_mwh[i // 4] for i in range(96)]
    assert sum(prices[at : at + 4]) == min(sum(prices[i : i + 4]) for i in WINDOW if i <= 64)


def test_without_consent_an_appliance_is_left_alone() -> None:
    house = washing(given=consents(("battery", Signal.PRICE)))
    house.live(68)
    assert begun(house) == []
    assert not any("washer" in each.wanted_wh for each in house.decisions)
    assert house.why(40, "appliances") == "you have not consented that prices move it"


def test_in_quiet_hours_no_appliance_runs() -> None:
    free = washing()
    free.live(68)
    (at,) = begun(free)
    minute = at * 15 // 60 * 60
    quiet = Quiet(minute, minute + 60, frozenset({"appliances"}))
    house = washing(preferences=Preferences(quiet=(quiet,)))
    house.live(68)
    (later,) = begun(house)
    assert set(range(later, later + 4)).isdisjoint(range(minute // 15, minute // 15 + 4))


def test_a_hand_on_the_appliances_stands_above_the_plan() -> None:
    house = washing()
    house.live(30)
    rest = Override("appliances", Hand.REST, DAY[95].end_s)
    house.orders = replace(house.orders, overrides=(rest,))
    house.live(50)
    run = Override("appliances", Hand.RUN, DAY[51].start_s)
    house.orders = replace(house.orders, overrides=(rest, run))
    house.live(68)
    assert begun(house) == [50]
    assert house.why(50, "appliances") == "you said so by hand: it runs"


def test_an_appliance_with_the_name_of_a_device_is_refused() -> None:
    with pytest.raises(InputError, match="not named battery"):
        replace(HOME, appliances=(replace(WASHER, name="car"),))
