"""`gridplus meter` as a person and a script meet it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridplus.cli.meter import command
from gridplus.clock import set_clock
from tests.meter.files import SMT_HEADER, espi, smt_row

GOOD = SMT_HEADER + smt_row("00:00", "00:15") + smt_row("00:15", "00:30", kwh=".2")
SOME_BAD = GOOD + smt_row("00:30", "00:45", kwh="much")
CORRECTED = GOOD.replace(".2,", ".5,")
BOMB = '<!DOCTYPE feed [<!ENTITY a "ha">]><feed>&a;</feed>'


def meter(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(SOME_BAD)
    (tmp_path / "bomb.xml").write_text(BOMB)
    (tmp_path / "corrected.csv").write_text(CORRECTED)
    return tmp_path


def test_the_exit_status_says_good_some_bad_or_refused(place: Path) -> None:
    good = meter("check", place / "good.csv")
    assert (good.exit_code, good.stderr) == (0, "")
    assert "2 reads of 15 min" in good.stdout
    bad = meter("check", place / "bad.csv", "--json")
    assert bad.exit_code == 1
    (report,) = json.loads(bad.stdout)
    assert report["meters"]["10089000000000000"]["import_wh"] == 300
    assert report["problems"] == [
        "bad.csv, line 4: 'much' is not an amount of energy, a decimal number"
    ]
    refused = subprocess.run(
        [sys.executable, "-m", "gridplus.cli", "meter", "check", "good.csv", "bomb.xml"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (refused.returncode, refused.stderr) == (2, "")
    assert "2 reads of 15 min" in refused.stdout
    assert "REFUSED  bomb.xml, line 1: a document type is refused" in refused.stdout


def test_what_was_imported_is_exported_as_it_was_known_at_any_time(place: Path) -> None:
    """I-ME-2, I-ME-3"""
    store, clock = place / "reads.db", place / "clock"
    kept = ("--store", store, "--clock", clock)
    for at_s, name, added in [
        (1_000, "good.csv", {"new": 2, "corrected": 0, "unchanged": 0}),
        (2_000, "good.csv", {"new": 0, "corrected": 0, "unchanged": 2}),
        (3_000, "corrected.csv", {"new": 0, "corrected": 1, "unchanged": 1}),
    ]:
        set_clock(clock, at_s)
        run = meter("import", place / name, *kept, "--json")
        assert run.exit_code == 0
        (report,) = json.loads(run.stdout)
        assert added.items() <= report["added"].items()
    edited = meter(
        "edit", *kept, "--meter", "10089000000000000", "--start", "2022-03-01T06:00Z",
        "--import-wh", 7, "--reason", "seen on the display", "--by", "ann",
    )  # fmt: skip
    assert edited.exit_code == 0
    assert "100 to 7 Wh in" in edited.stdout
    now = meter("export", "--store", store, "--to", "jsonl").stdout.splitlines()
    assert [json.loads(line)["import_wh"] for line in now] == [7, 500]
    assert json.loads(now[0])["rule"] == "seen on the display"
    then = meter("export", "--store", store, "--as-of", "1970-01-01T00:40Z").stdout.splitlines()
    assert [row.split(",")[3] for row in then] == ["import_wh", "100", "200"]


def test_a_file_is_exported_in_blocks_and_an_incomplete_one_is_named(place: Path) -> None:
    run = meter("export", place / "good.csv", "--block", "30min", "--to", "csv")
    assert run.exit_code == 0
    assert "2022-03-01T06:00:00Z,1800,300,0,ACTUAL,TDSP" in run.stdout
    hour = meter("export", place / "good.csv", "--block", "hour")
    assert hour.exit_code == 2
    assert "there is no read to export" in hour.stderr
    feed = meter("export", place / "good.csv", "--to", "espi", "--out", place / "x.xml")
    assert (feed.exit_code, feed.stdout) == (0, "")
    assert "2 reads of 15 min" in meter("check", place / "x.xml").stdout


def test_what_cannot_be_done_is_one_sentence(place: Path) -> None:
    (place / "gb.xml").write_bytes(espi("<IntervalReading/>"))
    for arguments, reason in {
        ("export",): "name either FILEs or a --store",
        ("export", place / "good.csv", "--zone", "Mars"): "'Mars' is no time zone",
        ("export", place / "good.csv", "--as-of", "yesterday"): "'yesterday' is not an instant",
        ("import", place / "good.csv", "--store", place / "good.csv"): "it is not a Grid+ journal",
        ("export", place / "gb.xml"): "an IntervalReading without a start or a value",
    }.items():
        run = meter(*arguments)
        assert run.exit_code == 2
        assert reason in run.stderr
        assert run.stderr.count("\n") == 1
