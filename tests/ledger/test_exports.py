"""Other programs read the ledger, accept it, and come to the same balances to the last digit."""

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gridplus.ledger import Ledger, Phase, pending, resolution
from gridplus.ledger.exports import beancount_account, beancount_file, hledger_journal
from tests.ledger.street import BOLT, DAY, HOMES, StreetDay, deposit, street_days

HOME = f"liabilities:customers:deposits:0x{HOMES[0].hex()}"
WILD = '* x  ; y: z\n2021-01-01 | (é) =1 "a\\" ^b #c {d}'


@dataclass(frozen=True)
class Program:
    """Another program: how it is given the ledger, how it checks it, and how it tells balances."""

    name: str
    export: Callable[[Ledger], str]
    check: tuple[str, ...]
    account: Callable[[str], str]


HLEDGER = Program("hledger", hledger_journal, ("check", "--strict", "ordereddates"), str)
BEANCOUNT = Program("bean-check", beancount_file, (), beancount_account)  # type: ignore[arg-type]

each_program = pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            program,
            id=program.name,
            marks=pytest.mark.skipif(
                "CI" not in os.environ and shutil.which(program.name) is None,
                reason=f"{program.name} (Debian package) is not on PATH",
            ),
        )
        for program in (HLEDGER, BEANCOUNT)
    ],
)


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )


def complaints(program: Program, text: str, *, folder: Path) -> str:
    """What the program says of `text`; empty when it accepts it."""
    path = folder / "books"
    path.write_text(text)
    file = ("-f", str(path)) if program is HLEDGER else (str(path),)
    told = run(program.name, *file, *program.check)
    assert (told.returncode == 0) == (told.stdout + told.stderr == "")
    return told.stdout + told.stderr


def balances(program: Program, folder: Path) -> dict[str, int]:
    """Account -> µBOLT of every balance that is not zero, as the program itself adds it up."""
    path = str(folder / "books")
    if program is HLEDGER:
        told = run("hledger", "-f", path, "balance", "--flat", "--no-total", "-O", "csv")
    else:
        told = run(
            "bean-query", "-f", "csv", path, "SELECT account, sum(position) GROUP BY account"
        )
    assert (told.returncode, told.stderr) == (0, "")
    rows = [
        (account.strip(), at.strip())
        for account, at in list(csv.reader(io.StringIO(told.stdout)))[1:]
    ]
    return {account: int(at.removesuffix(" BOLT").replace(".", "")) for account, at in rows if at}


def ours(program: Program, ledger: Ledger) -> dict[str, int]:
    return {
        program.account(at): balance for at, balance in ledger.trial_balance().items() if balance
    }


@each_program
@given(street=street_days())
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_another_program_accepts_the_export_and_agrees_to_the_ubolt(
    program: Program, street: StreetDay, tmp_path: Path
) -> None:
    ledger = Ledger.replay(street.batches)
    assert complaints(program, program.export(ledger), folder=tmp_path) == ""
    assert balances(program, tmp_path) == ours(program, ledger)


@each_program
@pytest.mark.parametrize("place", [0, 1])
def test_another_program_finds_one_ubolt_too_much(
    program: Program, place: int, tmp_path: Path
) -> None:
    """Once in a transaction, once in an asserted balance."""
    text = program.export(Ledger.replay([deposit(HOMES[0], 1_234_567)]))
    account = program.account("assets:trust:cash")
    lines = text.splitlines()
    found = [n for n, line in enumerate(lines) if account in line and "1.234567" in line]
    assert len(found) == 2
    lines[found[place]] = lines[found[place]].replace("1.234567", "1.234568")
    assert complaints(program, text, folder=tmp_path) == ""
    assert "alance" in complaints(program, "\n".join(lines), folder=tmp_path)


@each_program
def test_another_program_finds_an_account_that_is_not_in_the_chart(
    program: Program, tmp_path: Path
) -> None:
    text = program.export(Ledger.replay([deposit(HOMES[0], BOLT)]))
    account = program.account("assets:trust:cash")
    elsewhere = text.replace(account, program.account("assets:trust:elsewhere"), 1)
    assert account in complaints(program, elsewhere, folder=tmp_path)


@each_program
def test_another_program_accepts_an_empty_ledger_and_a_wild_memo(
    program: Program, tmp_path: Path
) -> None:
    assert complaints(program, program.export(Ledger()), folder=tmp_path) == ""
    ledger = Ledger.replay([[t._replace(memo=WILD) for t in deposit(HOMES[0], BOLT)]])
    assert complaints(program, program.export(ledger), folder=tmp_path) == ""
    assert balances(program, tmp_path) == ours(program, ledger)


@each_program
def test_what_is_pending_is_told_and_counts_only_when_it_is_posted(
    program: Program, tmp_path: Path
) -> None:
    asked = [pending(transfer) for home in HOMES for transfer in deposit(home, BOLT)]
    ledger = Ledger.replay([asked])
    assert complaints(program, program.export(ledger), folder=tmp_path) == ""
    assert balances(program, tmp_path) == {}
    assert program.export(ledger).count("; pending since 2021-02-15 (deposit)") == len(asked)
    posted, voided, _ = asked
    ledger.post([resolution(posted, Phase.POSTED, day=DAY)])
    ledger.post([resolution(voided, Phase.VOIDED, day=DAY)])
    assert complaints(program, program.export(ledger), folder=tmp_path) == ""
    assert balances(program, tmp_path) == ours(program, ledger)
    assert program.export(ledger).count("; pending since") == 1


def test_the_hledger_export_reads_like_a_journal() -> None:
    blocks = hledger_journal(Ledger.replay([deposit(HOMES[0], 1_234_567)])).split("\n\n")
    assert blocks[0] == "commodity 1000.000000 BOLT"
    assert f"account {HOME}  ; owed to each home on demand, type: L" in blocks[1]
    assert blocks[2].startswith("2021-02-15 (deposit) home deposits  ; id: 0x")
    assert blocks[2].splitlines()[1:] == [
        "    assets:trust:cash  1.234567 BOLT",
        f"    {HOME}  -1.234567 BOLT",
    ]
    assert blocks[3].splitlines() == [
        "2021-02-15 balances at the end",
        "    assets:trust:cash  0.000000 BOLT = 1.234567 BOLT",
        f"    {HOME}  0.000000 BOLT = -1.234567 BOLT",
    ]


def test_the_beancount_export_asserts_each_balance_without_tolerance_on_the_day_after() -> None:
    blocks = beancount_file(Ledger.replay([deposit(HOMES[0], 1_234_567)])).split("\n\n")
    home = f"Liabilities:Customers:Deposits:0x{HOMES[0].hex()}"
    assert blocks[1] == "2021-02-15 commodity BOLT"
    assert f"; owed to each home on demand\n2021-02-15 open {home} BOLT" in blocks[2]
    assert blocks[3].startswith('2021-02-15 * "deposit" "home deposits" ^0x')
    assert blocks[3].splitlines()[1:] == [
        "  Assets:Trust:Cash  1.234567 BOLT",
        f"  {home}  -1.234567 BOLT",
    ]
    assert blocks[4].splitlines() == [
        "2021-02-16 balance Assets:Trust:Cash  1.234567 ~ 0 BOLT",
        f"2021-02-16 balance {home}  -1.234567 ~ 0 BOLT",
    ]
