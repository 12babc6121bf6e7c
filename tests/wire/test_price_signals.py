"""A price version through an OpenADR event and back, to the last digit."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.signals import Json, format_json, parse_json
from gridplus.signals.schema import REQUESTS, violation
from gridplus.wire.price_signals import ReportOf, price_event, read_price_event, usage_report
from tests.tariff.examples import SPRING, prices_of

PRICES = prices_of(SPRING)
SIGNATURE = b"\x07" * 64


def announced(prices: Any) -> dict[str, Any]:
    """The event as a VEN reads it."""
    body: Json = price_event(prices, program_id="program-1", signature=SIGNATURE)
    assert violation(REQUESTS["EVENT"], body, where="event") is None
    read = parse_json(format_json(body), limit=1 << 20, what="the event")
    assert isinstance(read, dict)
    return read | {"id": "event-1"}


@settings(max_examples=40, deadline=None)
@given(st.integers(-20_000_000_000, 20_000_000_000), st.sampled_from((1, 1_000, 10_000)))
def test_any_price_comes_back_exactly(price: int, step: int) -> None:
    """I-SG-7."""
    prices = replace(PRICES, prices_ubolt_per_mwh=(price // step * step,) * 23)
    event = announced(prices)
    signal = read_price_event(event)
    assert signal is not None
    assert signal.prices == prices
    assert signal.prices.digest == prices.digest
    assert (signal.event_id, signal.signature) == ("event-1", SIGNATURE)
    for interval in event["intervals"]:
        (value,) = interval["payloads"][0]["values"]
        exponent = Decimal(value).normalize().as_tuple().exponent
        assert isinstance(exponent, int)
        assert exponent >= -6


def test_a_revision_and_an_indication_say_what_they_are() -> None:
    revised = read_price_event(announced(replace(PRICES, version=2, source="corrected")))
    indicated = announced(replace(PRICES, kind="indicative", market="RTM"))
    assert revised is not None
    assert (revised.prices.version, revised.prices.source) == (2, "corrected")
    assert indicated["priority"] > announced(PRICES)["priority"], "a final price wins"


def test_an_event_without_a_citation_is_no_price_version() -> None:
    event = announced(PRICES)
    del event["intervals"][0]["payloads"][1:]
    assert read_price_event(event) is None
    assert read_price_event({"id": "x"}) is None


def seven_decimals(event: dict[str, Any]) -> None:
    event["intervals"][3]["payloads"][0]["values"] = [Decimal("0.1234567")]


def another_price(event: dict[str, Any]) -> None:
    event["intervals"][3]["payloads"][0]["values"] = [Decimal("0.5")]


def no_price(event: dict[str, Any]) -> None:
    event["intervals"][3]["payloads"] = []


def a_price_in_words(event: dict[str, Any]) -> None:
    event["intervals"][3]["payloads"][0]["values"] = ["cheap"]


def an_hour_less(event: dict[str, Any]) -> None:
    del event["intervals"][-1]


def other_money(event: dict[str, Any]) -> None:
    event["payloadDescriptors"][0]["currency"] = "EUR"


def an_absurd_price(event: dict[str, Any]) -> None:
    event["intervals"][3]["payloads"][0]["values"] = [Decimal("1E+300")]


def no_start(event: dict[str, Any]) -> None:
    del event["intervalPeriod"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (seven_decimals, "over 6 decimals"),
        (another_price, "cites another price version"),
        (no_price, "has no price"),
        (a_price_in_words, "has no price"),
        (an_hour_less, "do not cover"),
        (other_money, "in dollars"),
        (an_absurd_price, "absurd"),
        (no_start, "no intervalPeriod"),
    ],
)
def test_a_price_event_that_does_not_hold_together_is_refused(
    change: Callable[[dict[str, Any]], None], why: str
) -> None:
    event = announced(PRICES)
    change(event)
    with pytest.raises(InputError, match=why):
        read_price_event(event)


def test_a_report_is_the_standards_and_keeps_each_quarter_hour() -> None:
    report = usage_report(
        "USAGE", [250, -1_001, 0], of=ReportOf("event-1", "home-01"), start_s=PRICES.start_s
    )
    assert violation(REQUESTS["REPORT"], report, where="report") is None
    text = format_json(report)
    assert b'"values":[0.25]' in text
    assert b'"values":[-1.001]' in text
    assert b'"duration":"PT900S"' in text
