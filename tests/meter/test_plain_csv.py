import gzip
from decimal import Decimal

import pytest

from gridplus.failures import InputError
from gridplus.meter import Quality
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import Options, parse_mapping, parse_meter_file
from tests.meter.files import HOUSEHOLDS, START_S, energies, needs_households, rows

HEADER = "interval_start_utc,import_kwh,export_kwh\n"
GOOD = HEADER + (
    "2022-03-01T06:00Z,0.145,0\n2022-03-01T06:15Z,0,1.25\n2022-03-01T06:30:00+00:00,2,0\n"
)
SYDNEY = """
[start]
column = "local_start"
format = "%Y-%m-%d %H:%M:%S"
zone = "Australia/Sydney"
[import]
column = "GC_kw"
unit = "kW"
[export]
column = "GG_kw"
unit = "kW"
"""


def parse(text: str, mapping: str | None = None) -> MeterFile:
    mapped = None if mapping is None else parse_mapping(mapping.encode(), what="map.toml")
    return parse_meter_file([text.encode()], what="home.csv", options=Options(mapping=mapped))


def test_quarter_hours_are_read_as_whole_watt_hours() -> None:
    found = parse(GOOD)
    assert energies(rows(found)) == [(0, 145, 0), (1, 0, 1_250), (2, 2_000, 0)]
    assert {read.length_s for read in rows(found)} == {900}
    assert found.problems.count == 0


@pytest.mark.parametrize("column", ["kwh", "import_kwh"])
def test_an_hourly_file_without_export_gives_hours_that_split_into_four(column: str) -> None:
    text = f"interval_start_utc,{column}\n2022-03-01T06:00Z,0.010\n2022-03-01T07:00Z,1\n"
    first, second = rows(parse(text))
    assert (first.length_s, second.import_wh) == (3_600, 1_000)
    assert [wh for _, wh, _ in first.quarters()] == [3, 3, 2, 2]


def test_meter_seconds_and_quality_are_read_where_they_stand() -> None:
    text = (
        "meter,interval_start_utc,seconds,import_wh,export_wh,quality\n"
        "a,2022-03-01T06:00Z,900,1,2,ACTUAL\nb,2022-03-01T06:00Z,1800,3,4,ESTIMATED\n"
    )
    found = parse(text)
    assert energies(rows(found, "a")) == [(0, 1, 2)]
    (read,) = rows(found, "b")
    assert (read.length_s, read.quality) == (1_800, Quality.ESTIMATED)


