import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.digest import canonical_json
from gridplus.failures import InputError
from gridplus.market import (
    PriceVersion,
    day_ahead_posting_s,
    operating_day_bounds,
    operating_day_intervals,
    operating_day_of,
    parse_price_version,
)
from gridplus.units import Interval, format_utc, utc_from_s

SPRING, AUTUMN = date(2021, 3, 14), date(2021, 11, 7)
URI = date(2021, 2, 16)


def day_version(day: date, *, step_s: int = 3_600) -> PriceVersion:
    intervals = operating_day_intervals(day, length_s=step_s)
    return PriceVersion(
        settlement_point="LZ_HOUSTON",
        operating_day=day,
        market="DAM",
        kind="final",
        version=1,
        known_at_s=day_ahead_posting_s(day),
        source="test",
        start_s=intervals[0].start_s,
        step_s=step_s,
        prices_ubolt_per_mwh=tuple(25_130_000 + i for i in range(len(intervals))),
    )


@pytest.mark.parametrize(("day", "count"), [(SPRING, 92), (URI, 96), (AUTUMN, 100)])
def test_an_operating_day_has_92_96_or_100_settlement_intervals(day: date, count: int) -> None:
    intervals = operating_day_intervals(day)
    assert len(intervals) == count
    assert len(operating_day_intervals(day, length_s=3_600)) == count // 4
    assert all(a.end_s == b.start_s for a, b in pairwise(intervals))
    assert {operating_day_of(interval.start) for interval in intervals} == {day}
    assert operating_day_of(intervals[-1].end) == day + timedelta(1)


def test_the_days_around_a_clock_change_begin_at_the_right_instant() -> None:
    starts = [operating_day_bounds(day)[0] for day in (SPRING, SPRING + timedelta(1), AUTUMN)]
    assert [format_utc(utc_from_s(start)) for start in starts] == [
        "2021-03-14T06:00:00Z",
        "2021-03-15T05:00:00Z",
        "2021-11-07T05:00:00Z",
    ]


def test_a_naive_instant_belongs_to_no_day() -> None:
    assert operating_day_of(datetime(2021, 2, 16, 5, 59, tzinfo=UTC)) == date(2021, 2, 15)
    with pytest.raises(InputError, match="no time zone"):
        operating_day_of(datetime(2021, 2, 16))  # noqa: DTZ001 - that is the point


def test_day_ahead_prices_are_known_at_half_past_one_on_the_day_before() -> None:
    assert format_utc(utc_from_s(day_ahead_posting_s(SPRING))) == "2021-03-13T19:30:00Z"
    assert format_utc(utc_from_s(day_ahead_posting_s(date(2021, 7, 2)))) == "2021-07-01T18:30:00Z"


@pytest.mark.parametrize("day", [SPRING, URI, AUTUMN])
def test_every_settlement_interval_of_a_day_has_the_price_of_its_hour(day: date) -> None:
    version = day_version(day)
    prices = [version.price_at(interval) for interval in operating_day_intervals(day)]
    assert prices == [price for price in version.prices_ubolt_per_mwh for _ in range(4)]


def test_an_interval_outside_the_day_or_across_two_prices_has_no_price() -> None:
    version = day_version(URI, step_s=900)
    first, last = operating_day_intervals(URI)[0], operating_day_intervals(URI)[-1]
    assert version.covers(first)
    assert version.covers(last)
    outside = [Interval(first.start_s - 900, 900), Interval(last.end_s, 900)]
    for interval in (*outside, Interval(first.start_s, 3_600)):
        assert not version.covers(interval)
        with pytest.raises(InputError, match="no single price"):
            version.price_at(interval)


WRONG: dict[str, dict[str, object]] = {
    "an hour missing": {"prices_ubolt_per_mwh": (1,) * 23},
    "an hour too many": {"prices_ubolt_per_mwh": (1,) * 25},
    "another start": {"start_s": 0},
    "another day": {"operating_day": date(2021, 2, 17)},
    "another step": {"step_s": 1_200},
    "another market": {"market": "SCED"},
    "another kind": {"kind": "guess"},
    "version 0": {"version": 0},
    "a price beyond the range": {"prices_ubolt_per_mwh": (20_000_000_001,) * 24},
    "a price below the range": {"prices_ubolt_per_mwh": (-20_000_000_001,) * 24},
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_version_that_cannot_be_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="2021-02-1"):
        replace(day_version(URI), **WRONG[kind])  # type: ignore[arg-type]


PRICE = st.integers(-20_000_000_000, 20_000_000_000)


@given(st.lists(PRICE, min_size=23, max_size=23), st.integers(1, 99), st.text(max_size=20))
def test_a_document_and_its_bytes_give_the_same_version_and_digest(
    prices: list[int], number: int, source: str
) -> None:
    version = replace(
        day_version(SPRING), prices_ubolt_per_mwh=tuple(prices), version=number, source=source
    )
    again = parse_price_version(canonical_json(version.document()))
    assert again == version
    assert again.digest == version.digest


def test_the_digest_binds_every_field() -> None:
    version = day_version(URI)
    first = version.prices_ubolt_per_mwh[0]
    changed = [
        replace(version, settlement_point="LZ_NORTH"),
        replace(version, market="RTM"),
        replace(version, kind="indicative"),
        replace(version, version=2),
        replace(version, known_at_s=0),
        replace(version, source="other"),
        replace(version, prices_ubolt_per_mwh=(first + 1, *version.prices_ubolt_per_mwh[1:])),
        day_version(date(2021, 2, 17)),
        day_version(URI, step_s=900),
    ]
    assert len({version.digest, *(other.digest for other in changed)}) == len(changed) + 1
    assert len(version.digest) == 32


def test_bytes_that_are_no_version_are_an_error_that_names_them() -> None:
    document = day_version(URI).document()
    wrong: dict[str, object] = {
        "operating_day": "16 Feb",
        "version": "1",
        "known_at_s": True,
        "source": 7,
        "prices_ubolt_per_mwh": [1.5] * 24,
        "start_s": 1,
        "unknown": 1,
    }
    for name, value in wrong.items():
        with pytest.raises(InputError, match=r"^the morning message"):
            parse_price_version(
                json.dumps({**document, name: value}).encode(), what="the morning message"
            )
    for data in (b"", b"[]", b"{}", b" " * 20_000, b'{"version": NaN}'):
        with pytest.raises(InputError, match=r"^the price version"):
            parse_price_version(data)
