"""What goes wrong in a home: each ends in a sane plan, with a reason for what every device does."""

from collections.abc import Mapping

import pytest

from tests.control.house import Devices, House


class DeafDevices(Devices):
    """None of them does what it is told, but the battery."""

    def run(self, wanted_wh: Mapping[str, int]) -> None:
        return None


def in_order(house: House) -> None:
    """Every device has a reason, the house kept its band, and no limit was left."""
    assert all(action.why for decision in house.decisions for action in decision.actions)
    assert house.devices.fittings.levels.indoor_uc is not None
    assert 17_900_000 <= house.devices.fittings.levels.indoor_uc <= 25_600_000
    assert max(house.imported) * 4 <= 16_000


@pytest.mark.parametrize("places", [16, -8], ids=["forward", "back"])
def test_a_clock_that_jumps_ends_the_plan_and_the_next_one_is_sane(places: int) -> None:
    house = House()
    house.live(40)
    planned = house.planner.plan
    house.at += places
    house.live(41 + places)
    assert house.planner.plan is not planned, "a plan of another time is not gone on with"
    house.live(96)
    in_order(house)


def test_a_device_that_does_nothing_is_told_again_and_the_others_go_by_their_plan() -> None:
    house = House(made_of=DeafDevices)
    house.live(96)
    told = [decision.wanted_wh.get("car", 0) for decision in house.decisions]
    assert sum(bool(wh) for wh in told[36:64]) > 4, "the car is asked again and again"
    assert min(house.devices.stored_uwh, house.sum_of("battery", 0, 36)) != 0
    in_order(house)
