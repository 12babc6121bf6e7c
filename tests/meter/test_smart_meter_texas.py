import csv
import gzip
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from gridplus.failures import InputError
from gridplus.meter import Quality
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import Options, parse_meter_file
from gridplus.units import format_utc, utc_from_s
from tests.meter.files import HOUSEHOLDS, SMT_HEADER, energies, needs_households, rows, smt_row

HOME = "10089000000000000"


def parse(text: str) -> MeterFile:
    return parse_meter_file([text.encode()], what="smt.csv")


def test_apostrophe_blanks_and_an_end_of_midnight_are_read() -> None:
    text = SMT_HEADER + smt_row("00:00", "00:15", kwh=".138") + smt_row("23:45", "00:00", kwh="1")
    found = parse(text)
    assert found.format == "smt"
    assert energies(rows(found, HOME)) == [(0, 138, 0), (95, 1_000, 0)]
    assert found.problems.count == 0


def test_surplus_generation_is_export_and_estimates_are_marked() -> None:
    text = SMT_HEADER + "".join(
        smt_row("00:00", "00:15", kwh=kwh, tail=tail)
        for kwh, tail in [(".1", "A,Consumption"), ("2.5", "E,Surplus Generation")]
    )
    (read,) = rows(parse(text))
    assert (read.import_wh, read.export_wh, read.quality) == (100, 2_500, Quality.ESTIMATED)


def test_an_absent_export_is_not_an_export_of_nothing() -> None:
    text = SMT_HEADER + smt_row("00:00", "00:15") + smt_row("00:15", "00:30")
    found = parse(text + smt_row("00:00", "00:15", tail="A,Surplus Generation"))
    assert energies(rows(found)) == [(0, 100, 100)]
    assert found.problems.sentences == ["smt.csv, line 3: the export of this interval is missing"]


def test_a_later_revision_replaces_an_earlier_one_wherever_it_stands() -> None:
    newer = smt_row("00:00", "00:15", kwh=".9").replace("03/02/2022 06", "03/05/2022 06")
    older = smt_row("00:00", "00:15", kwh=".1")
    for text in (newer + older, older + newer):
        found = parse(SMT_HEADER + text)
        assert energies(rows(found)) == [(0, 900, 0)]
        assert found.problems.count == 0
        assert "1 rows of 10089000000000000 are not used" in found.notes[0]


def test_of_one_revision_the_same_row_counts_once_and_rows_that_differ_count_for_nothing() -> None:
    same = parse(SMT_HEADER + 2 * smt_row("00:00", "00:15") + smt_row("00:15", "00:30"))
    assert energies(rows(same)) == [(0, 100, 0), (1, 100, 0)]
    text = smt_row("00:00", "00:15") + smt_row("00:00", "00:15", kwh=".2")
    differ = parse(SMT_HEADER + text + smt_row("00:15", "00:30"))
    assert energies(rows(differ)) == [(1, 100, 0)]
    assert differ.problems.sentences[0] == (
        "smt.csv, line 2: line 3 says otherwise of 2022-03-01T06:00:00Z+900s in the same revision; "
        "neither is used"
    )


def test_the_skipped_hour_is_absent_or_empty_and_never_has_a_value() -> None:
    day = "03/13/2022"
    around = smt_row("01:45", "02:00", day=day) + smt_row("03:00", "03:15", day=day)
    empty = smt_row("02:00", "02:15", kwh="", day=day, tail=",Consumption")
    for text in (around, around + empty):
        first, second = rows(parse(SMT_HEADER + text))
        assert second.start_s == first.end_s
    assert parse(SMT_HEADER + around + empty).problems.count == 0
    full = parse(SMT_HEADER + around + smt_row("02:00", "02:15", day=day))
    assert full.problems.sentences == [
        "smt.csv, line 4: 03/13/2022 has no 02:00: the clocks skip it, yet it has a value"
    ]


def test_the_repeated_hour_follows_itself_and_its_first_row_may_be_mislabelled() -> None:
    quarters = ["01:00", "01:15", "01:30", "01:45", "02:00"]
    once = list(pairwise(quarters))
    for again in (once, [("02:00", "01:15"), *once[1:]]):
        labels = [*once, *again, ("02:00", "02:15")]
        text = "".join(
            smt_row(start, end, kwh=f".{place + 1}", day="11/06/2022")
            for place, (start, end) in enumerate(labels)
        )
        found = parse(SMT_HEADER + text)
        assert found.problems.count == 0
        assert [read.import_wh for read in rows(found)] == [100 * i for i in range(1, 10)]
        assert format_utc(utc_from_s(rows(found)[0].start_s)) == "2022-11-06T06:00:00Z"


