"""The ledger as a beancount file: `bean-check` accepts it, its balances are ours.

Syntax: https://beancount.github.io/docs/beancount_language_syntax.html (open, commodity, links,
balance with an explicit tolerance: its own would let 1 µBOLT pass).
"""

from collections.abc import Iterator
from datetime import timedelta

from gridplus.ledger.book import Ledger
from gridplus.ledger.chart import CHART, DEPOSITS, Account, heading_of, is_deposit
from gridplus.ledger.exports.told import bolt, one_line, pending_lines, posted_by_day
from gridplus.ledger.transfer import Transfer

_OPTIONS = """option "title" "Grid+ ledger"
option "operating_currency" "BOLT"
option "inferred_tolerance_default" "BOLT:0\""""
_DAY = timedelta(days=1)


def beancount_file(ledger: Ledger) -> str:
    """All accounts from the first day on, all that is posted, every balance the day after."""
    moved = posted_by_day(ledger)
    if not moved:
        return "\n\n".join((_OPTIONS, *pending_lines(ledger))) + "\n"
    first, end = moved[0].day.isoformat(), (moved[-1].day + _DAY).isoformat()
    parts = [
        _OPTIONS,
        f"{first} commodity BOLT",
        "\n".join(_opened(ledger, first)),
        *map(_transaction, moved),
        "\n".join(
            f"{end} balance {beancount_account(account)}  {bolt(at).replace(' ', ' ~ 0 ')}"
            for account, at in ledger.trial_balance().items()
        ),
        *pending_lines(ledger),
    ]
    return "\n\n".join(parts) + "\n"


def beancount_account(account: Account) -> str:
    """assets:trust:cash -> Assets:Trust:Cash, as beancount wants it."""
    return ":".join(part[:1].upper() + part[1:] for part in account.split(":"))


def _opened(ledger: Ledger, first: str) -> Iterator[str]:
    homes = [account for account in ledger.trial_balance() if is_deposit(account)]
    for account in [*(account for account in CHART if account != DEPOSITS), *homes]:
        if heading := heading_of(account):
            yield f"; {heading.meaning}\n{first} open {beancount_account(account)} BOLT"


def _transaction(transfer: Transfer) -> str:
    memo = one_line(transfer.memo).replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(
        (
            f'{transfer.day.isoformat()} * "{transfer.code}" "{memo}" ^0x{transfer.id.hex()}',
            f"  {beancount_account(transfer.debit)}  {bolt(transfer.amount_ubolt)}",
            f"  {beancount_account(transfer.credit)}  {bolt(-transfer.amount_ubolt)}",
        )
    )
