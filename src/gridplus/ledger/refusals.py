"""Why a batch of transfers is not posted."""

from dataclasses import dataclass
from enum import Enum

from gridplus.units import format_ubolt


class Refusal(Enum):
    """In the order of checking: each transfer of the batch, then the balances it would leave."""

    AMOUNT_OUT_OF_RANGE = "a transfer moves at least 1 µBOLT and less than 2^53"
    ACCOUNT_NOT_IN_CHART = "the chart has no such account"
    SAME_ACCOUNT_ON_BOTH_SIDES = "a transfer has two accounts"
    PHASE_DOES_NOT_FIT = "a pending transfer resolves none, a voided one names what it voids"
    ID_OF_ANOTHER_TRANSFER = "this id was posted with other content"
    PENDING_NOT_FOUND = "what it resolves was never pending"
    PENDING_IS_ANOTHER = "it has other accounts, amount or code than what it resolves"
    PENDING_ALREADY_POSTED = "what it resolves is posted already"
    PENDING_ALREADY_VOIDED = "what it resolves is voided already"
    CREDITS_BEYOND_DEBITS = "the account holds less than that"
    DEBITS_BEYOND_CREDITS = "the home would owe the retailer"
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
