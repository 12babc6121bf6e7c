"""A day each of what can happen: every one ends in a sane plan, with reasons."""

from dataclasses import replace

from gridplus.control import Hand, Override, Preferences, Quiet, Signal
from gridplus.control.preferences import ABOLT_PER_CENT
from gridplus.signals.requests import (
    DemandRequest,
    Edition,
    Span,
    emergency_event,
    limit_event,
    request_event,
)
from gridplus.tariff import Tally, energy_prices
from tests.control.house import HOME, House, consents, orders
from tests.hub.town import DAY, PLAN, PRICES

CAR_COMES, CAR_READY, CAR_GOES = 36, 64, 66
ASK = Edition("ask 1")
EVENING = Span(DAY[72].start_s, DAY[80].start_s)
NOON = Span(DAY[48].start_s, DAY[56].start_s)
REQUEST, EVENING_REQUEST = (
    request_event("p", DemandRequest(span, 1, "10-of-10", 2_000_000_000), edition=ASK)
    for span in (NOON, EVENING)
)
WANTED_WH = 12_000 * 10 // 9


def in_order(house: House) -> None:
    """The car was ready, and the house kept its band at the end."""
    assert house.sum_of("car", CAR_COMES, CAR_READY) >= WANTED_WH - 20
    assert house.devices.fittings.levels.indoor_uc is not None
    assert 17_900_000 <= house.devices.fittings.levels.indoor_uc <= 25_600_000
    assert all(action.why for decision in house.decisions for action in decision.actions)


def test_a_price_spike_is_lived_through_and_named() -> None:
    prices = list(House().prices.prices_ubolt_per_mwh)
    prices[10:13] = [5_000_000_000] * 3
    house = House(prices=replace(House().prices, prices_ubolt_per_mwh=tuple(prices)))
    house.live(96)
    assert house.sum_of("car", 40, 52) == 0, "10:00 to 13:00 costs 5 $ a kWh"
    assert house.sum_of("battery", 40, 52) < 0
    assert "¢" in house.why(44, "battery")
    in_order(house)


def test_revised_prices_end_the_plan_of_before() -> None:
    house = House()
    house.live(CAR_COMES + 1)
    prices = list(house.prices.prices_ubolt_per_mwh)
    prices[9:14] = [900_000_000] * 5
    prices[14:16] = [1_000_000] * 2
    house.prices = replace(house.prices, version=2, prices_ubolt_per_mwh=tuple(prices))
    house.live(96)
    assert house.sum_of("car", CAR_COMES + 1, 56) < 4_000, "what cannot wait for 14:00"
    assert house.sum_of("car", 56, 64) > 8_000
    in_order(house)


def test_an_override_in_mid_plan_counts_until_its_end_and_is_planned_around() -> None:
    house = House()
    house.live(40)
    rest = Override("car", Hand.REST, DAY[48].start_s)
    run = Override("climate", Hand.RUN, DAY[42].start_s)
    house.orders = replace(house.orders, overrides=(rest, run))
    house.live(96)
    assert house.sum_of("car", 40, 48) == 0
    assert [took["climate"] for took in house.took[40:42]] == [875, 875]
    assert house.why(41, "car") == "you said so by hand: it rests"
    assert house.why(42, "climate") != house.why(41, "climate")
    in_order(house)


def test_a_request_moves_what_may_follow_and_its_end_is_the_plans_own() -> None:
    plain, asked = House(), House()
    asked.hear(REQUEST, "event-7")
    plain.live(96)
    asked.live(96)
    assert sum(asked.imported[48:56]) < sum(plain.imported[48:56])
    action = asked.decisions[50].actions[0]
    assert action.signals == ("event-7 of 2021-07-03T12:00:00Z",)
    assert [each.signal for each in action.consents] == [Signal.PRICE, Signal.REQUEST]
    assert "(asked: use less for 200.0 ¢ a kWh)" in action.why
    assert asked.decisions[60].actions[0].signals == ()
    in_order(asked)


def test_a_cancelled_event_is_as_if_it_had_never_been() -> None:
    plain, asked = House(), House()
    asked.hear(
        EVENING_REQUEST,
        "event-7",
    )
    asked.live(4)
    asked.timeline = asked.timeline.cancel("event-7", at_us=1 << 60)
    asked.live(96)
    plain.live(96)
    in_order(asked)
    assert asked.sum_of("car") == plain.sum_of("car")
    assert all(action.signals == () for d in asked.decisions[4:] for action in d.actions)
    assert asked.took[8:] == plain.took[8:]


