"""When intervals hold: defaults, 'now', infinity, repetition, random starts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.signals.span import (
    FOREVER_S,
    format_duration,
    format_stamp,
    is_date_time,
    parse_duration,
    parse_instant,
    parse_stamp,
)
from gridplus.signals.windows import life_of, windows_of

T = 1_769_882_400  # 2026-01-31T18:00:00Z
HOUR = 3_600
AT_SIX = {"start": "2026-01-31T18:00:00Z", "duration": "PT1H"}


def an_event(*intervals: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "modificationDateTime": "2026-01-31T17:30:00Z",
        "intervals": [{"id": i, "payloads": [], **one} for i, one in enumerate(intervals)],
        **more,
    }


def spans(event: dict[str, Any], **more: Any) -> list[tuple[int, int]]:
    found = windows_of(event, from_s=0, until_s=T + 10**9, **more)
    return [((w.start_s - T) // 60, (w.end_s - T) // 60) for w in found]


def test_intervals_follow_each_other_with_the_events_default() -> None:
    assert spans(an_event({}, {}, intervalPeriod=AT_SIX)) == [(0, 60), (60, 120)]


def test_an_interval_overrides_the_default() -> None:
    longer = {"intervalPeriod": {"duration": "PT2H"}}
    later = {"intervalPeriod": {"start": "2026-02-01T18:00:00Z"}}
    event = an_event({}, longer, {}, later, intervalPeriod=AT_SIX)
    assert spans(event) == [(0, 60), (60, 180), (180, 240), (1440, 1500)]


def test_now_is_when_the_event_was_written_and_infinity_does_not_end() -> None:
    now = {"start": "0001-01-01T00:00:00Z", "duration": "P9999Y"}
    (window,) = windows_of(an_event({}, intervalPeriod=now), from_s=0, until_s=FOREVER_S)
    assert (window.start_s, window.end_s) == (T - 1_800, FOREVER_S)


def test_the_events_duration_cuts_or_repeats() -> None:
    day = an_event({}, {}, intervalPeriod=AT_SIX)
    assert spans(day | {"duration": "PT90M"}) == [(0, 60), (60, 90)]
    assert spans(day | {"duration": "PT5H"})[-1] == (240, 300)
    forever = day | {"duration": "P9999Y"}
    late = windows_of(forever, from_s=T + 1_000_000 * HOUR, until_s=T + 1_000_003 * HOUR)
    assert [w.start_s - T for w in late] == [(1_000_000 + i) * HOUR for i in range(3)]
    with pytest.raises(InputError, match="repeats itself"):
        windows_of(forever, from_s=T, until_s=FOREVER_S)


def test_a_random_start_moves_all_that_follows_by_one_lot() -> None:
    event = an_event({}, {}, intervalPeriod=AT_SIX | {"randomizeStart": "PT10M"})
    assert spans(event, draw_ppm=500_000) == [(5, 65), (65, 125)]
    assert spans(event, draw_ppm=-1_000_000) == [(-10, 50), (50, 110)]


def test_life_ends_with_the_last_interval_or_never() -> None:
    assert life_of(an_event({}, {}, intervalPeriod=AT_SIX)) == (T, T + 2 * HOUR)
    assert life_of(an_event(intervalPeriod=AT_SIX)) == (T, T + HOUR)
    assert life_of(an_event()) == (T - 1_800, FOREVER_S)
    assert life_of(an_event({}, intervalPeriod={"start": "1066-10-14T09:00:00Z"}))[1] == FOREVER_S


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2026-01-31T18:00:00Z", T),
        ("2026-01-31T12:00:00-06:00", T),
        ("2026-01-31t18:00:00.999z", T),
        ("0001-01-01", None),
    ],
)
def test_instants_are_read(text: str, second: int | None) -> None:
    assert is_date_time(text)
    assert parse_instant(text) == second


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "now", "2026-01-31T18Z"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    assert not is_date_time(text)
    with pytest.raises(InputError, match="not an instant"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "after_s"),
    [("PT1H", HOUR), ("P1D", 86_400), ("P2W", 1_209_600), ("PT90S", 90), ("P1M", 28 * 86_400)],
)
def test_durations_are_read(text: str, after_s: int) -> None:
    assert parse_duration(text).after(T) - T == after_s


@pytest.mark.parametrize("text", ["PT", "1H", "-PT1H", "PT0.5S", "P1H"])
def test_what_is_no_duration_of_whole_seconds_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a duration"):
        parse_duration(text)


@given(st.integers(0, 1 << 52))
def test_stamps_are_read_as_they_are_written(micros: int) -> None:
    assert parse_stamp(format_stamp(micros)) == micros


@given(st.integers(0, 10**7))
def test_durations_are_read_as_they_are_written(length_s: int) -> None:
    assert parse_duration(format_duration(length_s)).after(0) == length_s
