import gzip
from pathlib import Path

import pytest

from gridplus.failures import InputError
from gridplus.meter.formats import IntervalEnergy, parse_meter_csv
from gridplus.units import Interval

TEXAS_HOME = Path(__file__).parents[3] / "shared/data/households/smt_texas_home"
HEADER = "interval_start_utc,import_kwh,export_kwh\n"
GOOD = HEADER + (
    "2022-03-01T06:00Z,0.145,0\n2022-03-01T06:15Z,0,1.25\n2022-03-01T06:30:00+00:00,2,0\n"
)
START_S = 1_646_114_400  # 2022-03-01T06:00Z


def quarter(place: int, import_wh: int, export_wh: int) -> IntervalEnergy:
    return IntervalEnergy(Interval(START_S + 900 * place, 900), import_wh, export_wh)


def test_quarter_hours_are_read_as_whole_watt_hours() -> None:
    meter = parse_meter_csv(GOOD.encode(), what="home.csv")
    assert meter.energies == (quarter(0, 145, 0), quarter(1, 0, 1_250), quarter(2, 2_000, 0))
    assert meter.faults == ()


@pytest.mark.parametrize("column", ["kwh", "import_kwh"])
def test_an_hourly_file_without_export_gives_hours_that_split_into_four(column: str) -> None:
    text = f"interval_start_utc,{column}\n2022-03-01T06:00Z,0.010\n2022-03-01T07:00Z,1\n"
    meter = parse_meter_csv(text.encode(), what="home.csv")
    assert [energy.interval.length_s for energy in meter.energies] == [3_600, 3_600]
    assert meter.energies[0].quarters() == tuple(
        quarter(i, wh, 0) for i, wh in enumerate([3, 3, 2, 2])
    )
    assert quarter(0, 1, 0).quarters() == (quarter(0, 1, 0),)


BAD_ROWS = {
    "no number": ("2022-03-01T06:45Z,NaN,0", "'NaN' is not an amount of energy"),
    "below zero": ("2022-03-01T06:45Z,-1,0", "'-1' is not an amount of energy"),
    "nothing": ("2022-03-01T06:45Z,,0", "'' is not an amount of energy"),
    "a fraction of a Wh": ("2022-03-01T06:45Z,0.0001,0", "not a whole number of Wh"),
    "too much": ("2022-03-01T06:45Z,24.001,0", "more than 24000 Wh"),
    "too much export": ("2022-03-01T06:45Z,0,24.001", "more than 24000 Wh"),
    "no zone": ("2022-03-01T06:45,1,0", "has no time zone"),
    "no instant": ("yesterday,1,0", "'yesterday' is not an instant"),
    "off the grid": ("2022-03-01T06:50Z,1,0", "not on a quarter hour"),
    "a part of a second": ("2022-03-01T06:45:00.5Z,1,0", "not a whole second"),
    "a field too few": ("2022-03-01T06:45Z,1", "2 fields instead of 3"),
    "a field too many": ("2022-03-01T06:45Z,1,0,0", "4 fields instead of 3"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_reported_with_file_line_and_reason_and_the_good_rows_go_on(kind: str) -> None:
    row, reason = BAD_ROWS[kind]
    meter = parse_meter_csv(f"{GOOD}{row}\n2022-03-01T07:00Z,1,0\n".encode(), what="home.csv")
    assert [energy.interval.start_s - START_S for energy in meter.energies] == [
        0,
        900,
        1_800,
        3_600,
    ]
    (fault,) = meter.faults
    assert fault.startswith("home.csv, line 5: ")
    assert reason in fault


def test_an_interval_that_stands_twice_is_used_neither_time() -> None:
    meter = parse_meter_csv((GOOD + "2022-03-01T06:00Z,9,0\n").encode(), what="home.csv")
    assert meter.energies == (quarter(1, 0, 1_250), quarter(2, 2_000, 0))
    assert meter.faults == (
        "home.csv, line 2: line 5 has the same start; neither is used",
        "home.csv, line 5: line 2 has the same start; neither is used",
    )


NO_TABLE = {
    "empty": (b"", "is empty"),
    "another table": (b"time,kwh\n1,2\n", "its columns are time, kwh"),
    "two imports": (b"interval_start_utc,kwh,wh\n", "needs a column"),
    "no text": (b"\xff\xfe\x00", "not UTF-8 text"),
    "no good row": (b"interval_start_utc,kwh\nx,1\n", "no good row; home.csv, line 2: 'x'"),
}


@pytest.mark.parametrize("kind", NO_TABLE)
def test_a_file_that_is_no_meter_table_is_an_error_that_names_it(kind: str) -> None:
    data, reason = NO_TABLE[kind]
    with pytest.raises(InputError, match=r"^home\.csv") as error:
        parse_meter_csv(data, what="home.csv")
    assert reason in str(error.value)


@pytest.mark.skipif(not TEXAS_HOME.exists(), reason="../shared/data is not there")
def test_a_real_texas_home_is_read_to_the_watt_hour() -> None:
    data = gzip.decompress((TEXAS_HOME / "interval_kwh_utc.csv.gz").read_bytes())
    meter = parse_meter_csv(data, what="texas")
    assert len(meter.energies) == 30_720
    assert sum(energy.import_wh for energy in meter.energies) == 6_825_137
    assert max(energy.import_wh for energy in meter.energies) == 2_232
    assert meter.faults == ()
