"""Preferences, consents and orders, as files and as words."""

from dataclasses import replace

import pytest
from coincurve import PrivateKey

from gridplus.control import (
    Consent,
    Consents,
    Hand,
    Orders,
    Override,
    Preferences,
    Signal,
    guide,
    parse_orders,
    parse_preferences,
    write_orders,
)
from gridplus.control.preferences import ABOLT_PER_CENT
from gridplus.failures import InputError
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import ChannelId
from tests.control.house import CHANNEL, DOMAIN, HOME, OWNER, signed

FILE = """format = "gridplus.preferences/1"
never_pay_more_than_cents = 40
off_limits = ["water"]

[battery]
reserve_wh = 2000

[car]
ready_by = "07:00"
ready_with_wh = 40_000

[[comfort]]
hours = "06:00-22:00"
low_c = 20
high_c = 24.5

[[quiet]]
hours = "22:00-06:00"
devices = ["climate"]

[requests]
join = true
least_reward_cents = 10.5
"""


def test_preferences_are_read_from_their_file() -> None:
    found = parse_preferences(FILE.encode(), what="preferences.toml")
    assert found.most_abolt == 40 * ABOLT_PER_CENT
    assert found.least_reward_abolt == 105 * ABOLT_PER_CENT // 10
    assert (found.car_ready_min, found.car_ready_wh) == (7 * 60, 40_000)
    assert found.quiet_at("climate", 23 * 60)
    assert not found.quiet_at("climate", 6 * 60)
    assert not found.quiet_at("car", 23 * 60)
    empty = parse_preferences(b'format = "gridplus.preferences/1"', what="p")
    assert empty == Preferences()
    assert empty.least_reward_abolt is None, "who says nothing joins nothing"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('["water"]', '["car"]', "line 9, ready_by is 07:00, which contradicts line 3, off_limits"),
        ('["water"]', '["battery"]', "line 6, reserve_wh is 2000, which contradicts line 3"),
        ('["water"]', '["climate"]', "line 13, hours is .* contradicts line 3, off_limits"),
        ("join = true", "join = false", "line 23, least_reward_cents .* contradicts line 22, join"),
        ("low_c = 20", "low_c = 25", "line 14, low_c is 25, which contradicts line 15, high_c"),
        (
            'hours = "22:00-06:00"\ndevices = ["climate"]',
            'hours = "00:00-24:00"\ndevices = ["car"]',
            "line 9, ready_by is 07:00, which contradicts line 18, hours",
        ),
        ("= 40\n", "= -1\n", "line 2, never_pay_more_than_cents is -1"),
        ("= 40\n", "= nan\n", "line 2, never_pay_more_than_cents is NaN"),
        ("= 40\n", "= true\n", "line 2, never_pay_more_than_cents is True"),
        ('["water"]', '["toaster"]', "line 3, off_limits is .* battery, car, climate, water"),
        ("[battery]", "[batery]", "line 5, batery is not known"),
        ("/1", "/2", "line 1, format"),
    ],
)
def test_a_contradiction_is_refused_with_its_lines(before: str, after: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"p.toml: {sentence}"):
        parse_preferences(FILE.replace(before, after, 1).encode(), what="p.toml")


def test_what_is_no_preferences_at_all_is_refused() -> None:
    for data in (b"\xff", b"[", b"x = " + b"[" * 9_000, b"#" * 70_000):
        with pytest.raises(InputError, match=r"p.toml"):
            parse_preferences(data, what="p.toml")


def test_a_wish_that_the_home_cannot_fulfil_is_refused() -> None:
    for wishes, why in (
        (Preferences(reserve_wh=6_400), "capacity_wh is 6400 in the home's file"),
        (Preferences(car_ready_wh=70_000), "70000 in the preferences"),
        (Preferences(off_limits=frozenset({"water"})), "names water, not in this home"),
    ):
        with pytest.raises(InputError, match=why):
            guide(HOME, Orders(wishes), asks=(), now_s=0)


def test_a_consent_counts_when_the_owner_signed_it_for_this_home() -> None:
    consent = signed(Consent(CHANNEL, "car", Signal.REQUEST, 1, 1_000))
    assert consent.words() == (
        "Until 1970-01-01T00:16:40Z the Smart Agent may let paid requests to use less move the car."
    )
    known = Consents.checked([consent], channel=CHANNEL, domain=DOMAIN, owner=OWNER.address)
    assert known.of("car", Signal.REQUEST, now_s=999) == consent
    assert known.of("car", Signal.REQUEST, now_s=1_000) is None, "it ends by itself"
    assert known.of("car", Signal.PRICE, now_s=0) is None
    assert known.of("battery", Signal.REQUEST, now_s=0) is None


def test_a_consent_that_was_changed_or_is_a_strangers_is_refused() -> None:
    consent = signed(Consent(CHANNEL, "car", Signal.REQUEST, 1, 1_000))
    stranger = Secp256k1Key(PrivateKey(b"s" * 32))
    for forged in (
        replace(consent, valid_until_s=2_000),
        replace(consent, device="battery"),
        replace(consent, signal=Signal.LIMIT),
        replace(consent, number=2),
        signed(consent, stranger),
        signed(replace(consent, channel=ChannelId(b"d" * 32))),
    ):
        with pytest.raises(InputError, match=r"not signed by this home's owner|another home's"):
            Consents.checked([forged], channel=CHANNEL, domain=DOMAIN, owner=OWNER.address)


def test_the_newest_consent_counts_and_one_until_nothing_withdraws() -> None:
    given = signed(Consent(CHANNEL, "car", Signal.REQUEST, 1, 1_000))
    withdrawn = signed(Consent(CHANNEL, "car", Signal.REQUEST, 2, 0))
    assert withdrawn.words() == "The car does not follow paid requests to use less any more."
    for order in ([given, withdrawn], [withdrawn, given]):
        known = Consents.checked(order, channel=CHANNEL, domain=DOMAIN, owner=OWNER.address)
        assert known.of("car", Signal.REQUEST, now_s=0) is None
        assert known.next_number("car", Signal.REQUEST) == 3


def test_orders_are_written_and_read_back() -> None:
    given = (signed(Consent(CHANNEL, "car", Signal.REQUEST, 1, 1_000)),)
    by_hand = (Override("battery", Hand.REST, 77),)
    data = write_orders(given, by_hand)
    assert parse_orders(data, what="orders.json") == (given, by_hand)
    for wrong in (b"{}", data.replace(b'"rest"', b'"dance"'), data.replace(b"/1", b"/2")):
        with pytest.raises(InputError, match=r"orders.json"):
            parse_orders(wrong, what="orders.json")


def test_the_newest_override_of_a_device_counts_until_its_end() -> None:
    first, second = Override("car", Hand.REST, 100), Override("car", Hand.RUN, 50)
    said = Orders(overrides=(first, second))
    assert said.override("car", now_s=49) == second
    assert said.override("car", now_s=50) == first
    assert said.override("car", now_s=100) is None
    with pytest.raises(InputError, match="no device 'toaster'"):
        Override("toaster", Hand.REST, 1)
