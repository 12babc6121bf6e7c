"""What transactions cost the retailer: real gas at an assumed price."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gridplus.digest import Document
from gridplus.units import mul_div_up

WEI_PER_GWEI = 1_000_000_000
WEI_PER_ETHER = 10**18


class TransactionKind(StrEnum):
    """What a transaction that the retailer pays for was sent for."""

    DEPOSIT = "deposit"
    POOL_FUNDING = "pool-funding"
    CLAIM = "claim"
    ANCHOR_PRICES = "anchor-prices"
    ANCHOR_BILLS = "anchor-bills"
    ANCHOR_CORRECTIONS = "anchor-corrections"


@dataclass(frozen=True, slots=True)
class PaidTransaction:
    """A mined transaction and the gas on its receipt."""

    hash: bytes
    kind: TransactionKind
    gas_used: int


@dataclass(frozen=True, slots=True)
class GasTerms:
    """An assumption, and shown as one: wei for a unit of gas, µBOLT for an ether."""

    price_wei: int
    ether_ubolt: int

    def cost_ubolt(self, gas_used: int) -> int:
        """What one transaction costs, rounded up."""
        return mul_div_up(gas_used * self.price_wei, self.ether_ubolt, divisor=WEI_PER_ETHER)

    def document(self, transactions: Iterable[PaidTransaction]) -> dict[str, Document]:
        """The assumption, and by kind: how many, their gas, their cost."""
        kinds: dict[str, Document] = {}
        paid = list(transactions)
        for kind in TransactionKind:
            gas = [transaction.gas_used for transaction in paid if transaction.kind is kind]
            kinds[kind.value] = {
                "transactions": len(gas),
                "gas_used": sum(gas),
                "cost_ubolt": sum(self.cost_ubolt(used) for used in gas),
            }
        return {
            "assumed": {"price_wei": self.price_wei, "ether_ubolt": self.ether_ubolt},
            "kinds": kinds,
        }
