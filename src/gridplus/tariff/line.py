"""The lines of a bill: what each is for, who owes it, and its exact amount."""

from enum import StrEnum
from typing import NamedTuple

from gridplus.units import ABOLT_PER_PBOLT


class Side(StrEnum):
    """Who owes the line: the home (charge) or the retailer (credit)."""

    CHARGE = "charge"
    CREDIT = "credit"


class Code(StrEnum):
    """The lines of a bill, in the order in which they stand on it: charges, taxes, credits."""

    ENERGY = "energy"
    ADDER = "adder"
    DELIVERY = "delivery"
    ERCOT_FEE = "ercot_fee"
    DELIVERY_MONTHLY = "delivery_monthly"
    STANDING = "standing"
    CAPACITY = "capacity"
    BLOCK = "block"
    DEMAND = "demand"
    MINIMUM_USE = "minimum_use"
    TAX_PUC = "tax_puc"
    TAX_GROSS_RECEIPTS = "tax_gross_receipts"
    EXPORT = "export"
    ENERGY_CREDIT = "energy_credit"
    BLOCK_CREDIT = "block_credit"
    OWN_USE = "own_use"
    NET_METERING = "net_metering"
    NET_SURPLUS = "net_surplus"
    USAGE_CREDIT = "usage_credit"
    MARKUP_WAIVED = "markup_waived"
    DEMAND_RESPONSE = "demand_response"
    TAX_RETURNED = "tax_returned"

    @property
    def side(self) -> Side:
        return Side.CHARGE if RANK[self] < RANK[Code.EXPORT] else Side.CREDIT


RANK = {code: place for place, code in enumerate(Code)}
"""The place of each code on a bill."""


class Line(NamedTuple):
    """One exact line. Quantity and price are 0 on lines that are not so much per Wh."""

    code: Code
    quantity_wh: int
    price_ubolt_per_mwh: int
    amount_abolt: int

    @property
    def side(self) -> Side:
        return self.code.side


def per_wh(code: Code, quantity_wh: int, *, price: int) -> Line:
    """So many Wh at a price (µBOLT/MWh)."""
    return Line(code, quantity_wh, price, quantity_wh * price * ABOLT_PER_PBOLT)


def flat(code: Code, amount_pbolt: int) -> Line:
    """An amount that is not so much per Wh."""
    return Line(code, 0, 0, amount_pbolt * ABOLT_PER_PBOLT)
