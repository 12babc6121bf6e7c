"""A real day, end to end: two homes on the day of 23 hours, with every service a process."""

import json
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.chain.views import ask
from gridplus.clock import SystemClock
from gridplus.contracts import registry
from gridplus.demo.founding import CHAIN_ID
from gridplus.journal import SqliteJournal
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.ledger import Code, movement
from gridplus.retailer.authority.records import Records
from gridplus.retailer.facts import posted_fact
from gridplus.wallet import Address
from gridplus.wallet.certificates import device_id
from tests.lived import lived_street

DAY = "2021-03-14"


def gridplus(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gridplus.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived_street(tmp_path_factory, "day", "--day", DAY, "--homes", "2", "--json")


@pytest.fixture
def result(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "result.json").read_text())
    return found


def test_what_is_printed_for_machines_is_what_is_kept(out: Path, result: dict[str, Any]) -> None:
    assert json.loads(out.with_suffix(".stdout").read_text()) == result


def test_money_agrees_three_ways_to_the_last_ubolt(result: dict[str, Any]) -> None:
    assert result["agrees"]
    for home in result["homes"]:
        money = {
            home[f"{store}_ubolt"]
            for store in ("chain_headroom", "ledger_deposit", "voucher_headroom")
        }
        assert len(money) == 1


def test_the_stores_reconcile_and_a_transfer_of_one_ubolt_is_found(
    out: Path, tmp_path: Path
) -> None:
    """I-LE-7."""
    run = gridplus("ledger", "reconcile", "--retailer", out / "retailer")
    assert (run.returncode, run.stdout) == (
        0,
        "2 homes: ledger, newest vouchers and chain agree\n",
    )
    shutil.copytree(out, tmp_path / "out")
    (home, _) = json.loads((out / "retailer" / "customers.json").read_text())
    paid_out = movement(
        Code.WITHDRAWAL,
        b"nobody",
        day=date.fromisoformat(DAY),
        amount_ubolt=1,
        home=bytes.fromhex(home["channel"][2:]),
    )
    path = tmp_path / "out" / "retailer" / "retailer.journal"
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        journal.append([posted_fact(date.fromisoformat(DAY), paid_out)])
    run = gridplus("ledger", "reconcile", "--json", "--retailer", path.parent)
    assert run.returncode == 1
    told = [(at["reason"], at["home"]) for at in json.loads(run.stdout)["differences"]]
    assert told == [("WITHDRAWAL_NOT_ON_CHAIN", home["channel"]), ("TRUST_HOLDS_LESS", "0x")]


def test_each_home_paid_92_times_on_the_day_of_23_hours(result: dict[str, Any]) -> None:
    assert result["payments"]["count"] == 2 * 92
    assert result["payments"]["refused"] == 0


def test_every_part_of_the_cost_sums_to_what_the_homes_were_charged(result: dict[str, Any]) -> None:
    parts = sum(part["amount_ubolt"] for part in result["stack"])
    assert parts == result["retailer"]["revenue_ubolt"]


def test_the_flat_plan_would_have_brought_the_same_revenue(result: dict[str, Any]) -> None:
    homes = result["homes"]
    assert sum(home["flat_ubolt"] for home in homes) == sum(
        home["without_control_ubolt"] for home in homes
    )


def test_each_box_was_claimed_for_its_owner_and_certified_for_its_line(out: Path) -> None:
    line = tomllib.loads((out / "hub" / "hub.toml").read_text())["line"]
    with SqliteJournal.open(out / "retailer/authority/issued.sqlite", now_s=lambda: 0) as journal:
        certified = set(Records.replay(journal.replay()).issued.values())
    state, genesis = out / "chain" / "chain.sqlite", Genesis(CHAIN_ID, {})
    with EmbeddedChain(state, SystemClock(), genesis=genesis) as chain:
        for home in (out / "homes").iterdir():
            name = device_id(KeyStore(home / "agent-keys").load("device", DeviceKey).public)
            owner = KeyStore(home / "owner-keys").load("owner", Secp256k1Key).address
            contract = Address(bytes.fromhex(line["registry"][2:]))
            assert ask(chain, contract, view=registry.device(name)).owner == owner
            assert f"urn:gridplus:device:{name.hex()}:0" in certified


def test_energy_is_conserved_between_load_solar_battery_and_grid(result: dict[str, Any]) -> None:
    """I-EN-1."""
    energy = result["energy"]
    supplied = energy["import_wh"] + energy["solar_wh"] + energy["discharged_wh"]
    assert supplied == energy["load_wh"] + energy["export_wh"] + energy["charged_wh"]


