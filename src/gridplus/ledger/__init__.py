"""The retailer's double entry: every µBOLT that moves leaves one account and enters another."""

from gridplus.ledger.book import Ledger, StatementLine
from gridplus.ledger.chart import CHART, Account, AccountType, Heading, deposits_of, heading_of
from gridplus.ledger.postings import (
    ROUTES,
    BilledDay,
    Lot,
    Restatement,
    Route,
    bill,
    claim,
    energy,
    movement,
    restatement,
)
from gridplus.ledger.record import format_batch, parse_batch
from gridplus.ledger.refusals import Refusal, Refused
from gridplus.ledger.transfer import Code, Transfer, TransferId, transfer_id

__all__ = [
    "CHART",
    "ROUTES",
    "Account",
    "AccountType",
    "BilledDay",
    "Code",
    "Heading",
    "Ledger",
    "Lot",
    "Refusal",
    "Refused",
    "Restatement",
    "Route",
    "StatementLine",
    "Transfer",
    "TransferId",
    "bill",
    "claim",
    "deposits_of",
    "energy",
    "format_batch",
    "heading_of",
    "movement",
    "parse_batch",
    "restatement",
    "transfer_id",
]
