"""The ledger as an hledger journal: `hledger check --strict` accepts it, its balances are ours.

Format: https://hledger.org/hledger.html#journal (account, commodity and type directives, balance
assertions).
"""

from collections.abc import Iterator

from gridplus.ledger.book import Ledger
from gridplus.ledger.chart import CHART, DEPOSITS, Account, heading_of, is_deposit
from gridplus.ledger.exports.told import bolt, one_line, pending_lines, posted_by_day
from gridplus.ledger.transfer import Transfer

_COMMODITY = "commodity 1000.000000 BOLT"


def hledger_journal(ledger: Ledger) -> str:
    """All accounts, all that is posted by day, and every balance asserted at the end."""
    parts = [
        _COMMODITY,
        "\n".join(_directives(ledger)),
        *map(_transaction, posted_by_day(ledger)),
        *_assertions(ledger),
        *pending_lines(ledger),
    ]
    return "\n\n".join(parts) + "\n"


def _directives(ledger: Ledger) -> Iterator[str]:
    homes = [account for account in ledger.trial_balance() if is_deposit(account)]
    for account in [*(account for account in CHART if account != DEPOSITS), *homes]:
        if heading := heading_of(account):
            yield f"account {account}  ; {heading.meaning}, type: {heading.type.value}"


def _transaction(transfer: Transfer) -> str:
    memo = one_line(transfer.memo.replace(";", ","))
    return "\n".join(
        (
            f"{transfer.day.isoformat()} ({transfer.code}) {memo}  ; id: 0x{transfer.id.hex()}",
            _posting(transfer.debit, transfer.amount_ubolt),
            _posting(transfer.credit, -transfer.amount_ubolt),
        )
    )


def _assertions(ledger: Ledger) -> Iterator[str]:
    balances = ledger.trial_balance()
    if balances:
        day = max(transfer.day for transfer in ledger.transfers)
        yield "\n".join(
            (
                f"{day.isoformat()} balances at the end",
                *(f"{_posting(a, 0)} = {bolt(balance)}" for a, balance in balances.items()),
            )
        )


def _posting(account: Account, amount_ubolt: int) -> str:
    return f"    {account}  {bolt(amount_ubolt)}"