def test_every_bill_verifies_against_the_chain(out: Path) -> None:
    run = gridplus("verify", *sorted((out / "bills").glob("*.json")))
    assert run.returncode == 0, run.stdout
    assert run.stdout.endswith("2 of 2 bills verify\n")


def _tampered(out: Path, tmp_path: Path, change: Any) -> "subprocess.CompletedProcess[str]":
    bill = json.loads((out / "bills" / f"home-01-{DAY}.json").read_text())
    change(bill)
    path = tmp_path / "bill.json"
    path.write_text(json.dumps(bill))
    return gridplus("verify", "--deployment", out / "deployment.json", "--state",
                    out / "chain" / "chain.sqlite", path)  # fmt: skip


def _one_ubolt(bill: Any) -> None:
    bill["intervals"][40]["statement"]["spent_ubolt"] += 1


def _one_wh(bill: Any) -> None:
    bill["intervals"][40]["statement"]["import_wh"] += 1


def _one_signature_byte(bill: Any) -> None:
    signature = bill["intervals"][40]["voucher_signature"]
    bill["intervals"][40]["voucher_signature"] = signature[:-2] + (
        "00" if signature[-2:] != "00" else "01"
    )


def _one_price_version(bill: Any) -> None:
    bill["prices"]["version"] += 1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_one_ubolt, "statements"),
        (_one_wh, "reads"),
        (_one_signature_byte, "vouchers"),
        (_one_price_version, "prices"),
    ],
)
def test_a_tampered_bill_fails_and_the_line_is_named(
    out: Path, tmp_path: Path, change: Any, line: str
) -> None:
    run = _tampered(out, tmp_path, change)
    assert run.returncode == 1
    failed = [row.split()[1] for row in run.stdout.splitlines() if "FAILED" in row]
    assert line in failed, run.stdout
    if line != "prices":
        assert "2021-03-14T16:00:00Z" in run.stdout


def test_an_untouched_copy_of_the_same_bill_passes(out: Path, tmp_path: Path) -> None:
    assert _tampered(out, tmp_path, lambda bill: None).returncode == 0


def test_hledger_accepts_the_books_and_its_balances_are_ours(
    out: Path, result: dict[str, Any]
) -> None:
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("hledger is not installed (Debian package hledger)")
    books = out / "ledger.journal"
    check = subprocess.run([hledger, "-f", books, "check", "-s"], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    balances = subprocess.run(
        [hledger, "-f", books, "balance", "--flat", "-N", "-O", "csv"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for home in result["homes"]:
        whole, part = divmod(home["ledger_deposit_ubolt"], 1_000_000)
        assert f"-{whole}.{part:06d}" in balances.replace(",", ""), home["name"]


def test_no_log_of_a_service_holds_a_key_or_a_token(out: Path) -> None:
    tokens = [path.read_text().strip() for path in (out / "keys").glob("*.token")]
    logs = "".join(path.read_text() for path in (out / "logs").iterdir())
    assert tokens
    assert not any(token in logs for token in tokens)
    assert "PRIVATE KEY" not in logs


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--day", "2019-05-05"], "prices exist from 2021-01-01 to 2022-12-31"),
        (["--day", "2022-12-31", "--days", 2], "prices exist from 2021-01-01 to 2022-12-31"),
        (["--day", "yesterday"], "write a day like 2021-02-15"),
        (["--homes", 18], "--homes is from 1 to 17"),
        (["--rtm", "/nowhere.csv"], "there is no file /nowhere.csv"),
    ],
)
def test_a_wrong_wish_is_one_clear_sentence(
    tmp_path: Path, arguments: list[object], sentence: str
) -> None:
    run = gridplus("demo", "--out", tmp_path / "out", *arguments)
    assert run.returncode == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_earlier_run_is_never_emptied(tmp_path: Path) -> None:
    precious = tmp_path / "out" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")
    run = gridplus("demo", "--homes", 1, "--out", tmp_path / "out")
    assert run.returncode == 1
    assert "holds something that is no earlier run" in run.stderr
    assert precious.read_text() == "mine"


def test_a_real_time_file_without_the_day_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "rtm.csv"
    path.write_text("start_utc,LZ_HOUSTON $/MWh\n2021-03-15T05:00:00Z,25.00\n")
    run = gridplus("demo", "--day", DAY, "--homes", 1, "--rtm", path, "--out", tmp_path / "out")
    assert run.returncode == 1
    assert "rtm.csv" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()
