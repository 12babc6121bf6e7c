import csv
import io
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gridplus.ledger import Ledger, Transfer
from gridplus.ledger.exports import hledger_journal
from tests.ledger.street import BOLT, HOMES, StreetDay, deposit, street_days

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="hledger (Debian package) is not on PATH"
)


def hledger(journal: str, folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    path = folder / "ledger.journal"
    path.write_text(journal)
    return subprocess.run(
        ["hledger", "-f", str(path), *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )


def balances_by_hledger(journal: str, folder: Path, *query: str) -> dict[str, int]:
    """Account -> µBOLT, zero balances included."""
    flags = ("--flat", "--empty", "--no-total", "-O", "csv")
    told = hledger(journal, folder, "balance", *flags, *query)
    assert told.returncode == 0, told.stderr
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    amounts = {row["account"]: row["balance"].removesuffix(" BOLT") for row in rows}
    return {account: int(amount.replace(".", "")) for account, amount in amounts.items()}


@needs_hledger
@given(street=street_days())
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_hledger_accepts_the_export_and_agrees_to_the_ubolt(
    street: StreetDay, tmp_path: Path
) -> None:
    ledger = Ledger.replay(street.batches)
    journal = hledger_journal(ledger)
    checked = hledger(journal, tmp_path, "check", "--strict", "ordereddates")
    assert checked.returncode == 0, checked.stderr
    assert balances_by_hledger(journal, tmp_path) == ledger.trial_balance()
    results = balances_by_hledger(journal, tmp_path, "type:RX")
    assert -sum(results.values()) == ledger.profit_ubolt


@needs_hledger
@pytest.mark.parametrize(
    ("ours", "theirs", "complaint"),
    [
        ("    assets:trust:cash  1.000000", "    assets:trust:cash  1.000001", "could not balance"),
        ("= 1.000000 BOLT", "= 1.000001 BOLT", "balance assertion"),
        ("account assets:trust:cash", "account assets:trust:elsewhere", "account"),
    ],
)
def test_hledger_finds_one_ubolt_too_much_and_an_account_without_a_directive(
    ours: str, theirs: str, complaint: str, tmp_path: Path
) -> None:
    journal = hledger_journal(Ledger.replay([deposit(HOMES[0], BOLT)]))
    assert hledger(journal, tmp_path, "check", "--strict").returncode == 0
    told = hledger(journal.replace(ours, theirs, 1), tmp_path, "check", "--strict")
    assert told.returncode != 0
    assert complaint in told.stderr


@needs_hledger
def test_hledger_accepts_an_empty_ledger_and_a_wild_memo(tmp_path: Path) -> None:
    def wild(transfer: Transfer) -> Transfer:
        return replace(transfer, memo="* x  ; y: z\n2021-01-01 | (é) =1")

    ledger = Ledger.replay([[wild(transfer) for transfer in deposit(HOMES[0], BOLT)]])
    for journal in (hledger_journal(Ledger()), hledger_journal(ledger)):
        told = hledger(journal, tmp_path, "check", "--strict")
        assert told.returncode == 0, told.stderr
    assert balances_by_hledger(journal, tmp_path) == ledger.trial_balance()


def test_the_export_reads_like_a_journal() -> None:
    home = f"liabilities:customers:deposits:0x{HOMES[0].hex()}"
    blocks = hledger_journal(Ledger.replay([deposit(HOMES[0], 1_234_567)])).split("\n\n")
    assert blocks[0] == "commodity 1000.000000 BOLT"
    assert f"account {home}  ; owed to each home on demand, type: L" in blocks[1]
    assert blocks[2].startswith("2021-02-15 (deposit) home deposits  ; id: 0x")
    assert blocks[2].splitlines()[1:] == [
        "    assets:trust:cash  1.234567 BOLT",
        f"    {home}  -1.234567 BOLT",
    ]
    assert blocks[3].splitlines() == [
        "2021-02-15 balances at the end",
        "    assets:trust:cash  0.000000 BOLT = 1.234567 BOLT",
        f"    {home}  0.000000 BOLT = -1.234567 BOLT",
    ]
