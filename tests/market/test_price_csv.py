import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gridplus.failures import InputError
from gridplus.market import operating_day_bounds, operating_day_intervals
from gridplus.market.formats import PriceSeries, parse_price_csv
from gridplus.units import format_utc

REAL_TIME = Path(__file__).parents[3] / "shared/data/ercot_prices/rtm_spp_15min_2021.csv.gz"
SPRING, AUTUMN, PLAIN = date(2021, 3, 14), date(2021, 11, 7), date(2021, 2, 16)


def file(day: date, *, step_s: int = 900, column: str = "LZ_HOUSTON $/MWh", extra: str = "") -> str:
    intervals = operating_day_intervals(day, length_s=step_s)
    rows = "".join(f"{format_utc(interval.start)},{i}.5\n" for i, interval in enumerate(intervals))
    return f"interval_start_utc,{column}\n{rows}{extra}"


def parse(text: str, *, point: str = "LZ_HOUSTON") -> PriceSeries:
    return parse_price_csv(text.encode(), what="rtm.csv", settlement_point=point)


@pytest.mark.parametrize("step_s", [300, 900, 1_800, 3_600])
@pytest.mark.parametrize("day", [SPRING, PLAIN, AUTUMN])
def test_every_step_and_every_kind_of_day_is_read(day: date, step_s: int) -> None:
    series = parse(file(day, step_s=step_s))
    version = series.version(day, known_at_s=operating_day_bounds(day)[1])
    hours = (operating_day_bounds(day)[1] - operating_day_bounds(day)[0]) // 3_600
    assert version.step_s == step_s
    assert len(version.prices_ubolt_per_mwh) == hours * 3_600 // step_s
    assert version.prices_ubolt_per_mwh[:2] == (500_000, 1_500_000)
    assert version.market == "RTM"


@pytest.mark.parametrize(
    ("column", "price"),
    [
        ("$/MWh", 1_500_000),
        ("$/kWh", 1_500_000_000),
        ("LZ_HOUSTON", 1_500_000),
        ("LZ_HOUSTON $/kWh", 1_500_000_000),
    ],
)
def test_the_heading_of_the_column_says_point_and_unit(column: str, price: int) -> None:
    series = parse(file(PLAIN, column=column))
    second = operating_day_intervals(PLAIN)[1]
    assert series.prices[second.start_s] == price


def test_the_range_holds_in_either_unit() -> None:
    series = parse(file(PLAIN, column="$/kWh"))
    assert len(series.prices) == 20
    assert series.faults[0] == "rtm.csv, line 22: 20.5 $/kWh is beyond ±20,000 $/MWh"


def test_of_several_points_the_named_one_is_taken() -> None:
    text = "HB_NORTH,interval_start_utc,HB_HOUSTON,LZ_HOUSTON\n" + "".join(
        f"1,2021-02-16T{hour:02}:00Z,2,{hour}\n" for hour in range(6, 12)
    )
    assert set(parse(text, point="HB_HOUSTON").prices.values()) == {2_000_000}
    assert max(parse(text).prices.values()) == 11_000_000
    with pytest.raises(InputError, match=r"0 price columns for LZ_WEST .* HB_NORTH, interval"):
        parse(text, point="LZ_WEST")


def test_two_columns_that_could_be_meant_are_refused() -> None:
    with pytest.raises(InputError, match="2 price columns for LZ_HOUSTON"):
        parse("interval_start_utc,LZ_HOUSTON,$/MWh\n")


