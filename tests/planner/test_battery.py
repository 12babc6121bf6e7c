from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import Bug, InputError
from gridplus.planner import UWH_PER_WH, Battery
from tests.planner.scene import PLAIN, batteries


@given(batteries(), st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_round_trip_makes_energy(battery: Battery, charge_wh: int, stored_wh: int) -> None:
    """I-EN-1."""
    stored_uwh = min(stored_wh, battery.capacity_wh) * UWH_PER_WH
    charge_wh = min(charge_wh, battery.room_wh(stored_uwh))
    full_uwh = battery.after(stored_uwh, charge_wh=charge_wh, discharge_wh=0)
    back_wh = battery.yield_wh(full_uwh - stored_uwh)
    assert back_wh <= charge_wh
    assert battery.after(full_uwh, charge_wh=0, discharge_wh=back_wh) >= stored_uwh
    assert back_wh * UWH_PER_WH <= full_uwh - stored_uwh


@given(batteries(), st.integers(0, 10**10))
def test_intake_and_yield_are_the_tightest_whole_wh(battery: Battery, energy_uwh: int) -> None:
    intake_wh, yield_wh = battery.intake_wh(energy_uwh), battery.yield_wh(energy_uwh)
    assert intake_wh * battery.charge_ppm >= energy_uwh > (intake_wh - 1) * battery.charge_ppm
    assert battery.drain_uwh(yield_wh) <= energy_uwh < battery.drain_uwh(yield_wh + 1)


def test_a_battery_neither_overflows_nor_runs_dry() -> None:
    with pytest.raises(Bug, match="nothing to capacity"):
        PLAIN.after(PLAIN.capacity_uwh, charge_wh=1, discharge_wh=0)
    with pytest.raises(Bug, match="nothing to capacity"):
        PLAIN.after(0, charge_wh=0, discharge_wh=1)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("capacity_wh", 0, "capacity_wh is from 1"),
        ("power_w", -5, "power_w is from 1"),
        ("charge_ppm", 1_000_001, "charge_ppm is from 1 to 1000000"),
        ("discharge_ppm", 0, "discharge_ppm is from 1 to 1000000"),
        ("reserve_wh", PLAIN.capacity_wh, "less than capacity_wh"),
        ("wear_ubolt_per_mwh", -1, "wear_ubolt_per_mwh is from 0"),
    ],
)
def test_a_battery_that_cannot_be_is_refused_by_field(
    field: str, value: int, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        replace(PLAIN, **{field: value})


def test_efficiency_counts_on_both_ways() -> None:
    lossless = replace(PLAIN, charge_ppm=1_000_000, discharge_ppm=1_000_000)
    assert lossless.after(0, charge_wh=1_000, discharge_wh=0) == 1_000 * UWH_PER_WH
    assert PLAIN.after(0, charge_wh=1_000, discharge_wh=0) == 950 * UWH_PER_WH
    assert PLAIN.drain_uwh(940) == 1_000 * UWH_PER_WH
