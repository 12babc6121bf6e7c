"""What was accrued for others, and the invoices that settle it."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from gridplus.ledger.book import Ledger
from gridplus.ledger.postings import ROUTES, either_way, movement
from gridplus.ledger.transfer import Code, Transfer


class Payee(Enum):
    """Who invoices for what was accrued: the codes of what his invoice takes the place of, of its
    difference, and of its payment."""

    WHOLESALE = (Code.WHOLESALE_INVOICED, Code.WHOLESALE_DIFFERENCE, Code.WHOLESALE_PAID)
    TDSP = (Code.TDSP_INVOICED, Code.TDSP_DIFFERENCE, Code.TDSP_PAID)
    ERCOT = (Code.ERCOT_INVOICED, Code.ERCOT_DIFFERENCE, Code.ERCOT_PAID)


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a payee asks on `day` for what was accrued; either amount may be negative.

    `number` is the payee's own name of it: at most one invoice is posted under it and its day.
    """

    payee: Payee
    number: str
    day: date
    accrued_ubolt: int
    amount_ubolt: int


def accrued_ubolt(ledger: Ledger, payee: Payee, *, until: date) -> int:
    """What was accrued for `payee` up to day `until` and no invoice has taken the place of yet."""
    invoiced = payee.value[0]
    lines = ledger.statement(ROUTES[invoiced].debit).lines
    return -sum(
        line.change_ubolt
        for line in lines
        if line.transfer.day <= until or line.transfer.code is invoiced
    )


def invoice(invoiced: Invoice) -> tuple[Transfer, ...]:
    """Post an invoice: what was accrued is payable now, and the difference is the retailer's."""
    accrued, difference, _ = invoiced.payee.value
    due = invoiced.amount_ubolt, invoiced.accrued_ubolt
    amounts = ((accrued, due[1]), (difference, due[0] - due[1]))
    return tuple(
        either_way(transfer._replace(memo=f"{transfer.memo}: {invoiced.number}"), amount)
        for code, amount in amounts
        for transfer in movement(
            code, invoiced.number.encode(), day=invoiced.day, amount_ubolt=abs(amount)
        )
    )
