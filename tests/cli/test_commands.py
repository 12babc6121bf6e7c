"""The command line as a person meets it: help that teaches, one sentence for what went wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridplus.demo.options import bundled

PLAN = "plan-houston-day-ahead.toml"


def gridplus(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gridplus.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_help_names_every_command_and_how_to_begin() -> None:
    told = gridplus("--help").stdout
    for word in ("chain", "demo", "hub", "plan", "retailer", "verify", "Begin with"):
        assert word in told


def test_the_version_names_the_code_of_the_contracts() -> None:
    told = gridplus("--version").stdout
    assert told.startswith("gridplus 0.1.0")
    assert told.count("0x") == 3


def test_a_plan_in_order_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(bundled(PLAN))
    run = gridplus("plan", "check", path)
    assert run.returncode == 0
    assert "is in order" in run.stdout


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('market = "DAM"', 'market = "RTM"', "39.110"),
        ('kind = "index_price"', 'kind = "index"', "components[0].kind"),
        ('cap = "300.00 $/MWh"', 'cap = "300.00"', "index.cap"),
        ('price = "1.50 ¢/kWh"', 'prize = "1.50 ¢/kWh"', "components[1].price: is missing"),
    ],
)
def test_a_broken_plan_is_refused_with_the_place_and_the_reason(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    text = bundled(PLAN).decode()
    assert before in text
    path = tmp_path / "plan.toml"
    changed = text.replace(before, after).replace("2021-01-01", "2021-09-01")
    path.write_text(changed)
    run = gridplus("plan", "check", path)
    assert run.returncode == 1
    assert sentence in run.stderr
    assert "plan.toml" in run.stderr
    assert "Traceback" not in run.stderr


def test_verify_says_where_it_looked_when_nothing_is_there(tmp_path: Path) -> None:
    bill = tmp_path / "bills" / "bill.json"
    bill.parent.mkdir()
    bill.write_text("{}")
    run = gridplus("verify", bill)
    assert run.returncode == 1
    assert "deployment.json" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_unknown_command_is_a_usage_error() -> None:
    run = gridplus("sell")
    assert run.returncode == 2
    assert "No such command 'sell'" in run.stderr
