"""Every rule of prepaid service beside its negative, one step away."""

from dataclasses import replace
from datetime import date

import pytest

from gridplus.tariff.calendar import Holidays
from gridplus.tariff.prepaid import (
    LAWS,
    Breach,
    Care,
    PrepaidHome,
    PrepaidTerms,
    Weather,
    check_disconnection,
    check_prepaid_offer,
)

BOLT = 1_000_000
TUESDAY = date(2021, 8, 10)
HOLIDAYS = Holidays(nerc=True, days=frozenset())
TERMS = PrepaidTerms("residential", connection_ubolt=75 * BOLT, disconnection_ubolt=10 * BOLT)
HOME = PrepaidHome(
    TERMS,
    balance_ubolt=9 * BOLT,
    care=Care.NONE,
    warned_on=date(2021, 8, 9),
    disputed_ubolt=0,
    deferred_plan_kept=False,
    payment_possible=True,
)
MILD = Weather(previous_high_f=95, predicted_high_f=97)

OFFERS = [
    (TERMS, Care.NONE, ()),
    (
        replace(TERMS, connection_ubolt=75 * BOLT + 1), Care.NONE,
        (Breach.CONNECTION_BALANCE_TOO_HIGH,),
    ),
    (
        replace(TERMS, disconnection_ubolt=10 * BOLT + 1), Care.NONE,
        (Breach.DISCONNECTION_BALANCE_TOO_HIGH,),
    ),
    (PrepaidTerms("large_commercial", 500 * BOLT, 100 * BOLT), Care.NONE, ()),
    (TERMS, Care.CRITICAL_CARE, (Breach.CARE_NEEDS_POSTPAID,)),
    (TERMS, Care.CHRONIC_CONDITION, (Breach.CARE_NEEDS_POSTPAID,)),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "care", "breaches"), OFFERS)
def test_who_may_be_served_prepaid_and_on_which_terms(
    terms: PrepaidTerms, care: Care, breaches: tuple[Breach, ...]
) -> None:
    assert check_prepaid_offer(terms, care) == breaches


CASES: list[tuple[dict[str, object], Breach | None]] = [
    ({}, None),
    ({"balance_ubolt": 10 * BOLT - 1}, None),
    ({"balance_ubolt": 10 * BOLT}, Breach.BALANCE_NOT_BELOW),
    ({"balance_ubolt": -500 * BOLT}, None),
    ({"disputed_ubolt": BOLT - 1}, None),
    ({"disputed_ubolt": BOLT}, Breach.CHARGES_DISPUTED),
    ({"warned_on": None}, Breach.NOT_WARNED),
    ({"warned_on": TUESDAY}, Breach.NOT_WARNED),
    ({"warned_on": date(2021, 8, 3)}, None),
    ({"warned_on": date(2021, 8, 2)}, Breach.NOT_WARNED),
    ({"warned_on": date(2021, 8, 11)}, Breach.NOT_WARNED),
    ({"deferred_plan_kept": True}, Breach.DEFERRED_PLAN_KEPT),
    ({"payment_possible": False}, Breach.PAYMENT_IMPOSSIBLE),
    ({"care": Care.CRITICAL_CARE}, Breach.CARE_NEEDS_POSTPAID),
    ({"terms": replace(TERMS, connection_ubolt=80 * BOLT)}, Breach.CONNECTION_BALANCE_TOO_HIGH),
]


@pytest.mark.parametrize(("change", "breach"), CASES)
def test_a_home_is_disconnected_only_when_no_rule_stands_against_it(
    change: dict[str, object], breach: Breach | None
) -> None:
    """I-BI-10."""
    home = replace(HOME, **change)  # type: ignore[arg-type]
    found = check_disconnection(home, MILD, today=TUESDAY, holidays=HOLIDAYS)
    assert found == (() if breach is None else (breach,))


WEATHERS = [
    (Weather(32, 32), Breach.EXTREME_COLD),
    (Weather(33, 32), None),
    (Weather(32, 33), None),
    (Weather(-2, 20), Breach.EXTREME_COLD),
    (Weather(95, 97, (TUESDAY,)), Breach.HEAT_ADVISORY),
    (Weather(95, 97, (date(2021, 8, 8),)), Breach.HEAT_ADVISORY),
    (Weather(95, 97, (date(2021, 8, 7),)), None),
    (Weather(95, 97, (date(2021, 8, 11),)), None),
    (Weather(None, 97), Breach.WEATHER_UNKNOWN),
    (Weather(95, None), Breach.WEATHER_UNKNOWN),
]


@pytest.mark.parametrize(("weather", "breach"), WEATHERS)
def test_nobody_is_disconnected_in_a_weather_moratorium_or_an_unknown_weather(
    weather: Weather, breach: Breach | None
) -> None:
    found = check_disconnection(HOME, weather, today=TUESDAY, holidays=HOLIDAYS)
    assert found == (() if breach is None else (breach,))


@pytest.mark.parametrize(
    ("today", "off"),
    [
        (date(2021, 8, 12), False),
        (date(2021, 8, 13), True),
        (date(2021, 8, 14), True),
        (date(2021, 8, 15), True),
        (date(2021, 8, 16), False),
        (date(2021, 11, 23), False),
        (date(2021, 11, 24), True),
        (date(2021, 11, 25), True),
    ],
)
def test_nobody_is_disconnected_on_a_day_off_or_the_day_before_one(today: date, off: bool) -> None:
    home = replace(HOME, warned_on=date.fromordinal(today.toordinal() - 1))
    found = check_disconnection(home, MILD, today=today, holidays=HOLIDAYS)
    assert found == ((Breach.DAY_OFF,) if off else ())


def test_two_days_of_frost_in_february_are_a_moratorium() -> None:
    home = replace(HOME, warned_on=date(2021, 2, 15))
    found = check_disconnection(home, Weather(32, 30), today=date(2021, 2, 16), holidays=HOLIDAYS)
    assert found == (Breach.EXTREME_COLD,)


def test_all_breaches_are_named_at_once_in_the_order_of_the_rules() -> None:
    home = replace(HOME, care=Care.CHRONIC_CONDITION, warned_on=None, deferred_plan_kept=True)
    found = check_disconnection(home, MILD, today=TUESDAY, holidays=HOLIDAYS)
    assert found == (Breach.CARE_NEEDS_POSTPAID, Breach.NOT_WARNED, Breach.DEFERRED_PLAN_KEPT)
    assert sorted(found, key=list(Breach).index) == list(found)


def test_each_rule_names_its_law_and_has_a_case() -> None:
    assert set(LAWS) == set(Breach)
    assert all(rule.law and rule.source for rule in LAWS.values())
    tested = {breach for _, breach in CASES} | {breach for _, breach in WEATHERS}
    tested |= {breach for *_, breaches in OFFERS for breach in breaches} | {Breach.DAY_OFF}
    assert tested == {*Breach, None}
