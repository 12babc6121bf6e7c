"""What the law forbids a plan to be, as data. A plan that a rule forbids cannot be parsed.

This is a guard against selling an unlawful plan by mistake, not legal advice.
"""

from dataclasses import dataclass
from datetime import date

SIMULATION = "simulation"
"""No law and no customer: what such a plan would have cost can be computed, and it is never sold.
"""
JURISDICTIONS = ("US-TX", SIMULATION)
CUSTOMER_CLASSES = ("residential", "small_commercial", "large_commercial")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the law looks at: where, to whom, which kind of price, for which days.

    `effective_until` is the first day on which the plan no longer holds; None: it never ends.
    """

    jurisdiction: str
    customer_class: str
    kind: str
    effective_from: date
    effective_until: date | None

    def reaches(self, day: date) -> bool:
        """Whether the plan holds on `day` or on any later day."""
        return self.effective_until is None or self.effective_until > day


@dataclass(frozen=True, slots=True)
class Rule:
    """A prohibition: `kind` may not be offered to `customer_classes` on or after `since`."""

    jurisdiction: str
    kind: str
    customer_classes: tuple[str, ...]
    since: date
    law: str
    text: str
    source: str

    def forbids(self, offer: Offer) -> bool:
        return (
            offer.jurisdiction == self.jurisdiction
            and offer.kind == self.kind
            and offer.customer_class in self.customer_classes
            and offer.reaches(self.since)
        )


RULES = (
    Rule(
        jurisdiction="US-TX",
        kind="real_time_index",
        customer_classes=("residential", "small_commercial"),
        since=date(2021, 9, 1),
        law="Tex. Util. Code 39.110 (HB 16, 87th Leg.)",
        text="a retail electric provider may not offer a wholesale indexed product, one whose "
        "price includes a direct pass-through of real-time settlement point prices, to a "
        "residential or small commercial customer",
        source="https://capitol.texas.gov/tlodocs/87R/billtext/html/HB00016F.htm",
    ),
)


def find_prohibition(offer: Offer) -> Rule | None:
    """The first rule that forbids `offer`, or None when no rule does."""
    return next((rule for rule in RULES if rule.forbids(offer)), None)
