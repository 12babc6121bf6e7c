from datetime import date

import pytest

from gridplus.failures import InputError
from gridplus.tariff import RULES, Offer, find_prohibition
from tests.tariff.examples import plan_with

LAW, BEFORE, AFTER = date(2021, 9, 1), date(2021, 3, 1), date(2022, 1, 1)

OFFERS = [
    # customer, kind, from, until (exclusive), forbidden
    ("residential", "real_time_index", AFTER, None, True),
    ("residential", "real_time_index", AFTER, date(2022, 2, 1), True),
    ("small_commercial", "real_time_index", AFTER, None, True),
    ("large_commercial", "real_time_index", AFTER, None, False),
    ("residential", "day_ahead_index", AFTER, None, False),
    ("residential", "fixed", AFTER, None, False),
    ("residential", "real_time_index", BEFORE, None, True),
    ("residential", "real_time_index", BEFORE, LAW, False),
    ("residential", "real_time_index", BEFORE, date(2021, 9, 2), True),
    ("residential", "real_time_index", LAW, None, True),
]


@pytest.mark.parametrize(("customer", "kind", "start", "until", "forbidden"), OFFERS)
def test_texas_bars_real_time_pass_through_for_small_customers(
    customer: str, kind: str, start: date, until: date | None, forbidden: bool
) -> None:
    rule = find_prohibition(Offer("US-TX", customer, kind, start, until))
    assert (rule is not None) == forbidden
    if rule is not None:
        assert rule.law == "Tex. Util. Code 39.110 (HB 16, 87th Leg.)"


def test_a_rule_does_not_reach_into_another_jurisdiction() -> None:
    offer = Offer("DE", "residential", "real_time_index", AFTER, None)
    assert find_prohibition(offer) is None


def test_each_rule_names_its_source() -> None:
    assert all(rule.source.startswith("https://") and rule.text for rule in RULES)


REAL_TIME = ('market = "DAM"', 'market = "RTM"')


def test_a_forbidden_plan_is_refused_with_the_name_of_the_law() -> None:
    with pytest.raises(InputError, match=r"forbidden .* 2021-09-01 .*Util\. Code 39\.110 \(HB 16"):
        plan_with(REAL_TIME)


@pytest.mark.parametrize(
    "change",
    [
        ("as_of", "effective_until = 2021-09-01\nas_of"),
        ('"residential"', '"large_commercial"'),
        ('"US-TX"', '"simulation"'),
        ('kind = "index_price"', 'kind = "fixed_price"\nprice = "9.00 ¢/kWh"'),
    ],
)
def test_a_real_time_plan_is_lawful_before_that_for_others_and_where_it_only_pays_for_export(
    change: tuple[str, str],
) -> None:
    index = plan_with(REAL_TIME, change).index
    assert index is not None
    assert index.market == "RTM"


def test_a_simulation_is_computed_with_and_not_sold() -> None:
    plan_with().require_sellable()
    with pytest.raises(InputError, match="is a simulation; write the jurisdiction"):
        plan_with(('"US-TX"', '"simulation"')).require_sellable()
