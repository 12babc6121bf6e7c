"""The bundled files are what their provenance says, and what independent copies say."""

import csv
import gzip
import hashlib
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridplus.demo.street_data import available_days, day_ahead_prices, home_numbers, home_series
from gridplus.market import operating_day_bounds, operating_day_intervals

DATA = Path(str(files("gridplus.demo") / "data"))
SHARED = Path(__file__).parents[3] / "shared/data"
HOMES = SHARED / "households/citylearn2022_17homes"
DAY_AHEAD = SHARED / "ercot_prices/dam_spp_hourly_2021.csv.gz"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not there")

ANNUAL_WH = {
    1: (10_583_342, 7_212_510),
    10: (13_115_217, 7_306_069),
    15: (6_461_670, 144_468),
    17: (14_711_205, 6_539_354),
}
"""Load and solar generation, summed from the package by hand."""


def content(name: str) -> bytes:
    data = (DATA / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def all_days() -> list[date]:
    first, last = available_days()
    return [first + timedelta(i) for i in range((last - first).days + 1)]


def test_the_provenance_names_the_sha256_of_every_file() -> None:
    rows = re.findall(r"\| (\S+) \| ([0-9a-f]{64}) \|", content("PROVENANCE.md").decode())
    ours = {name: digest for name, digest in rows if (DATA / name).exists()}
    assert len(ours) == 5
    for name, digest in ours.items():
        assert hashlib.sha256(content(name)).hexdigest() == digest
    assert len(rows) == 5 + 2 + 19
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 700_000


def test_each_price_year_has_8760_hours_one_short_day_and_one_long() -> None:
    for year in (2021, 2022):
        days = [day for day in all_days() if day.year == year]
        hours = {day: len(day_ahead_prices(day).prices_ubolt_per_mwh) for day in days}
        assert sum(hours.values()) == 8_760
        assert Counter(hours.values()) == {24: 363, 23: 1, 25: 1}
        changes = {count: day for day, count in hours.items() if count != 24}
        assert (
            changes
            == {
                2021: {23: date(2021, 3, 14), 25: date(2021, 11, 7)},
                2022: {23: date(2022, 3, 13), 25: date(2022, 11, 6)},
            }[year]
        )


def test_the_price_days_join_without_a_gap_and_the_last_is_whole() -> None:
    ends = [day_ahead_prices(day).end_s for day in all_days()]
    starts = [day_ahead_prices(day).start_s for day in all_days()]
    assert starts[0] == datetime(2021, 1, 1, 6, tzinfo=UTC).timestamp()
    assert starts[1:] == ends[:-1]
    assert ends[-1] == datetime(2023, 1, 1, 6, tzinfo=UTC).timestamp()


def test_known_prices_are_where_ercot_printed_them() -> None:
    spring = day_ahead_prices(date(2021, 3, 14)).prices_ubolt_per_mwh
    assert spring[:4] == (19_390_000, 16_700_000, 15_500_000, 15_180_000)
    autumn = day_ahead_prices(date(2021, 11, 7)).prices_ubolt_per_mwh
    assert autumn[:4] == (30_340_000, 24_680_000, 28_140_000, 28_830_000)
    storm = day_ahead_prices(date(2021, 2, 16)).prices_ubolt_per_mwh
    assert (max(storm), storm[9]) == (7_997_470_000, 7_493_500_000)
    assert max(day_ahead_prices(date(2021, 2, 17)).prices_ubolt_per_mwh) == 8_994_630_000


@needs_shared
def test_every_hour_of_2021_equals_an_independent_copy_on_a_utc_axis() -> None:
    with gzip.open(DAY_AHEAD, "rt") as file:
        copy = {row["interval_start_utc"]: row["LZ_HOUSTON"] for row in csv.DictReader(file)}
    checked = 0
    for day in all_days()[:365]:
        prices = day_ahead_prices(day)
        for hour in operating_day_intervals(day, length_s=3_600):
            expected = int(Decimal(copy[f"{hour.start:%Y-%m-%dT%H:%MZ}"]) * 1_000_000)
            assert prices.price_at(hour) == expected
            checked += 1
    assert checked == len(copy) == 8_760


@pytest.mark.parametrize("home", ANNUAL_WH)
def test_a_price_year_holds_a_homes_whole_year(home: int) -> None:
    series = home_series(home)
    for year in (2021, 2022):
        start_s = operating_day_bounds(date(year, 1, 1))[0]
        end_s = operating_day_bounds(date(year, 12, 31))[1]
        load_wh, solar_wh = series.window(start_s, end_s)
        assert len(load_wh) == 8_760 * 4
        assert (load_wh.sum(), solar_wh.sum()) == ANNUAL_WH[home]


def test_hour_k_of_a_home_lies_on_hour_k_of_central_standard_time_from_31_july() -> None:
    rows = list(csv.DictReader(content("homes_hourly.csv.gz").decode().splitlines()))
    assert len(rows) == 8_760
    series = home_series(3)
    for turn in (0, 1):
        start = datetime(2021 + turn, 7, 31, 23, tzinfo=ZoneInfo("Etc/GMT+6"))
        for k in range(3_600):
            hour = start + timedelta(hours=k)
            month, hour_ending = int(rows[k]["month"]), int(rows[k]["hour_ending"])
            assert (hour.month, hour.hour + 1) == (month, hour_ending)
            at_s = int(hour.timestamp())
            load_wh, solar_wh = series.window(at_s, at_s + 3_600)
            assert load_wh.sum() == int(rows[k]["load_wh_3"])
            assert solar_wh.sum() == int(rows[k]["solar_wh_3"])


def test_no_home_has_sun_at_a_texan_midnight_and_all_have_some_at_noon() -> None:
    start_s, _ = operating_day_bounds(date(2021, 6, 21))
    for home in home_numbers():
        _, solar_wh = home_series(home).window(start_s, start_s + 86_400)
        assert solar_wh[:16].sum() == 0
        assert solar_wh[44:60].sum() > 0


@needs_shared
def test_every_home_equals_an_independent_copy_within_its_rounding() -> None:
    with (HOMES / "homes.csv").open() as file:
        solar_kw = {int(row["home"]): float(row["pv_kw"]) for row in csv.DictReader(file)}
    with gzip.open(HOMES / "load_pv_hourly.csv.gz", "rt") as file:
        copy = list(csv.DictReader(file))
    hours = np.array(
        [row.split(",")[2:] for row in content("homes_hourly.csv.gz").decode().split()[1:]], int
    )
    for home in home_numbers():
        load_wh = np.array([float(row[f"load_kwh_{home}"]) * 1_000 for row in copy])
        solar_w = np.array([float(row[f"pv_wh_per_kw_{home}"]) for row in copy])
        assert np.abs(hours[:, 2 * home - 2] - load_wh).max() <= 0.6
        assert np.abs(hours[:, 2 * home - 1] - solar_w * solar_kw[home]).max() <= 0.8
