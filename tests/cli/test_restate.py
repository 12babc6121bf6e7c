"""`gridplus restate` on bills as files: what they should have been, or one sentence why not."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridplus.cli.restate import command
from gridplus.failures import InputError
from gridplus.tariff import format_bill
from gridplus.units import format_utc
from tests.tariff.examples import plan_text_with
from tests.verify.signed_day import signed_day

BILL, _ = signed_day()
AT = 40
DECIDED = "2021-04-01"


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    path = tmp_path / "bill.json"
    path.write_bytes(format_bill(BILL))
    return path


def restated(bill: Path, *arguments: object) -> Result:
    line = [str(bill), "--decided", DECIDED, *map(str, arguments)]
    return CliRunner().invoke(command, line)


def corrections(path: Path, posted: int, now: int) -> Path:
    """A correction of the hour in which interval AT lies, in cents per MWh."""
    hour = BILL.prices.start_s + (AT * 900 // 3_600) * 3_600
    start = format_utc(BILL.intervals[AT].statement.interval.start)
    assert BILL.intervals[AT].statement.interval.start_s == hour
    path.write_text(
        "interval_start_utc,settlement_point,as_posted,annual_file\n"
        f"{start},LZ_HOUSTON,{posted / 1e6:.6f},{now / 1e6:.6f}\n"
    )
    return path


def test_a_corrected_hour_restates_its_four_quarters(bill: Path, tmp_path: Path) -> None:
    posted = BILL.prices.price_at(BILL.intervals[AT].statement.interval)
    path = corrections(tmp_path / "fix.csv", posted, posted + 10_000_000)
    run = restated(bill, "--corrections", path, "--json")
    assert run.exit_code == 0, run.output
    document = json.loads(run.output)
    reads = [billed.statement.read for billed in BILL.intervals[AT : AT + 4]]
    assert [r["start_s"] for r in document["revisions"]] == [r.interval.start_s for r in reads]
    moved = sum(entry["owed_ubolt"] for entry in document["owed_ubolt"])
    exact = sum(10 * (1.021637 * read.import_wh - read.export_wh) for read in reads)
    assert abs(moved - exact) < 1
    text = restated(bill, "--corrections", path).output
    assert "4 intervals restated, 0 charges too late to be made" in text
    assert f"head {document['head']}" in text


def test_corrected_reads_restate_what_differs_and_nothing_else(bill: Path, tmp_path: Path) -> None:
    path = tmp_path / "reads.csv"
    rows = ["interval_start_utc,import_wh,export_wh"]
    for at, billed in enumerate(BILL.intervals):
        read = billed.statement.read
        more = 100 if at == AT else 0
        start = format_utc(read.interval.start)
        rows.append(f"{start},{read.import_wh + more},{read.export_wh}")
    path.write_text("\n".join(rows) + "\n")
    run = restated(bill, "--reads", path, "--json")
    assert run.exit_code == 0, run.output
    (revision,) = json.loads(run.output)["revisions"]
    read = BILL.intervals[AT].statement.read
    assert (revision["start_s"], revision["import_wh"]) == (
        read.interval.start_s,
        read.import_wh + 100,
    )


def test_a_plan_that_says_the_same_changes_nothing_and_a_cheaper_one_is_a_credit(
    bill: Path, tmp_path: Path
) -> None:
    same, cheaper = tmp_path / "same.toml", tmp_path / "cheaper.toml"
    same.write_bytes(plan_text_with())
    cheaper.write_bytes(plan_text_with(("1.50 ¢/kWh", "1.40 ¢/kWh")))
    assert "nothing changes" in restated(bill, "--plan", same).output
    run = restated(bill, "--plan", cheaper)
    assert "92 intervals restated" in run.output
    assert "credit of 0.0" in run.output


def test_what_cannot_be_restated_is_one_sentence(bill: Path, tmp_path: Path) -> None:
    path = corrections(tmp_path / "fix.csv", 1, 2)
    for arguments, sentence in (
        ([], "name one of --corrections, --reads and --plan"),
        (["--corrections", path, "--plan", path], "name one of"),
        (["--corrections", path], "the correction is of 1"),
        (["--corrections", path, "--decided", "soon"], "write a day like"),
        ([bill, "--corrections", path], "does not continue the one before it"),
    ):
        run = restated(bill, *arguments)
        assert isinstance(run.exception, InputError), run.output
        assert sentence in str(run.exception)
