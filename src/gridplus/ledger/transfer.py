"""A transfer: one amount, out of one account and into another, once and for all."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

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
    WHOLESALE_PAID = "wholesale-paid"
    TDSP_PAID = "tdsp-paid"
    ERCOT_PAID = "ercot-paid"
    TAX_PAID = "tax-paid"


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount_ubolt` (> 0) leaves `credit` and enters `debit`, for operating day `day`."""

    id: TransferId
    debit: Account
    credit: Account
    amount_ubolt: int
    code: Code
    day: date
    memo: str


def transfer_id(code: Code, day: date, *, source: bytes) -> TransferId:
    """The id of what `source` (a channel id, a chain log, an award) causes under `code`."""
    document: Document = {
        "code": code.value,
        "day": day.isoformat(),
        "source": f"0x{source.hex()}",
    }
    return TransferId(document_digest("gridplus.transfer-id/1", document))