BAD_ROWS = {
    "no value": (smt_row("00:15", "00:30", kwh=""), "there is no value"),
    "no number": (smt_row("00:15", "00:30", kwh="1e3"), "'1e3' is not an amount of energy"),
    "negative": (smt_row("00:15", "00:30", kwh="-.1"), "energy is negative"),
    "huge": (smt_row("00:15", "00:30", kwh="1000000000"), "more than 24000 Wh"),
    "beyond integers": (smt_row("00:15", "00:30", kwh="9" * 15), "more than any home's meter"),
    "year 1900": (smt_row("00:15", "00:30", day="03/01/1900"), "before the year 2000"),
    "no date": (smt_row("00:15", "00:30", day="2022-03-01"), "is not a date MM/DD/YYYY"),
    "no label": (smt_row("00:15", "00:45"), "is no quarter hour of 03/01/2022"),
    "no quality": (smt_row("00:15", "00:30", tail=",Consumption"), "'' is neither A (actual)"),
    "no channel": (smt_row("00:15", "00:30", tail="A,Reactive"), "'Reactive' is neither"),
    "a field too few": ("'1,03/01/2022\n", "2 fields instead of 8"),
    "no meter": (smt_row("00:15", "00:30").replace("10089000000000000", "§"), "no name of a meter"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_reported_with_file_line_and_reason_and_the_good_rows_go_on(kind: str) -> None:
    row, reason = BAD_ROWS[kind]
    found = parse(SMT_HEADER + smt_row("00:00", "00:15") + row + smt_row("00:30", "00:45"))
    assert energies(rows(found, HOME)) == [(0, 100, 0), (2, 100, 0)]
    (sentence,) = found.problems.sentences
    assert sentence.startswith("smt.csv, line 3: ")
    assert reason in sentence


def test_a_zone_nobody_knows_and_a_table_without_a_column_are_refused() -> None:
    text = (SMT_HEADER + smt_row("00:00", "00:15")).encode()
    with pytest.raises(InputError, match="'Mars/Olympus' is no time zone"):
        parse_meter_file([text], what="smt.csv", options=Options(zone="Mars/Olympus"))
    with pytest.raises(InputError, match=r"smt\.csv has no column USAGE_KWH"):
        parse(SMT_HEADER.replace("USAGE_KWH", "KWH"))


@needs_households
def test_a_real_home_of_320_days_is_read_to_the_watt_hour() -> None:
    folder = HOUSEHOLDS / "smt_texas_home"
    data = gzip.decompress((folder / "IntervalData.masked.csv.gz").read_bytes())
    found = parse_meter_file([data[i : i + 65_536] for i in range(0, len(data), 65_536)], what="t")
    reads = found.meters[HOME]
    assert found.problems.count == 0
    assert found.notes == ("t: 4 rows are of the hour that the clocks skip; they are empty",)
    assert (len(reads), int(reads.import_wh.sum()), int(reads.import_wh.max())) == (
        30_720,
        6_825_137,
        2_232,
    )
    assert {int(step) for step in reads.start_s[1:] - reads.start_s[:-1]} == {900}
    normalised = gzip.decompress((folder / "interval_kwh_utc.csv.gz").read_bytes()).decode()
    stamps = [row[0] for row in csv.reader(normalised.splitlines()[1:])]
    assert [f"{utc_from_s(at):%Y-%m-%dT%H:%MZ}" for at in reads.start_s.tolist()] == stamps


@needs_households
def test_both_days_on_which_the_clocks_change_are_read_whole() -> None:
    data = (HOUSEHOLDS / "smt_texas_home/sample_dst_days.csv").read_bytes()
    found = parse_meter_file([data], what="dst")
    assert found.problems.count == 0
    for day, count, total_wh in [("2022-03-13", 92, 13_714), ("2022-11-06", 100, 3_701)]:
        reads = [read for read in rows(found) if _texas_day(read.start_s) == day]
        assert (len(reads), sum(read.import_wh for read in reads)) == (count, total_wh)
        assert all(after.start_s == before.end_s for before, after in pairwise(reads))


def _texas_day(start_s: int) -> str:
    return f"{utc_from_s(start_s).astimezone(ZoneInfo('America/Chicago')):%Y-%m-%d}"
