"""`gridplus ledger` over the journal of a back office."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from gridplus.journal import Fact, SqliteJournal
from gridplus.ledger import Code, bill, claim, deposits_of, format_batch, pending
from gridplus.retailer.facts import Kind, posted_fact
from tests.cli.test_commands import gridplus
from tests.ledger.street import BOLT, DAY, HOMES, billed, capital, deposit

HOME = HOMES[0]
CHARGES = {Code.ENERGY: 300, Code.ADDER: 40, Code.DELIVERY: 200, Code.ERCOT_FEE: 5, Code.TAX: 7}


@pytest.fixture
def retailer(tmp_path: Path) -> Path:
    """A state folder: capital, two deposits of which one is pending, a bill that is claimed."""
    batches = (
        capital(BOLT),
        deposit(HOME, BOLT),
        tuple(pending(transfer) for transfer in deposit(HOMES[1], BOLT)),
        bill(billed(HOME, CHARGES, earned_ubolt=50)),
        claim(b"tx", day=DAY, spent_ubolt=552, earned_ubolt=50),
    )
    journal(tmp_path, *(posted_fact(DAY, batch) for batch in batches))
    return tmp_path


def journal(folder: Path, *facts: Fact) -> None:
    with SqliteJournal.open(folder / "retailer.journal", now_s=lambda: 0) as opened:
        opened.append(facts)


@pytest.mark.parametrize(
    ("written", "program"), [("hledger", "hledger"), ("beancount", "bean-check")]
)
def test_an_export_is_what_the_other_program_accepts(
    retailer: Path, tmp_path: Path, written: str, program: str
) -> None:
    run = gridplus("ledger", "export", "--format", written, "--retailer", retailer)
    assert (run.returncode, run.stderr) == (0, "")
    assert "-0.999498" in run.stdout
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on PATH; the text alone was looked at")
    path = tmp_path / "books"
    path.write_text(run.stdout)
    check = ["-f", path, "check", "--strict"] if program == "hledger" else [path]
    assert subprocess.run([program, *check]).returncode == 0


def test_an_export_as_json_holds_every_transfer_and_balance(retailer: Path) -> None:
    told = json.loads(gridplus("ledger", "export", "--json", "--retailer", retailer).stdout)
    assert len(told["transfers"]) == 12
    assert [t["phase"] for t in told["transfers"]].count("pending") == 1
    assert told["balances_ubolt"][deposits_of(HOME)] == -(BOLT - 552 + 50)


def test_a_homes_statement_opens_closes_and_says_who_gets_what(retailer: Path) -> None:
    ask = ("ledger", "statement", f"0x{HOME.hex()}", "--retailer", retailer)
    told = json.loads(gridplus(*ask, "--json").stdout)
    assert (told["opening_ubolt"], told["closing_ubolt"]) == (0, -(BOLT - 552 + 50))
    assert len(told["lines"]) == 7
    assert told["shares_ubolt"] == {
        "energy": 300, "wires": 200, "grid operator": 5, "tax": 7, "retail": 40,
        "bought from the home": -50,
    }  # fmt: skip
    text = gridplus(*ask).stdout
    assert "opening" in text
    assert "2021-02-15  energy" in text
    later = json.loads(gridplus(*ask, "--from", "2021-02-16", "--json").stdout)
    assert (later["opening_ubolt"], later["lines"]) == (told["closing_ubolt"], [])


def test_what_is_pending_stands_under_a_statement(retailer: Path) -> None:
    run = gridplus("ledger", "statement", f"0x{HOMES[1].hex()}", "--retailer", retailer)
    assert "pending since 2021-02-15: 1.000000" in run.stdout


def test_a_check_rebuilds_the_books_and_names_their_digest(retailer: Path) -> None:
    told = json.loads(gridplus("ledger", "check", "--json", "--retailer", retailer).stdout)
    assert (told["ok"], told["transfers"], told["pending"]) == (True, 12, 1)
    assert told["trust_ubolt"] == told["owed_to_homes_ubolt"] == BOLT - 502
    again = gridplus("ledger", "check", "--retailer", retailer)
    assert told["digest"] in again.stdout
    assert "trust 0.999498 BOLT covers deposits 0.999498" in again.stdout


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        (format_batch(bill(billed(HOMES[1], {Code.TAX: BOLT}))), "DEBITS_BEYOND_CREDITS"),
        (format_batch(deposit(HOME, BOLT + 1)), "ID_OF_ANOTHER_TRANSFER"),
        (format_batch(deposit(HOME, 5))[:-1], "fact 6, transfer 1, cannot be read"),
    ],
)
def test_a_planted_batch_is_named_in_one_sentence(
    retailer: Path, planted: bytes, sentence: str
) -> None:
    journal(retailer, Fact(Kind.BATCH_POSTED.value, b"2021-02-15", planted))
    run = gridplus("ledger", "check", "--retailer", retailer)
    assert run.returncode == 1
    assert "fact 6" in run.stderr
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("check", "--retailer", "nowhere"), 2, "does not exist"),
        (("check", "--retailer", "."), 1, "retailer.journal does not exist"),
        (("statement", "assets:pocket"), 1, "is no account of the chart"),
        (("statement", "0x12"), 1, "is no account of the chart"),
        (("statement", "assets:trust:cash", "--from", "yesterday"), 2, "does not match"),
        (("export", "--format", "quicken"), 2, "is not one of"),
        (("reconcile",), 1, "deployment.json"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    retailer: Path, arguments: tuple[str, ...], status: int, sentence: str
) -> None:
    where = () if "--retailer" in arguments else ("--retailer", retailer)
    run = gridplus("ledger", *arguments, *where)
    assert run.returncode == status
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
