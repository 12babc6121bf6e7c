"""The chart of accounts, as data.

Customers' money is kept apart from the retailer's own. `TRUST_CASH` is what the vault holds for
the homes (on chain: the sum of their headrooms), `POOL` what it holds for the retailer, and each
home's deposit is owed to that home. The token's issuer keeps books of its own: BOLT in circulation
is its liability, not the retailer's.
"""

import re
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import NewType

Account = NewType("Account", str)
"""Colon-separated path of an account in the chart."""


class AccountType(Enum):
    """Type of an account; its value is hledger's letter for it."""

    CASH = "C"
    LIABILITY = "L"
    EQUITY = "E"
    INCOME = "R"
    EXPENSE = "X"


@dataclass(frozen=True, slots=True)
class Heading:
    """What an account is, and what for."""

    type: AccountType
    meaning: str


TRUST_CASH = Account("assets:trust:cash")
POOL = Account("assets:operating:pool")
OPERATING_CASH = Account("assets:operating:cash")
DEPOSITS = Account("liabilities:customers:deposits")
"""Parent of one account for each home; nothing is posted to itself."""
WHOLESALE_PAYABLE = Account("liabilities:payable:wholesale")
TDSP_PAYABLE = Account("liabilities:payable:tdsp")
ERCOT_PAYABLE = Account("liabilities:payable:ercot")
TAX_PAYABLE = Account("liabilities:payable:tax")
CAPITAL = Account("equity:capital")
ENERGY_INCOME = Account("income:energy")
ADDER_INCOME = Account("income:adder")
DAY_AHEAD_ENERGY = Account("expenses:energy:day-ahead")
IMBALANCE_ENERGY = Account("expenses:energy:imbalance")
HOME_ENERGY = Account("expenses:energy:homes")
GAS = Account("expenses:payments:gas")

CHART = MappingProxyType(
    {
        TRUST_CASH: Heading(AccountType.CASH, "BOLT in the vault that belongs to the homes"),
        POOL: Heading(AccountType.CASH, "BOLT in the vault that belongs to the retailer"),
        OPERATING_CASH: Heading(AccountType.CASH, "the retailer's own money outside the vault"),
        DEPOSITS: Heading(AccountType.LIABILITY, "owed to each home on demand"),
        WHOLESALE_PAYABLE: Heading(AccountType.LIABILITY, "owed to the wholesale market"),
        TDSP_PAYABLE: Heading(AccountType.LIABILITY, "delivery collected for the wires company"),
        ERCOT_PAYABLE: Heading(AccountType.LIABILITY, "fees collected for the grid operator"),
        TAX_PAYABLE: Heading(AccountType.LIABILITY, "taxes collected for the authorities"),
        CAPITAL: Heading(AccountType.EQUITY, "what the owners have put in"),
        ENERGY_INCOME: Heading(AccountType.INCOME, "energy sold to homes at the index"),
        ADDER_INCOME: Heading(AccountType.INCOME, "the retailer's markup"),
        DAY_AHEAD_ENERGY: Heading(AccountType.EXPENSE, "the position bought day-ahead"),
        IMBALANCE_ENERGY: Heading(AccountType.EXPENSE, "consumption beyond the position"),
        HOME_ENERGY: Heading(AccountType.EXPENSE, "energy bought back from homes"),
        GAS: Heading(AccountType.EXPENSE, "what the chain charges for claims and roots"),
    }
)
_DEPOSIT = re.compile(rf"{DEPOSITS}:0x[0-9a-f]{{64}}")


def deposits_of(home: bytes) -> Account:
    """The deposit account of the home with this channel id (32 bytes)."""
    return Account(f"{DEPOSITS}:0x{home.hex()}")


def is_deposit(account: Account) -> bool:
    """Whether `account` is what is owed to one home."""
    return _DEPOSIT.fullmatch(account) is not None


def heading_of(account: Account) -> Heading | None:
    """The heading `account` is posted under; None when the chart has no such account."""
    if is_deposit(account):
        return CHART[DEPOSITS]
    return None if account == DEPOSITS else CHART.get(account)
