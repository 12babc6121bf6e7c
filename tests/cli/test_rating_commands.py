"""`gridplus rate` and `gridplus plan compare | label`: real processes, what they print and say."""

import json
from pathlib import Path

import pytest

from gridplus.demo.options import bundled
from gridplus.market import operating_day_intervals
from gridplus.units import format_utc
from tests.cli.test_commands import gridplus
from tests.tariff.examples import PLAIN, PLAN_FILE

FIXED = PLAN_FILE.parent / "plans" / "fixed.toml"
INTERVALS = operating_day_intervals(PLAIN)


@pytest.fixture
def reads(tmp_path: Path) -> Path:
    path = tmp_path / "reads.csv"
    rows = "".join(f"{format_utc(interval.start)},0.250\n" for interval in INTERVALS)
    path.write_text("interval_start_utc,kwh\n" + rows)
    return path


def test_a_meter_file_is_rated_line_by_line_with_exact_decimals(reads: Path) -> None:
    run = gridplus("rate", "--plan", FIXED, "--reads", reads)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert len(document["intervals"]) == 96
    assert document["intervals"][0]["lines"][0] == {
        "code": "energy",
        "side": "charge",
        "amount": "0.02725",
        "quantity_kwh": "0.25",
        "price_per_kwh": "0.109",
    }
    assert document["lines"]["energy"] == "2.616"
    assert document["waits"] is None


def test_an_indexed_plan_takes_prices_of_a_file_and_names_what_is_missing(
    reads: Path, tmp_path: Path
) -> None:
    plan, prices = tmp_path / "plan.toml", tmp_path / "prices.csv"
    text = bundled("plans/collar.toml").decode().replace("LZ_HOUSTON", "LZ_NORTH")
    plan.write_text(text)
    hours = [interval for interval in INTERVALS if interval.start_s % 3_600 == 0]
    rows = [f"{format_utc(hour.start)},0.05" for hour in hours]
    prices.write_text("\n".join(["start_utc,price $/kWh", *rows]) + "\n")
    arguments = ("rate", "--plan", plan, "--reads", reads, "--totals", "--prices", prices)
    run = gridplus(*arguments)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["intervals"] == []
    assert document["lines"]["energy"] == "1.2"
    prices.write_text("\n".join(["start_utc,price $/kWh", *rows[:-1]]) + "\n")
    waiting = gridplus(*arguments)
    assert waiting.returncode == 1
    assert json.loads(waiting.stdout)["waits"]["reason"] == "PRICES_NOT_KNOWN"
    assert "prices.csv: the prices of 2021-07-04 are refused, 1 of 24" in waiting.stderr
    assert "Traceback" not in waiting.stderr


def test_a_bad_row_of_the_meter_file_is_named_and_the_status_says_so(reads: Path) -> None:
    reads.write_text(reads.read_text().replace(",0.250\n", ",much\n", 1))
    run = gridplus("rate", "--plan", FIXED, "--reads", reads, "--totals")
    assert run.returncode == 1
    assert "reads.csv, line 2: " in run.stderr
    assert json.loads(run.stdout)["import_kwh"] == "23.75"


def test_plans_are_compared_for_each_bundled_home() -> None:
    days = ("--from", "2021-07-04", "--to", "2021-07-04")
    run = gridplus("plan", "compare", *days)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 1 + 17 + 1 + 1
    assert lines[1].startswith("home-01 ")
    table = json.loads(gridplus("plan", "compare", *days, FIXED, "--json").stdout)
    assert len(table) == 17
    assert table["home-01"][0]["regret_ubolt"] == 0


def test_a_label_shows_every_part_and_the_worst_day() -> None:
    run = gridplus("plan", "label", FIXED)
    assert run.returncode == 0, run.stderr
    assert "energy                       10.90         10.90         10.90" in run.stdout
    assert "Worst day of 2021-01-01 to 2022-12-31" in run.stdout
