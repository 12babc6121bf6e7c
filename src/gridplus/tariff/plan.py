"""A plan: the terms under which a home buys and sells energy, as values in exact units.

One object rates the bill, is the planner's objective, prints the facts label and is published.
`parse_plan` (plan_file.py) is the only way to make one, so a plan that exists is a valid plan.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeVar

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.market.prices import Market
from gridplus.tariff.components import NO_TAX, Component, Delivery, Stepwise, Taxes, TaxRow, row_on
from gridplus.tariff.jurisdiction import SIMULATION

PLAN_KIND = "gridplus.plan/2"
ComponentT = TypeVar("ComponentT", bound=Component)


@dataclass(frozen=True, slots=True)
class Index:
    """The wholesale price that a plan follows: which market's, and its bounds (µBOLT/MWh); with
    both bounds it is a collar."""

    market: Market
    floor: int | None
    cap: int | None

    def bounded(self, price: int) -> int:
        """The price within floor and cap, for import and export alike."""
        if self.floor is not None and price < self.floor:
            return self.floor
        return price if self.cap is None else min(price, self.cap)


@dataclass(frozen=True)
class Plan:
    """A validated plan. Days are local days in `time_zone`; `effective_until` is exclusive.

    `settlement_point` is where the home's energy is bought. `as_of` is when the rows of delivery,
    fee and tax were collected. `components` stand in the order of the file. `canonical` is the
    plan's document as canonical JSON, `digest` its hash.
    """

    id: str
    version: int
    name: str
    time_zone: str
    jurisdiction: str
    customer_class: str
    effective_from: date
    effective_until: date | None
    as_of: date
    settlement_point: str
    index: Index | None
    components: tuple[Component, ...]
    canonical: bytes
    digest: bytes

    def __hash__(self) -> int:
        return hash(self.digest)

    def document(self) -> Document:
        """The plan as it was written; `parse_plan` reads it back."""
        document: Document = json.loads(self.canonical)
        return document

    @cached_property
    def stepwise(self) -> tuple[Stepwise, ...]:
        """The components that look at the read and the month; empty for a plan that is priced
        interval by interval."""
        return tuple(part for part in self.components if isinstance(part, Stepwise))

    def find(self, kind: type[ComponentT]) -> ComponentT | None:
        """The plan's component of a kind, or None."""
        return next((part for part in self.components if isinstance(part, kind)), None)

    @cached_property
    def delivery(self) -> Delivery | None:
        return self.find(Delivery)

    @cached_property
    def taxes(self) -> Taxes | None:
        return self.find(Taxes)

    def tax_on(self, day: date) -> TaxRow:
        """The taxes that hold on the local `day`."""
        return NO_TAX if self.taxes is None else row_on(self.taxes.rows, day)

    def require_sellable(self) -> None:
        """Raise InputError for a plan that only simulates."""
        if self.jurisdiction == SIMULATION:
            raise InputError(
                f"plan {self.id} is a simulation; write the jurisdiction in which it is sold"
            )

    def require_cap(self) -> int:
        """The cap of the index, µBOLT/MWh. Raises InputError for a plan that has none."""
        if self.index is None or self.index.cap is None:
            raise InputError(f"plan {self.id} has no cap on its index")
        return self.index.cap

    def holds_on(self, day: date) -> bool:
        until = self.effective_until
        return self.effective_from <= day and (until is None or day < until)

    def require_effective(self, day: date) -> None:
        """Raise InputError unless the plan holds on the local `day`."""
        if not self.holds_on(day):
            until = self.effective_until or "further notice"
            term = f"from {self.effective_from} until {until}"
            raise InputError(f"plan {self.id} holds {term}, not on {day}")
