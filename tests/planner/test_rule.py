import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.planner import UWH_PER_WH, Battery, Rule, Step, respond
from tests.planner.scene import PLAIN, batteries

LENGTH_S = 900
HALF_UWH = 3_200 * UWH_PER_WH


def at_half(net_load_wh: int, *levels_wh: int) -> tuple[int, int]:
    """(charge, discharge) Wh of a half full battery under a rule given in Wh."""
    rule = Rule(*(wh * UWH_PER_WH for wh in levels_wh))
    step = respond(PLAIN, rule, net_load_wh=net_load_wh, stored_uwh=HALF_UWH, length_s=LENGTH_S)
    return step.charge_wh, step.discharge_wh


@pytest.mark.parametrize(
    ("net_load_wh", "levels_wh", "expected"),
    [
        (300, (0, 6_400, 0, 6_400), (0, 300)),
        (-300, (0, 6_400, 0, 6_400), (300, 0)),
        (0, (0, 6_400, 0, 6_400), (0, 0)),
        (300, (0, 6_400, 3_200, 6_400), (0, 0)),
        (300, (0, 6_400, 3_106, 6_400), (0, 88)),
        (-300, (0, 3_200, 0, 6_400), (0, 0)),
        (-300, (0, 3_295, 0, 6_400), (100, 0)),
        (300, (3_295, 6_400, 3_295, 6_400), (100, 0)),
        (-300, (3_675, 6_400, 3_675, 6_400), (500, 0)),
        (300, (0, 0, 0, 0), (0, 1_250)),
        (300, (0, 0, 0, 2_730), (0, 441)),
        (-9_000, (0, 6_400, 0, 6_400), (1_250, 0)),
        (9_000, (0, 6_400, 0, 6_400), (0, 1_250)),
    ],
)
def test_a_rule_moves_the_battery_to_its_levels_as_the_load_allows(
    net_load_wh: int, levels_wh: tuple[int, ...], expected: tuple[int, int]
) -> None:
    assert at_half(net_load_wh, *levels_wh) == expected


@given(batteries(), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-4_000, 4_000))
def test_four_equal_levels_are_a_set_point_reached_whatever_the_load(
    battery: Battery, stored_ppm: int, target_ppm: int, net_load_wh: int
) -> None:
    target_uwh = battery.capacity_wh * target_ppm
    step = respond(
        battery,
        Rule(*[target_uwh] * 4),
        net_load_wh=net_load_wh,
        stored_uwh=battery.capacity_wh * stored_ppm,
        length_s=LENGTH_S,
    )
    limit_wh = battery.limit_wh(LENGTH_S)
    reached = 0 <= step.stored_uwh - target_uwh < battery.drain_uwh(1)
    full = battery.room_wh(step.stored_uwh) == 0
    assert reached or full or limit_wh in (step.charge_wh, step.discharge_wh)


def test_a_step_says_what_the_meter_will_see() -> None:
    rule = Rule(0, PLAIN.capacity_uwh, 0, PLAIN.capacity_uwh)
    step = respond(PLAIN, rule, net_load_wh=2_000, stored_uwh=HALF_UWH, length_s=LENGTH_S)
    drained_uwh = PLAIN.drain_uwh(1_250)
    assert step == Step(0, 1_250, HALF_UWH - drained_uwh, 750, 0)