def test_days_last_from_midnight_to_midnight_of_their_zone() -> None:
    mapping = (
        '[start]\ncolumn = "day"\nzone = "America/Chicago"\n'
        '[import]\ncolumn = "kwh"\nunit = "kWh"\n'
    )
    text = "day,kwh\n" + "".join(f"2022-03-{day},1\n" for day in (11, 12, 13, 14))
    assert [read.length_s // 3_600 for read in rows(parse(text, mapping))] == [24, 24, 23, 24]
    off = parse("day,kwh\n2022-03-11,1\n2022-03-12,1\n2022-03-13T05:00,1\n", mapping)
    assert "a day begins at local midnight, not at 05:00" in off.problems.sentences[0]


def test_rows_named_by_their_end_with_foreign_marks_are_read() -> None:
    mapping = (
        '[end]\ncolumn = "bis"\nformat = "%d.%m.%Y %H:%M"\nzone = "Europe/Berlin"\n'
        '[import]\ncolumn = "Wert"\nunit = "kWh"\n[table]\ndelimiter = ";"\ndecimal = ","\n'
        'minutes = 15\n[quality]\ncolumn = "Status"\nactual = ["W"]\nestimated = ["E"]\n'
    )
    text = "bis;Wert;Status\n01.03.2022 07:15;0,5;W\n01.03.2022 07:30;1;E\n01.03.2022 07:45;1;X\n"
    found = parse(text, mapping)
    assert energies(rows(found)) == [(0, 500, 0), (1, 1_000, 0)]
    assert [read.quality for read in rows(found)] == [Quality.ACTUAL, Quality.ESTIMATED]
    assert found.problems.sentences == ["home.csv, line 4: 'X' is no quality that is known here"]


def test_the_hour_that_clocks_repeat_is_told_by_the_order_of_its_rows() -> None:
    text = "local_start,GC_kw,GG_kw\n" + "".join(
        f"2022-04-03 0{hour}:{half}:00,1,0\n" for hour in (1, 2, 2, 3) for half in ("00", "30")
    )
    reads = rows(parse(text, SYDNEY))
    assert [(read.start_s - reads[0].start_s) // 1_800 for read in reads] == list(range(8))
    assert {read.import_wh for read in reads} == {500}


def test_the_hour_that_clocks_skip_holds_nothing() -> None:
    text = "local_start,GC_kw,GG_kw\n2022-10-02 01:30:00,1,0\n2022-10-02 03:00:00,1,0\n"
    for value in ("", "0.0"):
        found = parse(text + f"2022-10-02 02:00:00,{value},0\n", SYDNEY)
        assert found.problems.count == 0
        assert "1 rows are of the hour that the clocks skip" in found.notes[0]
    full = parse(text + "2022-10-02 02:00:00,0.1,0\n", SYDNEY)
    assert full.problems.sentences == [
        "home.csv, line 4: the clocks skip this hour, yet it has a value"
    ]


BAD_ROWS = {
    "no number": ("2022-03-01T06:45Z,NaN,0", "'NaN' is not an amount of energy"),
    "below zero": ("2022-03-01T06:45Z,-1,0", "energy is negative"),
    "nothing": ("2022-03-01T06:45Z,,0", "there is no value"),
    "too much": ("2022-03-01T06:45Z,24.001,0", "more than 24000 Wh"),
    "too much export": ("2022-03-01T06:45Z,0,24.001", "more than 24000 Wh"),
    "a gigawatt hour": ("2022-03-01T06:45Z,1000000000,0", "more than 24000 Wh"),
    "year 1900": ("1900-03-01T06:45Z,1,0", "before the year 2000"),
    "no zone": ("2022-03-01T06:45,1,0", "has no time zone"),
    "no instant": ("yesterday,1,0", "'yesterday' is not an instant"),
    "off the grid": ("2022-03-01T06:50Z,1,0", "not on the grid of 900 s"),
    "a part of a second": ("2022-03-01T06:45:00.5Z,1,0", "not a whole second"),
    "a field too few": ("2022-03-01T06:45Z,1", "2 fields instead of 3"),
    "a field too many": ("2022-03-01T06:45Z,1,0,0", "4 fields instead of 3"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_reported_with_file_line_and_reason_and_the_good_rows_go_on(kind: str) -> None:
    row, reason = BAD_ROWS[kind]
    found = parse(f"{GOOD}{row}\n2022-03-01T07:00Z,1,0\n")
    assert [place for place, *_ in energies(rows(found))] == [0, 1, 2, 4]
    sentence = found.problems.sentences[0]
    assert sentence.startswith("home.csv, line 5: ")
    assert reason in sentence


def test_an_interval_that_stands_twice_with_two_values_is_used_neither_time() -> None:
    found = parse(GOOD + "2022-03-01T06:00Z,9,0\n")
    assert [place for place, *_ in energies(rows(found))] == [1, 2]
    assert "home.csv, line 2: line 5 says otherwise" in found.problems.sentences[0]


def test_of_two_rows_that_overlap_the_later_one_is_left_out() -> None:
    header = "interval_start_utc,seconds,import_wh\n"
    found = parse(header + "2022-03-01T06:00Z,1800,5\n2022-03-01T06:15Z,900,1\n")
    assert energies(rows(found)) == [(0, 5, 0)]
    assert found.problems.sentences == [
        "home.csv, line 3: overlaps the interval of line 2 and is not used"
    ]


NO_TABLE = {
    "empty": (b"", "is empty"),
    "another table": (b"time,kwh\n1,2\n", "its columns are time, kwh"),
    "two imports": (b"interval_start_utc,kwh,wh\n", "needs a column"),
    "no text": (b"interval_start_utc,kwh\n\xff", "not UTF-8 text: byte 23"),
    "no good row": (b"interval_start_utc,kwh\nx,1\n", "no good row; home.csv, line 2: 'x'"),
    "nothing known": (b"\x00\x01\x02", "is none of the formats known here (smt:"),
}


@pytest.mark.parametrize("kind", NO_TABLE)
def test_a_file_that_is_no_meter_table_is_an_error_that_names_it(kind: str) -> None:
    data, reason = NO_TABLE[kind]
    with pytest.raises(InputError, match=r"^home\.csv") as error:
        parse_meter_file([data], what="home.csv")
    assert reason in str(error.value)


BAD_MAPPINGS = {
    "no toml": ("[start", "is not TOML"),
    "no time": ('[import]\ncolumn = "a"\nunit = "kWh"\n', "needs one of [start] and [end]"),
    "unknown table": (SYDNEY + "[plot]\n", "[plot] is none of start"),
    "unknown key": (SYDNEY + "[table]\nminute = 15\n", "[table] minute is none of"),
    "unknown unit": (SYDNEY.replace('"kW"', '"MW"'), "unit 'MW' is none of Wh"),
    "unknown zone": (SYDNEY.replace("Sydney", "Perthshire"), "is no time zone"),
    "no unit": (SYDNEY.replace('unit = "kW"', "", 1), "[import] needs unit"),
    "minutes of years": (SYDNEY + "[table]\nminutes = 999999\n", "minutes is 1 to 1440"),
    "two delimiters": (SYDNEY + '[table]\ndelimiter = ";;"\n', "delimiter is one character"),
}


@pytest.mark.parametrize("kind", BAD_MAPPINGS)
def test_a_bad_mapping_is_an_error_that_names_the_entry(kind: str) -> None:
    text, reason = BAD_MAPPINGS[kind]
    with pytest.raises(InputError, match=r"^map\.toml|time zone") as error:
        parse_mapping(text.encode(), what="map.toml")
    assert reason in str(error.value)


def test_a_mapping_that_names_an_absent_column_is_refused() -> None:
    with pytest.raises(InputError, match="needs one column GC_kw, GG_kw, local_start"):
        parse(GOOD, SYDNEY)


@needs_households
def test_a_real_texas_home_is_read_to_the_watt_hour() -> None:
    path = HOUSEHOLDS / "smt_texas_home/interval_kwh_utc.csv.gz"
    found = parse(gzip.decompress(path.read_bytes()).decode())
    reads = found.meters["meter"]
    assert (len(reads), int(reads.import_wh.sum()), found.problems.count) == (30_720, 6_825_137, 0)


@needs_households
def test_a_real_sydney_home_is_read_with_a_mapping_to_the_watt_hour() -> None:
    path = HOUSEHOLDS / "ausgrid_customer12/data_2011-2012.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    found = parse(text, SYDNEY)
    reads = found.meters["meter"]
    table = [line.split(",") for line in text.splitlines()[1:]]
    for column, total_wh in [(1, int(reads.import_wh.sum())), (2, int(reads.export_wh.sum()))]:
        assert abs(total_wh - sum(Decimal(row[column]) for row in table) * 500) < Decimal("0.01")
    assert found.problems.count == 0
    assert "2 rows are of the hour that the clocks skip" in "".join(found.notes)
    assert len(reads) == len(table) - 2
    assert int(reads.start_s[0]) < START_S
