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


class Limit(Enum):
    """Which side of an account never exceeds the other, what is pending counted against it."""

    CREDITS_WITHIN_DEBITS = "nothing leaves that is not there"
    DEBITS_WITHIN_CREDITS = "nobody is charged beyond what is owed to him"


@dataclass(frozen=True, slots=True)
class Heading:
    """What an account is, what for, and its limit."""

    type: AccountType
    meaning: str
    limit: Limit | None = None


TRUST_CASH = Account("assets:trust:cash")
POOL = Account("assets:operating:pool")
OPERATING_CASH = Account("assets:operating:cash")
DEPOSITS = Account("liabilities:customers:deposits")
"""Parent of one account for each home; nothing is posted to itself."""
WHOLESALE_ACCRUED = Account("liabilities:accrued:wholesale")
TDSP_ACCRUED = Account("liabilities:accrued:tdsp")
ERCOT_ACCRUED = Account("liabilities:accrued:ercot")
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
WHOLESALE_DIFFERENCE = Account("expenses:invoices:wholesale")
TDSP_DIFFERENCE = Account("expenses:invoices:tdsp")
ERCOT_DIFFERENCE = Account("expenses:invoices:ercot")
GAS = Account("expenses:payments:gas")

_OWED, _SPENT = AccountType.LIABILITY, AccountType.EXPENSE


def _cash(meaning: str) -> Heading:
    return Heading(AccountType.CASH, meaning, Limit.CREDITS_WITHIN_DEBITS)


CHART = MappingProxyType(
    {
        TRUST_CASH: _cash("BOLT in the vault that belongs to the homes"),
        POOL: _cash("BOLT in the vault that belongs to the retailer"),
        OPERATING_CASH: _cash("the retailer's own money outside the vault"),
        DEPOSITS: Heading(_OWED, "owed to each home on demand", Limit.DEBITS_WITHIN_CREDITS),
        WHOLESALE_ACCRUED: Heading(_OWED, "wholesale energy not yet invoiced"),
        TDSP_ACCRUED: Heading(_OWED, "delivery collected, not yet invoiced"),
        ERCOT_ACCRUED: Heading(_OWED, "grid operator's fees collected, not yet invoiced"),
        WHOLESALE_PAYABLE: Heading(_OWED, "invoiced by the wholesale market"),
        TDSP_PAYABLE: Heading(_OWED, "invoiced by the wires company"),
        ERCOT_PAYABLE: Heading(_OWED, "invoiced by the grid operator"),
        TAX_PAYABLE: Heading(_OWED, "taxes collected for the authorities"),
        CAPITAL: Heading(AccountType.EQUITY, "what the owners have put in"),
        ENERGY_INCOME: Heading(AccountType.INCOME, "energy sold to homes at the index"),
        ADDER_INCOME: Heading(AccountType.INCOME, "the retailer's markup"),
        DAY_AHEAD_ENERGY: Heading(_SPENT, "the position bought day-ahead"),
        IMBALANCE_ENERGY: Heading(_SPENT, "consumption beyond the position"),
        HOME_ENERGY: Heading(_SPENT, "energy bought back from homes"),
        WHOLESALE_DIFFERENCE: Heading(_SPENT, "wholesale invoices beyond what was accrued"),
        TDSP_DIFFERENCE: Heading(_SPENT, "delivery invoices beyond what was collected"),
        ERCOT_DIFFERENCE: Heading(_SPENT, "grid operator's invoices beyond what was collected"),
        GAS: Heading(_SPENT, "what the chain charges for claims and roots"),
    }
)
_DEPOSIT = re.compile(rf"{DEPOSITS}:0x[0-9a-f]{{64}}")


def deposits_of(home: bytes) -> Account:
    """The deposit account of the home with this channel id (32 bytes)."""
    return Account(f"{DEPOSITS}:0x{home.hex()}")


def is_deposit(account: Account) -> bool:
    """Whether `account` is what is owed to one home."""
    return _DEPOSIT.fullmatch(account) is not None


def home_of(account: Account) -> bytes:
    """The channel id of a deposit account."""
    return bytes.fromhex(account.removeprefix(f"{DEPOSITS}:0x"))


def belongs_to_customers(account: Account) -> bool:
    """Whether `account` is the trust or a deposit: money that is segregated from all other."""
    return account.startswith((TRUST_CASH, DEPOSITS))


def heading_of(account: Account) -> Heading | None:
    """The heading `account` is posted under; None when the chart has no such account."""
    if is_deposit(account):
        return CHART[DEPOSITS]
    return None if account == DEPOSITS else CHART.get(account)


def limit_of(account: Account) -> Limit | None:
    """The limit of `account`, if it has one."""
    heading = heading_of(account)
    return None if heading is None else heading.limit
