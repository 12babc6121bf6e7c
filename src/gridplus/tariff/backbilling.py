"""How long afterwards a retailer may still charge for what it billed too low, as data.

A credit is always given. This is a guard against charging unlawfully by mistake, not legal advice.
"""

from dataclasses import dataclass

from gridplus.tariff.plan import Plan
from gridplus.units import Interval

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class BackBilling:
    """A higher charge counts when it is billed within `within_s` of the bill that was too low."""

    jurisdiction: str
    within_s: int
    law: str
    text: str
    source: str

    def permits(self, interval: Interval, *, decided_at_s: int) -> bool:
        """An interval is billed as soon as it is over."""
        return decided_at_s <= interval.end_s + self.within_s


LIMITS = (
    BackBilling(
        jurisdiction="US-TX",
        within_s=180 * DAY_S,
        law="16 TAC 25.480(e)",
        text="a customer is not responsible for corrected charges that are billed later than 180 "
        "days after the bill in which the underbilling occurred; meter tampering is excepted",
        source="https://regulations.justia.com/states/texas/title-16/part-2/chapter-25/"
        "subchapter-r/section-25-480",
    ),
)


def may_charge(plan: Plan, interval: Interval, *, decided_at_s: int) -> bool:
    """Whether no rule of the plan's jurisdiction forbids to charge more for `interval` now."""
    return all(
        rule.permits(interval, decided_at_s=decided_at_s)
        for rule in LIMITS
        if rule.jurisdiction == plan.jurisdiction
    )
