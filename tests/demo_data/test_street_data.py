import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gridplus.demo.street_data import (
    HISTORY_DAYS,
    available_days,
    day_ahead_prices,
    home_from_file,
    home_numbers,
    home_series,
    real_time_prices,
    require_days,
)
from gridplus.failures import Bug, InputError, StorageError
from gridplus.market import day_ahead_posting_s, operating_day_bounds, operating_day_intervals
from gridplus.meter import split_hour
from gridplus.units import Interval, format_utc, utc_from_s

FIRST, LAST = date(2021, 1, 1), date(2022, 12, 31)


def test_the_range_of_days_is_two_years_and_seventeen_homes() -> None:
    assert available_days() == (FIRST, LAST)
    assert home_numbers() == tuple(range(1, 18))
    assert require_days(date(2022, 12, 30), 2) == (date(2022, 12, 30), LAST)


@pytest.mark.parametrize("day", [date(2020, 12, 31), date(2023, 1, 1), date(9999, 12, 31)])
def test_a_day_without_prices_is_refused_with_the_range_that_exists(day: date) -> None:
    with pytest.raises(InputError, match="prices exist from 2021-01-01 to 2022-12-31"):
        day_ahead_prices(day)


@pytest.mark.parametrize(("first", "count"), [(LAST, 2), (FIRST, 731), (FIRST, 0), (FIRST, 10**9)])
def test_days_that_run_out_of_the_range_are_refused_before_any_is_begun(
    first: date, count: int
) -> None:
    with pytest.raises(InputError, match="prices exist from"):
        require_days(first, count)


def test_a_version_says_what_it_is_and_when_it_was_known() -> None:
    prices = day_ahead_prices(date(2021, 2, 16))
    assert (prices.settlement_point, prices.market, prices.kind) == ("LZ_HOUSTON", "DAM", "final")
    assert prices.known_at_s == day_ahead_posting_s(date(2021, 2, 16)) < prices.start_s
    assert prices.source == "ercot_dam_lz_houston_2021.csv.gz"
    assert day_ahead_prices(date(2021, 2, 16)).digest == prices.digest


def test_home_0_and_home_18_do_not_exist() -> None:
    for home in (0, 18):
        with pytest.raises(InputError, match="homes are 1 to 17"):
            home_series(home)


def test_the_array_of_quarters_is_the_meters_split_of_every_hour() -> None:
    series = home_series(1)
    hours = series.load_wh.reshape(-1, 4)[:500]
    assert all(tuple(quarters) == split_hour(int(quarters.sum())) for quarters in hours)


@pytest.mark.parametrize("day", [FIRST, date(2021, 3, 14), date(2021, 11, 7), LAST])
def test_every_day_and_its_history_can_be_read_up_to_the_edges(day: date) -> None:
    series = home_series(5)
    intervals = operating_day_intervals(day)
    one_by_one = [series.at(interval) for interval in intervals]
    load_wh, solar_wh = series.window(intervals[0].start_s, intervals[-1].end_s)
    assert one_by_one == list(zip(load_wh.tolist(), solar_wh.tolist(), strict=True))
    before_s = intervals[0].start_s - HISTORY_DAYS * 86_400
    assert len(series.window(before_s, intervals[0].start_s)[0]) == HISTORY_DAYS * 96


def test_the_days_before_the_first_are_the_same_hours_of_the_year() -> None:
    series = home_series(5)
    start_s, year_s = operating_day_bounds(FIRST)[0], 8_760 * 3_600
    before, later = (
        series.window(at_s - HISTORY_DAYS * 86_400, at_s) for at_s in (start_s, start_s + year_s)
    )
    assert np.array_equal(before, later)


def test_nothing_is_read_outside_and_nothing_can_be_written() -> None:
    series = home_series(5)
    for start_s in (series.start_s - 900, series.end_s):
        with pytest.raises(InputError, match="home 5 has data from 2020-11-20T06:00:00Z to 2023"):
            series.at(Interval(start_s, 900))
    with pytest.raises(ValueError, match="read-only"):
        series.load_wh[0] = 1


def test_a_window_that_is_not_made_of_quarter_hours_is_a_bug() -> None:
    series = home_series(5)
    with pytest.raises(Bug, match="quarter hours"):
        series.at(Interval(series.start_s, 3_600))
    with pytest.raises(Bug, match="quarter hours"):
        series.window(series.start_s, series.start_s + 300)


def meter_file(path: Path, rows: list[str]) -> Path:
    text = "interval_start_utc,import_wh,export_wh\n" + "".join(f"{row}\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["mine.csv", "mine.csv.gz"])
def test_a_users_own_hourly_meter_becomes_a_home(tmp_path: Path, name: str) -> None:
    path = meter_file(tmp_path / name, ["2021-02-16T06:00Z,10,0", "2021-02-16T07:00Z,0,7"])
    series, faults = home_from_file(path)
    assert faults == ()
    assert series.load_wh.tolist() == [3, 3, 2, 2, 0, 0, 0, 0]
    assert series.solar_wh.tolist() == [0, 0, 0, 0, 2, 2, 2, 1]


def test_a_bad_row_of_a_users_meter_is_named_and_its_interval_refused(tmp_path: Path) -> None:
    rows = ["2021-02-16T06:00Z,1,0", "2021-02-16T06:15Z,much,0", "2021-02-16T06:30Z,3,0"]
    series, faults = home_from_file(meter_file(tmp_path / "mine.csv", rows))
    assert faults == ("mine.csv, line 3: 'much' is not an amount of energy, a decimal number",)
    start_s = series.start_s
    assert series.at(Interval(start_s, 900)) == (1, 0)
    assert series.at(Interval(start_s + 1_800, 900)) == (3, 0)
    with pytest.raises(InputError, match=r"mine\.csv has no data for 2021-02-16T06:15:00Z"):
        series.window(start_s, start_s + 2_700)


def test_a_users_real_time_prices_give_one_whole_day_or_none(tmp_path: Path) -> None:
    day = date(2021, 2, 16)
    starts = [format_utc(interval.start) for interval in operating_day_intervals(day)]
    path = tmp_path / "rtm.csv"
    path.write_text("interval_start_utc,HB_HOUSTON\n" + "".join(f"{at},9000\n" for at in starts))
    prices = real_time_prices(path, day, settlement_point="HB_HOUSTON")
    assert set(prices.prices_ubolt_per_mwh) == {9_000_000_000}
    assert (prices.market, format_utc(utc_from_s(prices.known_at_s))) == (
        "RTM", "2021-02-17T06:00:00Z",
    )  # fmt: skip
    with pytest.raises(InputError, match=r"rtm\.csv: the prices of 2021-02-17 are refused"):
        real_time_prices(path, date(2021, 2, 17), settlement_point="HB_HOUSTON")


def test_a_file_that_is_not_there_or_cut_off_cannot_be_read(tmp_path: Path) -> None:
    cut = meter_file(tmp_path / "cut.csv.gz", ["2021-02-16T06:00Z,1,0"])
    cut.write_bytes(cut.read_bytes()[:-9])
    plain = tmp_path / "plain.csv.gz"
    plain.write_bytes(b"interval_start_utc")
    spoilt = meter_file(tmp_path / "spoilt.csv.gz", ["2021-02-16T06:00Z,1,0"])
    spoilt.write_bytes(spoilt.read_bytes()[:10] + bytes([255] * 40))
    for path in (tmp_path / "absent.csv", tmp_path, cut, plain, spoilt):
        with pytest.raises(StorageError, match="cannot be read"):
            home_from_file(path)
