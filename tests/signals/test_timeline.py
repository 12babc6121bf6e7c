"""The timeline: whatever order the news comes in, the same price holds at the same time."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.signals import Timeline
from gridplus.signals.span import format_stamp

T = 1_769_882_400  # 2026-01-31T18:00:00Z
HOUR = 3_600


def an_event(name: str, *prices: object, at: int = 0, hour: int = 0, **more: Any) -> dict[str, Any]:
    """Hourly prices from `hour` hours after T, written `at` seconds before it."""
    return {
        "id": name,
        "modificationDateTime": format_stamp((T - 10_000 + at) * 1_000_000),
        "intervalPeriod": {
            "start": format_stamp((T + hour * HOUR) * 1_000_000),
            "duration": "PT1H",
        },
        "intervals": [
            {"id": i, "payloads": [{"type": "PRICE", "values": [price]}]}
            for i, price in enumerate(prices)
        ],
        **more,
    }


def prices(timeline: Timeline) -> list[tuple[int, int, object]]:
    found = timeline.stretches("PRICE", from_s=T - 24 * HOUR, until_s=T + 48 * HOUR)
    return [((s.start_s - T) // HOUR, (s.end_s - T) // HOUR, s.value) for s in found]


EMPTY = Timeline("home-1")


def test_a_curve_holds_hour_by_hour() -> None:
    timeline = EMPTY.hear(an_event("a", 1, Decimal("2.5")))
    assert prices(timeline) == [(0, 1, 1), (1, 2, Decimal("2.5"))]
    at_one = timeline.stretches("PRICE", from_s=T + HOUR, until_s=T + HOUR + 1)
    assert [s.value for s in at_one] == [Decimal("2.5")], "an interval ends before its end"
    assert timeline.stretches("GHG", from_s=T, until_s=T + HOUR) == ()


def test_a_revision_replaces_and_an_older_writing_does_not() -> None:
    old, new = an_event("a", 1), an_event("a", 9, at=5)
    assert prices(EMPTY.hear(old).hear(new)) == [(0, 1, 9)]
    assert prices(EMPTY.hear(new).hear(old)) == [(0, 1, 9)], "out of order"
    assert EMPTY.hear(old).hear(old) == EMPTY.hear(old), "duplicate"


def test_a_cancelled_event_stays_cancelled_whenever_it_was_heard() -> None:
    event, revived = an_event("a", 1), an_event("a", 2, at=20)
    cancelled_us = (T - 10_000 + 10) * 1_000_000
    assert prices(EMPTY.hear(event).cancel("a", at_us=cancelled_us)) == []
    early = EMPTY.cancel("a", at_us=cancelled_us).hear(event)
    assert prices(early) == [], "its news came late"
    assert prices(early.hear(revived)) == [(0, 1, 2)]
    assert prices(early.hear(revived).cancel("a", at_us=cancelled_us)) == [(0, 1, 2)]


def test_a_complete_list_cancels_what_it_leaves_out() -> None:
    a, b = an_event("a", 1), an_event("b", 2, hour=5, at=3)
    timeline = EMPTY.hear_all([a, b])
    assert prices(timeline.hear_all([b])) == [(5, 6, 2)]
    assert prices(timeline.hear_all([])) == []
    assert prices(timeline.hear_all([b]).hear(a)) == [(5, 6, 2)], "late news of what is gone"
    assert prices(timeline.hear_all([b]).hear_all([a, b])) == prices(timeline), "listed again"
    pushed = timeline.hear(an_event("c", 3, hour=9, at=50))
    assert len(prices(pushed.hear_all([a, b], before=timeline))) == 3, "pushed since the list"
    assert len(prices(pushed.hear_all([a, b]))) == 2, "the newest is gone, and nothing is newer"


def test_the_lower_priority_number_wins_where_windows_overlap() -> None:
    base = an_event("base", 1, 1, 1, priority=50)
    urgent = an_event("urgent", 9, hour=1, priority=0)
    unnamed = an_event("unnamed", 5, 5, 5, 5)
    timeline = EMPTY.hear(unnamed).hear(urgent).hear(base)
    assert prices(timeline) == [(0, 1, 1), (1, 2, 9), (2, 3, 1), (3, 4, 5)]


def test_several_values_share_their_interval() -> None:
    event = an_event("a", 0)
    event["intervals"][0]["payloads"][0]["values"] = [1, 2, 3]
    event["intervalPeriod"]["duration"] = "PT3H"
    assert prices(EMPTY.hear(event)) == [(0, 1, 1), (1, 2, 2), (2, 3, 3)]


def test_what_cannot_be_read_holds_nowhere_and_hurts_nobody() -> None:
    broken = an_event("b", 7)
    broken["intervalPeriod"]["duration"] = "PT0.5S"
    assert prices(EMPTY.hear(broken).hear(an_event("a", 1))) == [(0, 1, 1)]
    with pytest.raises(InputError, match="neither id"):
        EMPTY.hear({"id": "x"})


def test_what_is_over_is_forgotten() -> None:
    timeline = EMPTY.hear(an_event("a", 1)).hear(an_event("b", 2, hour=10)).cancel("c", at_us=1)
    assert set(timeline.forget(before_s=T + 2 * HOUR).events) == {"b"}


def test_random_starts_differ_from_home_to_home_within_the_bound() -> None:
    event = an_event("a", 1)
    event["intervalPeriod"]["randomizeStart"] = "PT10M"
    starts = {
        Timeline(f"home-{i}").hear(event).stretches("PRICE", from_s=0, until_s=T * 2)[0].start_s - T
        for i in range(40)
    }
    assert len(starts) > 20
    assert all(abs(start) <= 600 for start in starts)
    assert min(starts) < 0 < max(starts)


writings = st.lists(
    st.builds(
        an_event,
        st.sampled_from("abcd"),
        st.integers(1, 9),
        st.integers(1, 9),
        at=st.integers(0, 40),
        hour=st.integers(0, 6),
        priority=st.none() | st.integers(0, 2),
    ),
    max_size=12,
    unique_by=lambda event: event["modificationDateTime"],
)
cancellations = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(writings, cancellations, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_gives_one_timeline(
    events: list[dict[str, Any]], cancelled: list[tuple[str, int]], random: Random
) -> None:
    """I-SG-4."""
    news: list[Any] = [*events, *cancelled, *events[:3]]

    def told(order: list[Any]) -> Timeline:
        timeline = EMPTY
        for item in order:
            if isinstance(item, dict):
                timeline = timeline.hear(item)
            else:
                at_us = (T - 10_000 + item[1]) * 1_000_000 + 500_000
                timeline = timeline.cancel(item[0], at_us=at_us)
        return timeline

    shuffled = random.sample(news, len(news))
    assert prices(told(news)) == prices(told(shuffled))


@settings(max_examples=60, deadline=None)
@given(writings)
def test_at_every_instant_the_best_claim_and_only_that_holds(events: list[dict[str, Any]]) -> None:
    """I-SG-5: against the rule read literally, hour by hour."""
    timeline = EMPTY
    for event in events:
        timeline = timeline.hear(event)
    newest = {}
    for event in sorted(events, key=lambda e: str(e["modificationDateTime"])):
        newest[event["id"]] = event
    shown = prices(timeline)
    for hour in range(10):
        claims = [
            (
                event["priority"] if event["priority"] is not None else 1 << 62,
                _backwards(event["modificationDateTime"]),
                event["intervals"][i]["payloads"][0]["values"][0],
            )
            for event in newest.values()
            for i in range(2)
            if event["intervalPeriod"]["start"] == format_stamp((T + (hour - i) * HOUR) * 10**6)
        ]
        held = [value for start, end, value in shown if start <= hour < end]
        assert held == ([min(claims)[2]] if claims else [])


def _backwards(stamp: str) -> tuple[int, ...]:
    return tuple(-ord(character) for character in stamp)
