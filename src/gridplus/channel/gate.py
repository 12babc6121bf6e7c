"""The acceptance rule for a voucher that pays more, as five comparisons of integers.

A hub takes thousands of vouchers a second, nearly all of them plain. The machine's answer to those
is known before it is asked: `Gate.admits` says for which, and whoever goes by it verifies the
signature and steps the machine later, with the newest of the admitted vouchers alone. A property
test holds gate and machine together; what a gate does not admit is asked of the machine.
"""

from dataclasses import dataclass

from gridplus.channel.counters import Counters
from gridplus.channel.payee import Payee
from gridplus.channel.promises import counters_of


@dataclass(slots=True)
class Gate:
    """µBOLT. `spent` and `earned` are those of the newest voucher that was accepted, here or by the
    machine; `top_spent` and `top_earned` what the next may say."""

    spent: int
    earned: int
    top_spent: int
    top_earned: int

    def admits(self, spent: int, earned: int) -> bool:
        """True only when the machine would store a voucher of these counters, if it is signed."""
        return (
            self.spent <= spent <= self.top_spent
            and self.earned <= earned <= self.top_earned
            and (spent != self.spent or earned != self.earned)
        )

    def passed(self, spent: int, earned: int) -> None:
        """A voucher that was admitted, and whose signature is good, goes to the disk."""
        self.spent, self.earned = spent, earned


def gate_of(state: Payee) -> Gate:
    """The gate that stands while nothing but admitted vouchers happens to `state`.

    The ceiling is the one without any `earned` that a voucher would still bring to the chain: the
    machine may allow more, never less.
    """
    kept: Counters = counters_of(state.accepted)
    billed = state.bill.counters
    return Gate(
        kept.spent_ubolt,
        kept.earned_ubolt,
        min(billed.spent_ubolt, state.view.ceiling_with(kept.earned_ubolt)),
        min(billed.earned_ubolt, state.credited),
    )
