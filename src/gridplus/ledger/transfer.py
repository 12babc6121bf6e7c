"""A transfer: one amount, out of one account and into another, at once or in two phases."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple, NewType

from gridplus.digest import Document, document_digest
from gridplus.ledger.chart import Account

TransferId = NewType("TransferId", bytes)
"""32 bytes, made by whoever posts: a retry carries the same id and counts once."""


class Code(StrEnum):
    """Why money moved."""

    CAPITAL = "capital"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    ENERGY = "energy"
    ADDER = "adder"
    DELIVERY = "delivery"
    ERCOT_FEE = "ercot-fee"
    TAX = "tax"
    EXPORT_CREDIT = "export-credit"
    RESTATEMENT = "restatement"
    CLAIMED_SPENT = "claimed-spent"
    CLAIMED_EARNED = "claimed-earned"
    POOL_FUNDING = "pool-funding"
    POOL_WITHDRAWAL = "pool-withdrawal"
    DAY_AHEAD = "day-ahead"
    IMBALANCE = "imbalance"
    GAS = "gas"
    WHOLESALE_INVOICED = "wholesale-invoiced"
    WHOLESALE_DIFFERENCE = "wholesale-difference"
    WHOLESALE_PAID = "wholesale-paid"
    TDSP_INVOICED = "tdsp-invoiced"
    TDSP_DIFFERENCE = "tdsp-difference"
    TDSP_PAID = "tdsp-paid"
    ERCOT_INVOICED = "ercot-invoiced"
    ERCOT_DIFFERENCE = "ercot-difference"
    ERCOT_PAID = "ercot-paid"
    TAX_PAID = "tax-paid"


class Phase(StrEnum):
    """What a transfer does to its two accounts."""

    POSTED = "posted"
    """Moves the money: at once, or when it names the pending transfer that it posts."""
    PENDING = "pending"
    """Sets the money aside, until it is posted or voided as a whole."""
    VOIDED = "voided"
    """Gives back what the pending transfer that it names had set aside."""


class Transfer(NamedTuple):
    """`amount_ubolt` (> 0) leaves `credit` and enters `debit`, for operating day `day`.

    `resolves` is the pending transfer that this one posts or voids; None when it stands alone.
    """

    id: TransferId
    debit: Account
    credit: Account
    amount_ubolt: int
    code: Code
    day: date
    memo: str
    phase: Phase = Phase.POSTED
    resolves: TransferId | None = None


def transfer_id(code: Code, day: date, *, source: bytes) -> TransferId:
    """The id of what `source` (a channel id, a chain log, an award) causes under `code`."""
    document: Document = {
        "code": code.value,
        "day": day.isoformat(),
        "source": f"0x{source.hex()}",
    }
    return TransferId(document_digest("gridplus.transfer-id/1", document))


def pending(transfer: Transfer) -> Transfer:
    """`transfer` in its first phase: set aside, and moved only when it is posted."""
    return transfer._replace(phase=Phase.PENDING)


def resolution(transfer: Transfer, phase: Phase, *, day: date) -> Transfer:
    """What posts or voids the pending `transfer` on `day`; its id follows from the two."""
    return transfer._replace(
        id=transfer_id(transfer.code, day, source=transfer.id + phase.encode()),
        day=day,
        phase=phase,
        resolves=transfer.id,
    )
