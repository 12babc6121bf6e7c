"""Why a batch of transfers is not posted."""

from dataclasses import dataclass
from enum import Enum

from gridplus.units import format_ubolt


class Refusal(Enum):
    """In the order of checking: each transfer of the batch, then the balances it would leave."""

    AMOUNT_OUT_OF_RANGE = "a transfer moves at least 1 µBOLT and less than 2^53"
    ACCOUNT_NOT_IN_CHART = "the chart has no such account"
    SAME_ACCOUNT_ON_BOTH_SIDES = "a transfer has two accounts"
    ID_OF_ANOTHER_TRANSFER = "this id was posted with other content"
    DEPOSIT_OVERDRAWN = "the home would owe the retailer"
    CASH_OVERDRAWN = "the account holds less than that"
    TRUST_BELOW_DEPOSITS = "the trust would hold less than what is owed to the homes"


@dataclass(frozen=True, slots=True)
class Refused:
    """`where` is an account or a transfer id; `amount_ubolt` what was asked, or what lacks."""

    reason: Refusal
    where: str
    amount_ubolt: int

    def __str__(self) -> str:
        amount = format_ubolt(self.amount_ubolt)
        return f"{self.reason.name} at {self.where}, {amount} BOLT: {self.reason.value}"