def test_a_request_below_the_owners_price_or_without_consent_is_declined_with_a_reason() -> None:
    """I-CT-1."""
    plain = House()
    plain.live(56)
    for said, why in (
        (orders(Preferences()), "your preferences join no requests"),
        (orders(Preferences(least_reward_abolt=300 * ABOLT_PER_CENT)), "300.0 ¢ at least"),
        (
            orders(given=consents(*((d, Signal.PRICE) for d in ("battery", "car", "climate")))),
            "no device may follow paid requests",
        ),
    ):
        house = House(said)
        house.hear(REQUEST, "event-7")
        house.live(56)
        assert house.took == plain.took, "asked, not forced"
        ((cited, because),) = house.decisions[50].declined
        assert cited.startswith("event-7")
        assert why in because


def test_a_device_that_may_not_follow_goes_on_as_if_nobody_had_asked() -> None:
    given = [(device, Signal.PRICE) for device in ("battery", "car", "climate")]
    house = House(orders(given=consents(*given, ("battery", Signal.REQUEST))))
    house.hear(REQUEST, "event-7")
    house.live(96)
    battery, car, _climate = house.decisions[50].actions
    assert battery.signals
    assert car.signals == ()
    in_order(house)


def test_a_limit_is_kept_while_it_holds_and_an_emergency_is_given_way_to() -> None:
    house = House()
    house.hear(limit_event("p", NOON, import_w=2_000, edition=ASK), "event-1")
    house.hear(emergency_event("p", EVENING, text="the grid is short", edition=ASK), "event-2")
    house.live(96)
    assert max(house.imported[48:56]) <= 500
    assert sum(house.imported[72:80]) < 8 * 200
    assert "the grid is short" in house.why(74, "battery")
    in_order(house)


def test_a_limit_is_planned_for_before_it_begins_and_is_nothing_after_it() -> None:
    """The car charges before and after what it would have taken meanwhile."""
    plain, house = House(), House()
    house.hear(limit_event("p", NOON, import_w=1_000, edition=ASK), "event-1")
    plain.live(96)
    house.live(CAR_COMES + 1)
    plan = house.planner.plan
    assert plan is not None
    noon = (NOON.start_s - plan.start_s) // plan.length_s
    assert max(flow.import_wh for flow in plan.flows[noon : noon + 8]) <= 250
    assert max(flow.import_wh for flow in plan.flows[noon + 8 :]) > 250
    house.live(96)
    assert max(house.imported[48:56]) <= 250
    assert max(house.imported[56:]) > 250
    in_order(house)


def test_wishes_that_cannot_all_be_are_met_in_the_owners_order() -> None:
    """The car shall be full, and quiet until shortly before: as much as there is time for."""
    quiet = Quiet(9 * 60, 15 * 60, frozenset({"car"}))
    said = Preferences(car_ready_min=16 * 60, car_ready_wh=60_000, quiet=(quiet,))
    house = House(orders(said))
    house.live(96)
    assert house.sum_of("car", 36, 60) == 0
    assert [took["car"] for took in house.took[60:64]] == [1_800] * 4
    assert house.why(40, "car") == "these are your quiet hours"


def test_above_the_highest_price_nothing_that_can_wait_is_bought() -> None:
    prices = energy_prices(PLAN, PRICES, intervals=DAY, before=Tally())
    most = prices[70][0]
    house = House(orders(Preferences(most_abolt=most)))
    house.live(96)
    dear = [i for i in range(96) if prices[i][0] > most]
    assert dear
    assert all(house.took[i]["climate"] + house.took[i]["car"] == 0 for i in dear)
    assert all(house.took[i]["battery"] <= 0 for i in dear)
    assert "you never want to pay so much" in house.why(dear[0], "climate")


def test_a_device_off_limits_or_without_consent_is_left_alone() -> None:
    given = consents(("battery", Signal.PRICE), ("climate", Signal.PRICE))
    house = House(orders(Preferences(off_limits=frozenset({"climate"})), given))
    house.live(96)
    assert all(decision.wanted_wh == {} for decision in house.decisions)
    assert house.why(50, "climate") == "your preferences put it off limits"
    assert house.why(50, "car") == "you have not consented that prices move it"
    assert house.sum_of("car") >= WANTED_WH - 20, "it charges as it does alone"


def test_a_consent_ends_by_itself_in_the_middle_of_a_day() -> None:
    given = consents(*((d, Signal.PRICE) for d in ("battery", "car", "climate")))
    ending = consents(("battery", Signal.PRICE), until_s=DAY[50].start_s)
    house = House(orders(given=replace(given, given=(*given.given[1:], *ending.given))))
    house.live(52)
    assert house.decisions[49].rule is not None
    assert house.decisions[50].rule is None


def test_orders_that_cannot_be_read_change_nothing_and_are_named() -> None:
    house = House()
    house.live(10)
    house.orders = orders(Preferences(reserve_wh=HOME.require_battery().capacity_wh))
    house.live(20)
    assert house.word.fault is not None
    assert "the battery holds no more" in house.word.fault
    assert house.decisions[15].rule is not None
