"""Baselines worked by hand, and what holds of all of them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.tariff import Baseline, Method, Past, UsedLately

ZONE = "America/Chicago"
THURSDAY = date(2021, 8, 12)
QUARTER_S = 900


def at(day: date, hour: int) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE)).timestamp())


def used(day_wh: Mapping[date, int], *, before: Mapping[date, int] | None = None) -> dict[int, int]:
    """Every quarter hour from 13:00 to 20:00 of a day takes the same; until 17:00 as `before`."""
    found = {}
    for day, wh in day_wh.items():
        early = wh if before is None else before[day]
        for place in range(28):
            found[at(day, 13) + place * QUARTER_S] = early if place < 16 else wh
    return found


def reckon(
    name: str, import_wh: Mapping[int, int], *, called: tuple[int, ...] = (), day: date = THURSDAY
) -> Baseline | None:
    past = Past(import_wh.get, called.__contains__)
    return Method.parse(name).reckon(at(day, 18), at(day, 19), past=past, zone=ZONE)


def back(count: int, day: date = THURSDAY) -> date:
    return day - timedelta(count)


DAYS = {back(days): 100 * days for days in range(1, 50)}
"""So many Wh a quarter hour as days lie between."""


@pytest.mark.parametrize(
    ("name", "workdays"),
    [
        ("1-of-1", [1]),
        ("10-of-10", [1, 2, 3, 6, 7, 8, 9, 10, 13, 14]),
        ("high-4-of-5", [2, 3, 6, 7]),
        ("middle-8-of-10", [2, 3, 6, 7, 8, 9, 10, 13]),
    ],
)
def test_a_method_takes_the_days_that_its_name_says(name: str, workdays: list[int]) -> None:
    found = reckon(name, used(DAYS))
    assert found is not None
    mean_wh = -(-100 * sum(workdays) // len(workdays))
    assert found.wh == (mean_wh,) * 4


def test_a_weekend_looks_back_to_weekends_and_holidays() -> None:
    saturday = date(2021, 7, 10)
    days = {back(n, saturday): 100 * n for n in range(1, 30)}
    found = reckon("3-of-3", used(days), day=saturday)
    assert found is not None
    assert found.wh[0] == 100 * (5 + 6 + 7) // 3, "5 July 2021, a Monday, was kept for the 4th"


def test_a_day_that_was_called_or_not_billed_whole_is_passed_over() -> None:
    wednesday, tuesday = at(back(1), 19), at(back(2), 18) + QUARTER_S
    import_wh = used(DAYS)
    del import_wh[tuesday]
    found = reckon("2-of-2", import_wh, called=(wednesday,))
    assert found is not None
    assert found.wh[0] == 100 * (3 + 6) // 2


def test_what_comes_before_scales_by_a_fifth_at_most() -> None:
    days = {back(n): 1_000 for n in range(15)}
    for today_wh, scaled in ((1_100, 1_100), (5_000, 1_200), (950, 950), (100, 800)):
        before = dict.fromkeys(days, 1000) | {THURSDAY: today_wh}
        found = reckon("10-of-10 adjusted", used(days, before=before))
        assert found is not None
        assert found.wh == (scaled,) * 4
    today = used({day: wh for day, wh in days.items() if day != THURSDAY})
    assert reckon("10-of-10 adjusted", today) is None, "nobody knows how today began"


def test_the_hours_before_end_an_hour_before() -> None:
    found = reckon("3-hours-before", used({THURSDAY: 400}) | {at(THURSDAY, 17): 9_999})
    assert found is not None
    assert found.wh == (400,) * 4
    assert found.rests_on == tuple(range(at(THURSDAY, 14), at(THURSDAY, 17), QUARTER_S))
    assert reckon("3-hours-before", {}) is None


def test_it_is_the_clock_on_the_wall_that_counts_on_days_of_a_clock_change() -> None:
    monday = date(2021, 3, 15)
    friday = {at(date(2021, 3, 12), 18) + k * QUARTER_S: 10 * k for k in range(4)}
    found = reckon("1-of-1", friday, day=monday)
    assert found is not None
    assert found.wh == (0, 10, 20, 30), "the clocks went forward on the Sunday between"


@pytest.mark.parametrize(
    "name", ["", "10-of-5", "4-of-5", "high-5-of-5", "low-1-of-2", "0-of-0", "30-of-30", "10 of 10"]
)
def test_a_name_that_says_nothing_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no baseline; write one like"):
        Method.parse(name)


def test_nothing_billed_is_no_baseline() -> None:
    assert reckon("10-of-10", {}) is None


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(
        ["10-of-10", "high-4-of-5", "middle-8-of-10", "5-of-5 adjusted", "3-hours-before"]
    ),
    wh=st.lists(st.integers(0, 20_000), min_size=60, max_size=60),
    gaps=st.sets(st.integers(1, 20), max_size=8),
    called=st.sets(st.integers(1, 20), max_size=4),
)
def test_a_baseline_is_a_function_of_the_signed_reads_it_rests_on(
    name: str, wh: list[int], gaps: set[int], called: set[int]
) -> None:
    """I-BI-12: of nothing later, of no other read, and within what those reads say."""
    kept = {back(n): wh[n] for n in range(48) if n not in gaps}
    before = {day: wh[59 - place % 59] for place, day in enumerate(kept)}
    import_wh = used(kept, before=before)
    starts = tuple(at(back(n), 18) for n in called)
    found = reckon(name, import_wh, called=starts)
    later = dict.fromkeys(range(at(THURSDAY, 18), at(THURSDAY, 20), QUARTER_S), 19999)
    assert reckon(name, import_wh | later, called=starts) == found
    lately = UsedLately()
    for start_s in sorted(import_wh):
        lately.bill(start_s, import_wh[start_s], is_called=start_s in starts)
    method, span = Method.parse(name), (at(THURSDAY, 18), at(THURSDAY, 19))
    assert method.reckon(*span, past=lately.past, zone=ZONE) == found
    if found is not None:
        assert reckon(name, {s: import_wh[s] for s in found.rests_on}) == found
        reads = [import_wh[s] for s in found.rests_on]
        assert min(reads) * 4 // 5 <= min(found.wh)
        assert max(found.wh) <= -(-max(reads) * 6 // 5)
