"""The examples run and print what they promise."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridplus.tariff import format_bill
from tests.programs import ROOT, printed, run
from tests.verify.signed_day import signed_day


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    path = tmp_path / "bill.json"
    path.write_bytes(format_bill(signed_day()[0]))
    return path


def test_a_bill_is_recomputed_without_grid_plus(bill: Path) -> None:
    out = printed("examples/recompute_a_bill.py", str(bill))
    assert "92 intervals: every line, counter and head is as the bill says" in out
    assert "as it says" in out
    assert "gridplus" not in (ROOT / "examples/recompute_a_bill.py").read_text().split('"""')[2]


def _statement(bill: dict[str, Any], place: int) -> dict[str, Any]:
    statement: dict[str, Any] = bill["intervals"][place]["statement"]
    return statement


def _overcharge(bill: dict[str, Any]) -> None:
    line = _statement(bill, 50)["lines"][0]
    line["amount_abolt"] = str(int(line["amount_abolt"]) + 1)


def _move_the_counter(bill: dict[str, Any]) -> None:
    _statement(bill, 50)["spent_ubolt"] += 1


def _exchange_the_prices(bill: dict[str, Any]) -> None:
    bill["prices"]["version"] = 2


def _turn_a_head(bill: dict[str, Any]) -> None:
    head = bill["intervals"][50]["head"]
    bill["intervals"][50]["head"] = head[:-1] + ("0" if head[-1] != "0" else "1")


def _add_to_the_day(bill: dict[str, Any]) -> None:
    bill["totals"]["charges_ubolt"] += 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_overcharge, "energy"),
        (_move_the_counter, "counters"),
        (_exchange_the_prices, "plan or prices"),
        (_turn_a_head, "head"),
        (_add_to_the_day, "the day's total"),
    ],
)
def test_the_recomputation_names_what_was_changed(
    bill: Path, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    document = json.loads(bill.read_bytes())
    change(document)
    bill.write_text(json.dumps(document))
    done = run("examples/recompute_a_bill.py", str(bill))
    assert done.returncode == 1
    assert done.stderr.startswith("differs: ")
    assert named in done.stderr


def test_a_battery_plan_gives_its_reasons_and_saves() -> None:
    out = printed("examples/plan_a_battery.py", "--home", "1", "--day", "2021-08-11")
    assert "after losses and wear" in out
    cost, without = (float(text) for text in re.findall(r"([\d.]+) BOLT", out))
    assert cost < without


def test_a_day_without_prices_is_refused() -> None:
    done = run("examples/plan_a_battery.py", "--day", "2020-01-01")
    assert done.returncode == 1
    assert "prices exist from 2021-01-01" in done.stderr


def test_the_citylearn_agent_saves_in_a_house_it_has_never_seen() -> None:
    out = printed("examples/citylearn_agent.py", "--homes", "1", "--days", "3")
    without, with_agent = (float(text) for text in re.findall(r"([\d.]+) \$", out))
    assert with_agent < without
