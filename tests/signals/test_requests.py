"""Alerts, limits and requests, told and understood."""

from typing import Any

import pytest

from gridplus.failures import InputError
from gridplus.signals import Json, Timeline
from gridplus.signals.requests import (
    DemandRequest,
    Edition,
    Emergency,
    ImportLimit,
    Span,
    demand_requests,
    edition_of,
    emergencies,
    emergency_event,
    import_limits,
    limit_event,
    request_event,
)
from gridplus.signals.schema import REQUESTS, violation

T = 1_769_882_400
HOURS = Span(T, T + 7_200)
ASK = Edition("ask 7", 3)


def heard(*bodies: dict[str, Json]) -> Timeline:
    timeline = Timeline("home")
    for i, body in enumerate(bodies):
        assert violation(REQUESTS["EVENT"], body, where="event") is None
        stamp: Any = {"id": f"e{i}", "modificationDateTime": f"2026-01-01T00:00:0{i}Z"}
        timeline = timeline.hear(body | stamp)
    return timeline


def test_a_request_says_what_is_paid_and_against_which_baseline() -> None:
    request = DemandRequest(HOURS, 2, "10-of-10", 750_000_000)
    timeline = heard(request_event("p", request, edition=ASK))
    (found,) = demand_requests(timeline, from_s=T - 99, until_s=T + 99_999)
    assert found == DemandRequest(HOURS, 2, request.baseline, 750_000_000, "e0")
    assert demand_requests(timeline, from_s=T + 7_200, until_s=T + 9_000) == ()


def test_a_request_without_reward_or_baseline_is_none() -> None:
    body = request_event("p", DemandRequest(HOURS, 2, "mean", 1_000), edition=ASK)
    intervals: Any = body["intervals"]
    for missing in (1, 2):
        payloads = [p for i, p in enumerate(intervals[0]["payloads"]) if i != missing]
        changed: dict[str, Json] = body | {"intervals": [{"id": 0, "payloads": payloads}]}
        assert demand_requests(heard(changed), from_s=T, until_s=T + 9) == ()


def test_limits_and_emergencies_hold_for_their_time() -> None:
    timeline = heard(
        limit_event("p", HOURS, import_w=4_250, edition=ASK),
        emergency_event("p", HOURS, text="shed now", edition=ASK),
    )
    assert import_limits(timeline, from_s=0, until_s=1 << 35) == (ImportLimit(HOURS, 4_250, "e0"),)
    assert emergencies(timeline, from_s=0, until_s=1 << 35) == (Emergency(HOURS, "shed now", "e1"),)
    assert import_limits(timeline, from_s=T + 7_200, until_s=1 << 35) == ()


def test_an_alert_needs_words_and_a_time() -> None:
    with pytest.raises(InputError, match="1 to 128"):
        emergency_event("p", HOURS, text="", edition=ASK)
    with pytest.raises(InputError, match="at no time"):
        limit_event("p", Span(T, T), import_w=1, edition=ASK)


def test_an_event_says_which_ask_it_is_and_in_which_version() -> None:
    body = limit_event("p", HOURS, import_w=1, edition=ASK)
    assert edition_of(body) == ASK
    unsaid: dict[str, Json] = body | {"intervals": [{"id": 0, "payloads": []}]}
    for other in (unsaid, body | {"eventName": 7}, {"eventName": "ask 7"}):
        assert edition_of(other) is None
