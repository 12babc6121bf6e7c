from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.planner import Battery, Outlook, explain, format_cents, plan_battery
from gridplus.planner.explain import marginal, partners_of
from gridplus.units import PPM
from tests.planner.scene import EMPTY_UWH, PLAIN, batteries, outlook, outlooks

NIGHT, DAY, PEAK = (4, 1, 200), (8, 5, 200), (30, 25, 200)
DUST_WH = 10
"""Below this a charge may be little else than what rounding to whole Wh left over."""
LABELS = ("02:00", "12:00", "18:00", "23:00")


def said(battery: Battery, ahead: Outlook, *, stored_uwh: int, end_wh: int) -> tuple[str, ...]:
    plan = plan_battery(battery, ahead, stored_uwh=stored_uwh, end_wh=end_wh)
    return explain(battery, ahead, plan=plan, labels=LABELS)


def test_a_cycle_names_what_it_buys_and_what_that_is_worth() -> None:
    slow = replace(PLAIN, power_w=800)
    sentences = said(slow, outlook(NIGHT, DAY, PEAK, DAY), stored_uwh=EMPTY_UWH, end_wh=640)
    assert sentences == (
        "charging at 02:00: 4.0 ¢ now beats 30.0 ¢ at 18:00 after losses and wear",
        "charging at 12:00: 8.0 ¢ now beats 30.0 ¢ at 18:00 after losses and wear",
        "covering the home at 18:00: 30.0 ¢ beats the 4.0 ¢ of 02:00 after losses and wear",
        "idle at 23:00: nothing later pays for losses and wear",
    )


def test_selling_first_names_the_price_it_is_bought_back_for() -> None:
    assert said(PLAIN, outlook(PEAK, DAY, NIGHT), stored_uwh=4_000_000_000, end_wh=4_000) == (
        "exporting at 02:00: 25.0 ¢ now, bought back for 4.0 ¢ at 18:00",
        "charging at 12:00: 8.0 ¢ buys back what was worth 25.0 ¢ at 02:00",
        "charging at 18:00: 4.0 ¢ buys back what was worth 25.0 ¢ at 02:00",
    )


def test_what_has_no_counterpart_is_explained_by_the_reserve_the_end_or_the_spare_charge() -> None:
    assert said(PLAIN, outlook(PEAK), stored_uwh=0, end_wh=0) == (
        "charging at 02:00: the reserve comes first",
    )
    assert said(PLAIN, outlook(DAY, NIGHT), stored_uwh=EMPTY_UWH, end_wh=1_000) == (
        "idle at 02:00: waiting for 4.0 ¢ at 12:00",
        "charging at 12:00: 4.0 ¢ is the cheapest way to the charge wished for at the end",
    )
    dear, dearer = (29, 1, 200), (30, 1, 200)
    assert said(PLAIN, outlook(dear, dearer), stored_uwh=EMPTY_UWH + 10**8, end_wh=0) == (
        "idle at 02:00: kept for 12:00, worth 30.0 ¢",
        "covering the home at 12:00: 30.0 ¢ for charge that is not needed later",
    )


def test_solar_surplus_is_called_by_its_name() -> None:
    sun, evening = (20, 5, -500), (20, 5, 700)
    assert said(PLAIN, outlook(sun, evening), stored_uwh=EMPTY_UWH, end_wh=640) == (
        "storing solar at 02:00: 5.0 ¢ now beats 20.0 ¢ at 12:00 after losses and wear",
        "covering the home at 12:00: 20.0 ¢ beats the 5.0 ¢ of 02:00 after losses and wear",
    )


@settings(deadline=None)
@given(batteries(), outlooks(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_is_said_to_pay_does_pay(
    battery: Battery, ahead: Outlook, stored_ppm: int, end_ppm: int
) -> None:
    stored_uwh = battery.capacity_wh * stored_ppm
    end_wh = battery.capacity_wh * end_ppm // PPM
    steps = plan_battery(battery, ahead, stored_uwh=stored_uwh, end_wh=end_wh).steps
    befores_uwh = [stored_uwh, *(step.stored_uwh for step in steps)]
    for i, partner in partners_of(battery, steps).items():
        if steps[i].charge_wh <= DUST_WH or befores_uwh[i] < battery.reserve_uwh:
            continue
        paid, earned = (marginal(ahead, steps, at=k)[0] for k in (i, partner))
        both_ppm = battery.charge_ppm * battery.discharge_ppm
        assert (earned - battery.wear_abolt_per_wh) * both_ppm >= paid * PPM**2


def test_cents_are_rounded_half_up_to_a_tenth() -> None:
    assert format_cents(41_499_999_999_999) == "4.1 ¢"
    assert format_cents(41_500_000_000_000) == "4.2 ¢"
    assert format_cents(0) == "0.0 ¢"
