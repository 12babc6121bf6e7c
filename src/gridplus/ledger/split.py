"""Who gets what of a home's money: each part of the supply chain, restatements included."""

from enum import Enum
from types import MappingProxyType

from gridplus.ledger.book import Statement
from gridplus.ledger.chart import (
    ADDER_INCOME,
    ENERGY_INCOME,
    ERCOT_ACCRUED,
    HOME_ENERGY,
    TAX_PAYABLE,
    TDSP_ACCRUED,
)


class Share(Enum):
    """A part of a bill, from the market outward, in words of the statement."""

    ENERGY = "energy"
    WIRES = "wires"
    ERCOT = "grid operator"
    TAX = "tax"
    RETAIL = "retail"
    EXPORTS = "bought from the home"


_SHARES = MappingProxyType(
    {
        ENERGY_INCOME: Share.ENERGY,
        TDSP_ACCRUED: Share.WIRES,
        ERCOT_ACCRUED: Share.ERCOT,
        TAX_PAYABLE: Share.TAX,
        ADDER_INCOME: Share.RETAIL,
        HOME_ENERGY: Share.EXPORTS,
    }
)


def split(statement: Statement) -> dict[Share, int]:
    """What a home was charged over its deposit's statement (µBOLT), by who gets it; exports are
    negative. The shares sum to all charges less all credits."""
    shares = dict.fromkeys(Share, 0)
    for line in statement.lines:
        sides = (line.transfer.debit, line.transfer.credit)
        (other,) = (account for account in sides if account != statement.account)
        if other in _SHARES:
            shares[_SHARES[other]] += line.change_ubolt
    return shares
