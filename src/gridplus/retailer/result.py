"""What a closed day came to, as one document for people and programs."""

from collections.abc import Iterable

from gridplus.digest import Document
from gridplus.ledger import Code, Ledger, Transfer
from gridplus.ledger.chart import POOL, TRUST_CASH
from gridplus.market import cost_ubolt
from gridplus.retailer.accounts import ClosingDay, newly_claimed
from gridplus.retailer.book import Book
from gridplus.retailer.gas import GasTerms
from gridplus.retailer.reconciling import reconcile_close
from gridplus.tariff import format_octets

REVENUE = (Code.ENERGY, Code.ADDER, Code.DELIVERY, Code.ERCOT_FEE, Code.TAX)
"""What the homes were billed; of these energy and adder are the retailer's own."""
RESULT_KIND = "gridplus.day-result/1"


def day_result(
    book: Book,
    closing: ClosingDay,
    *,
    batch: Iterable[Transfer],
    posted: Ledger,
    gas: GasTerms,
) -> dict[str, Document]:
    """Energies in Wh, money in µBOLT; costs are negative where the market owes the retailer.

    `posted` is the ledger with `batch` in it, the book's still without.
    """
    day, bills = closing.day, closing.street.bills
    amounts = {code: sum(t.amount_ubolt for t in batch if t.code is code) for code in Code}
    moved = newly_claimed(book, closing)
    consumption_wh = closing.street.consumption_wh.values()
    return {
        "kind": RESULT_KIND,
        "day": day.isoformat(),
        "homes": len(bills),
        "intervals": len(consumption_wh),
        "consumption_wh": sum(consumption_wh),
        "position": _position(closing),
        "imbalance": _imbalance(closing),
        "revenue_ubolt": {code.value: amounts[code] for code in REVENUE},
        "cost_ubolt": {
            Code.DAY_AHEAD.value: _day_ahead_ubolt(closing),
            Code.IMBALANCE.value: _imbalance_ubolt(closing),
            Code.EXPORT_CREDIT.value: amounts[Code.EXPORT_CREDIT],
            Code.GAS.value: amounts[Code.GAS],
        },
        "restated_ubolt": sum(
            link.restatement.owed_ubolt for bill in bills.values() for link in bill.restated
        ),
        "gas": gas.document(closing.followed.transactions),
        "claimed": {"spent_ubolt": moved.spent_ubolt, "earned_ubolt": moved.earned_ubolt},
        "profit_ubolt": posted.profit_ubolt - book.ledger.profit_ubolt,
        "anchors": {
            "prices": format_octets(closing.opened.prices.digest),
            "bills": {
                "root": format_octets(closing.street.root.hash),
                "spent_ubolt": closing.street.root.spent_ubolt,
                "earned_ubolt": closing.street.root.earned_ubolt,
            },
        },
        "deposits_ubolt": {name: posted.deposit(bill.channel) for name, bill in bills.items()},
        "trust_ubolt": posted.balance(TRUST_CASH),
        "pool_ubolt": posted.balance(POOL),
        "block": closing.followed.block,
        "reconciliation": reconcile_close(book, closing, posted=posted).document(),
    }


def _position(closing: ClosingDay) -> Document:
    bid = closing.opened.bid
    return {
        "energy_wh": sum(bid.position.energy_wh),
        "by_hour_wh": list(bid.position.energy_wh),
        "cost_ubolt": _day_ahead_ubolt(closing),
    }


def _imbalance(closing: ClosingDay) -> Document:
    energies_wh = [wh for _, wh in closing.imbalance.energy_wh]
    prices = closing.imbalance.prices
    return {
        "energy_wh": sum(energies_wh),
        "absolute_wh": sum(abs(wh) for wh in energies_wh),
        "by_interval_wh": list(energies_wh),
        "cost_ubolt": _imbalance_ubolt(closing),
        "valued_at": {"DAM": "day-ahead prices", "RTM": "real-time prices"}[prices.market],
        "prices": format_octets(prices.digest),
    }


def _day_ahead_ubolt(closing: ClosingDay) -> int:
    return closing.opened.bid.position.cost_ubolt(closing.opened.prices)


def _imbalance_ubolt(closing: ClosingDay) -> int:
    return cost_ubolt(closing.imbalance.energy_wh, closing.imbalance.prices)