BAD_ROWS = {
    "no zone": ("2021-02-17T06:00,1", "has no time zone"),
    "no instant": ("02/17/2021 06:00,1", "is not an instant"),
    "no possible instant": ("0001-01-01T00:00+14:00,1", "is not an instant"),
    "off the grid": ("2021-02-17T06:07Z,1", "not on the grid of 900 s"),
    "a part of a second": ("2021-02-17T06:00:00.25Z,1", "not a whole second"),
    "infinite": ("2021-02-17T06:00Z,inf", "'inf' is not a decimal number of $/MWh"),
    "not a number": ("2021-02-17T06:00Z,NaN", "'NaN' is not a decimal number of $/MWh"),
    "no price": ("2021-02-17T06:00Z,", "'' is not a decimal number of $/MWh"),
    "digits of another script": ("2021-02-17T06:00Z,١", "is not a decimal number of $/MWh"),
    "seven decimals": ("2021-02-17T06:00Z,0.0000001", "finer than 0.000001 $/MWh"),
    "beyond the range": ("2021-02-17T06:00Z,-20000.000001", "beyond ±20,000 $/MWh"),
    "a field too many": ("2021-02-17T06:00Z,1,2", "3 fields instead of 2"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_reported_and_the_good_rows_go_on(kind: str) -> None:
    row, reason = BAD_ROWS[kind]
    series = parse(file(PLAIN, extra=f"\n{row}\n"))
    (fault,) = series.faults
    assert fault.startswith("rtm.csv, line 99: ")
    assert reason in fault
    assert len(series.version(PLAIN, known_at_s=1).prices_ubolt_per_mwh) == 96


def test_a_repeated_interval_and_a_gap_refuse_the_day() -> None:
    twice = parse(file(PLAIN, extra="2021-02-16T06:15Z,7\n"))
    assert twice.faults == (
        "rtm.csv, line 98: 2021-02-16T06:15:00Z stands on line 3 too; neither is used",
    )
    gap = parse(file(PLAIN).replace("2021-02-16T06:15:00Z,1.5\n", ""))
    for series in (twice, gap):
        with pytest.raises(InputError, match="1 of 96 are missing: 2021-02-16T06:15:00Z"):
            series.version(PLAIN, known_at_s=1)


def test_a_file_in_local_time_is_refused_because_its_autumn_hour_is_a_guess() -> None:
    start = datetime(2021, 11, 7)  # noqa: DTZ001 - that is the point
    rows = "".join(f"{(start + timedelta(hours=h)).isoformat()},1\n" for h in range(24))
    with pytest.raises(InputError, match=r"no good row .*line 2: .* has no time zone"):
        parse("interval_start_utc,$/MWh\n" + rows)


def test_local_time_with_its_offset_is_right_on_both_clock_changes() -> None:
    for day in (SPRING, AUTUMN):
        starts = [i.start_s for i in operating_day_intervals(day, length_s=3_600)]
        offsets = (-6, -5) if day == SPRING else (-5, -6)
        rows = ""
        for place, start_s in enumerate(starts):
            offset = offsets[place >= 2]
            local = datetime.fromtimestamp(start_s + offset * 3_600, UTC)
            rows += f"{local:%Y-%m-%dT%H:%M}{offset:+03}:00,{place}\n"
        series = parse("interval_start_utc,$/MWh\n" + rows)
        assert sorted(series.prices) == starts
        assert series.faults == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("begin,$/MWh\n", "has no column interval_start_utc; it has begin, "),
        ("interval_start_utc,$/MWh\n", "no good row for LZ_HOUSTON"),
        ("interval_start_utc,$/MWh\n2021-02-16T06:00Z,1\n", "0 s apart"),
        (
            "interval_start_utc,$/MWh\n2021-02-16T06:00Z,1\n2021-02-16T06:20Z,1\n",
            "1200 s apart, not 5, 15, 30 or 60 minutes",
        ),
    ],
)
def test_a_file_that_is_no_price_table_is_an_error_that_names_it(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=r"^rtm\.csv") as error:
        parse(text)
    assert reason in str(error.value)


@pytest.mark.skipif(not REAL_TIME.exists(), reason="../shared/data is not there")
def test_a_year_of_real_time_prices_is_read_whole() -> None:
    data = gzip.decompress(REAL_TIME.read_bytes())
    series = parse_price_csv(data, what="rtm", settlement_point="HB_HOUSTON")
    assert (len(series.prices), series.step_s, series.faults) == (35_040, 900, ())
    counts = {
        day: len(series.version(day, known_at_s=1).prices_ubolt_per_mwh)
        for day in (SPRING, PLAIN, AUTUMN)
    }
    assert counts == {SPRING: 92, PLAIN: 96, AUTUMN: 100}
    uri = series.version(PLAIN, known_at_s=1).prices_ubolt_per_mwh
    assert (min(uri), max(uri)) == (8_618_140_000, 9_000_850_000)
    assert max(series.prices.values()) == 9_160_850_000
