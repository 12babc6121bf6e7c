"""`gridplus ledger`."""

import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError
from gridplus.units import format_ubolt

if TYPE_CHECKING:
    from gridplus.ledger import Statement, Transfer

F = TypeVar("F", bound=Callable[..., Any])
_CHANNEL = re.compile(r"0x[0-9a-f]{64}")
_DAY = "%Y-%m-%d"


def books_options(command: F) -> F:
    """--retailer and --json."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    return click.option(
        "--retailer",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default="demo-out/retailer",
        show_default=True,
        help="The retailer's state folder, whose service is not running.",
    )(command)


@click.group(name="ledger")
def command() -> None:
    """The retailer's books, rebuilt from its journal."""


@command.command()
@click.option(
    "--format",
    "written",
    type=click.Choice(["hledger", "beancount"]),
    default="hledger",
    show_default=True,
)
@books_options
def export(retailer: Path, written: str, as_json: bool) -> None:
    """Print all transfers and balances for another program: hledger, beancount, or as JSON."""
    from gridplus.ledger.exports import beancount_file, hledger_journal
    from gridplus.retailer.book import read_book

    ledger = read_book(retailer).ledger
    if as_json:
        transfers = [_transfer(transfer) for transfer in ledger.transfers]
        _print_json({"transfers": transfers, "balances_ubolt": ledger.trial_balance()})
    else:
        text = beancount_file(ledger) if written == "beancount" else hledger_journal(ledger)
        click.echo(text, nl=False)


@command.command()
@click.argument("account")
@click.option("--from", "first", type=click.DateTime([_DAY]), help="First day.")
@click.option("--to", "last", type=click.DateTime([_DAY]), help="Last day.")
@books_options
def statement(account: str, retailer: Path, first: Any, last: Any, as_json: bool) -> None:
    """Print what moved ACCOUNT: a path like assets:trust:cash, or a home's channel id.

    A home's statement ends with who gets what of its charges.
    """
    from gridplus.ledger import Account, deposits_of, heading_of, split
    from gridplus.retailer.book import read_book

    home = _CHANNEL.fullmatch(account)
    found = deposits_of(bytes.fromhex(account[2:])) if home else Account(account)
    if heading_of(found) is None:
        raise InputError(f"{account} is no account of the chart and no home's channel id")
    told = read_book(retailer).ledger.statement(
        found,
        first=first.date() if first else date.min,
        last=last.date() if last else date.max,
    )
    shares = {share.value: amount for share, amount in split(told).items()} if home else {}
    if as_json:
        _print_json({**_statement(told), "shares_ubolt": shares})
        return
    click.echo(f"{found}\n{'opening':>58} {format_ubolt(told.opening_ubolt):>18}")
    for line in told.lines:
        day, code, memo = line.transfer.day, line.transfer.code, line.transfer.memo
        change, balance = format_ubolt(line.change_ubolt), format_ubolt(line.balance_ubolt)
        click.echo(f"{day}  {code:<20} {change:>24} {balance:>18}  {memo}")
    click.echo(f"{'closing':>58} {format_ubolt(told.closing_ubolt):>18}")
    for transfer in told.pending:
        click.echo(f"pending since {transfer.day}: {format_ubolt(transfer.amount_ubolt)}")
    for share, amount in shares.items():
        click.echo(f"{share:>58} {format_ubolt(amount):>18}")


@command.command()
@books_options
def check(retailer: Path, as_json: bool) -> None:
    """Rebuild the books with every rule checked at every batch, and print what they come to."""
    from gridplus.digest import keccak256
    from gridplus.ledger import format_batch
    from gridplus.ledger.chart import TRUST_CASH
    from gridplus.retailer.book import read_book

    ledger = read_book(retailer).ledger
    found = {
        "ok": sum(ledger.trial_balance().values()) == 0,
        "transfers": len(ledger),
        "pending": len(ledger.pending),
        "balances_ubolt": ledger.trial_balance(),
        "trust_ubolt": ledger.balance(TRUST_CASH),
        "owed_to_homes_ubolt": ledger.owed_to_homes_ubolt,
        "profit_ubolt": ledger.profit_ubolt,
        "digest": f"0x{keccak256(format_batch(ledger.transfers)).hex()}",
    }
    if as_json:
        _print_json(found)
        return
    click.echo(f"{len(ledger)} transfers posted again, {len(ledger.pending)} pending")
    click.echo(
        f"every rule holds; trust {format_ubolt(ledger.balance(TRUST_CASH))} BOLT covers deposits "
        f"{format_ubolt(ledger.owed_to_homes_ubolt)}; profit {format_ubolt(ledger.profit_ubolt)}"
    )
    click.echo(f"digest {found['digest']}")


@command.command()
@click.option("--hub", type=FILE, help="The hub's journal, for the newest vouchers.")
@click.option("--deployment", type=FILE, help="The retailer's deployment file.")
@click.option("--state", type=FILE, help="The file of an embedded chain that nobody serves.")
@click.option("--rpc", help="URL of a JSON-RPC node to ask instead of a file.")
@books_options
def reconcile(
    retailer: Path,
    hub: Path | None,
    deployment: Path | None,
    state: Path | None,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Compare ledger, newest vouchers and chain, to the µBOLT, home by home.

    Hub, deployment and chain file are looked for where `gridplus demo` leaves them, beside the
    retailer's folder. Exit status 1 when anything differs; each difference is told with its reason.
    """
    from gridplus.chain.deployment import Deployment
    from gridplus.cli.verify import open_chain
    from gridplus.hub import read_newest_vouchers
    from gridplus.retailer.book import read_book
    from gridplus.retailer.reconciling import reconcile_now

    beside = retailer.resolve().parent
    deployed = Deployment.load(deployment or beside / "deployment.json")
    vouchers = read_newest_vouchers(hub or beside / "hub" / "hub.journal")
    book = read_book(retailer)
    with open_chain(state or beside / "chain" / "chain.sqlite", deployed, rpc=rpc) as chain:
        report = reconcile_now(book, chain, deployment=deployed, vouchers=vouchers)
    if as_json:
        _print_json(report.document())
    else:
        for difference in report.differences:
            click.echo(str(difference))
        verdict = "agree" if report.agrees else f"differ in {len(report.differences)} ways"
        click.echo(f"{report.homes} homes: ledger, newest vouchers and chain {verdict}")
    sys.exit(0 if report.agrees else 1)


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _transfer(transfer: "Transfer") -> dict[str, object]:
    resolves = transfer.resolves
    return {
        "id": f"0x{transfer.id.hex()}",
        "day": transfer.day.isoformat(),
        "code": transfer.code.value,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount_ubolt": transfer.amount_ubolt,
        "memo": transfer.memo,
        "phase": transfer.phase.value,
        "resolves": None if resolves is None else f"0x{resolves.hex()}",
    }


def _statement(told: "Statement") -> dict[str, object]:
    return {
        "account": told.account,
        "opening_ubolt": told.opening_ubolt,
        "lines": [
            _transfer(line.transfer)
            | {"change_ubolt": line.change_ubolt, "balance_ubolt": line.balance_ubolt}
            for line in told.lines
        ],
        "closing_ubolt": told.closing_ubolt,
        "pending": [_transfer(transfer) for transfer in told.pending],
    }
