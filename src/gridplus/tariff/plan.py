"""A plan: the terms under which a home buys and sells energy, as values in exact units.

One object rates the bill, is the planner's objective, prints the facts label and is published.
`parse_plan` (plan_file.py) is the only way to make one, so a plan that exists is a valid plan.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from gridplus.digest import Document
from gridplus.failures import InputError
from gridplus.units import PPM

PLAN_KIND = "gridplus.plan/1"
DAY_AHEAD_INDEX = "day_ahead_index"


@dataclass(frozen=True, slots=True)
class EnergyTerms:
    """The energy price: the day-ahead index within [floor, cap], plus an adder (µBOLT/MWh).

    Export is paid at the bounded index plus `export_adder`, which may be negative.
    """

    kind: str
    settlement_point: str
    cap_ubolt_per_mwh: int
    floor_ubolt_per_mwh: int
    adder_ubolt_per_mwh: int
    export_adder_ubolt_per_mwh: int

    def bounded(self, index_ubolt_per_mwh: int) -> int:
        """The index within floor and cap, for import and export alike."""
        return min(max(index_ubolt_per_mwh, self.floor_ubolt_per_mwh), self.cap_ubolt_per_mwh)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """TDSP delivery charges from `since` on, passed through unchanged."""

    since: date
    monthly_ubolt: int
    energy_ubolt_per_mwh: int
    source: str


@dataclass(frozen=True, slots=True)
class FeeRow:
    """The ERCOT system administration fee from `since` on."""

    since: date
    energy_ubolt_per_mwh: int
    source: str


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Taxes on every charge before tax, from `since` on. Export credits do not reduce the base."""

    since: date
    puc_ppm: int
    gross_receipts_ppm: int
    source: str

    @property
    def gross_up_ppm(self) -> int:
        """What one unit of a charge costs with taxes."""
        return PPM + self.puc_ppm + self.gross_receipts_ppm


class Dated(Protocol):
    @property
    def since(self) -> date: ...


RowT = TypeVar("RowT", bound=Dated)


@dataclass(frozen=True, slots=True)
class Plan:
    """A validated plan. Days are local days in `time_zone`; `effective_until` is exclusive.

    `as_of` is when delivery, fee and tax rows were collected: a row holds until the next one that
    was known on that day. `canonical` is the plan's document as canonical JSON, `digest` its hash.
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
    energy: EnergyTerms
    tdsp: str
    delivery: tuple[DeliveryRow, ...]
    fees: tuple[FeeRow, ...]
    taxes: tuple[TaxRow, ...]
    canonical: bytes
    digest: bytes

    def __hash__(self) -> int:
        return hash(self.digest)

    def document(self) -> Document:
        """The plan as it was written; `parse_plan` reads it back."""
        document: Document = json.loads(self.canonical)
        return document

    def holds_on(self, day: date) -> bool:
        until = self.effective_until
        return self.effective_from <= day and (until is None or day < until)

    def require_effective(self, day: date) -> None:
        """Raise InputError unless the plan holds on the local `day`."""
        if not self.holds_on(day):
            until = self.effective_until or "further notice"
            term = f"from {self.effective_from} until {until}"
            raise InputError(f"plan {self.id} holds {term}, not on {day}")


def row_on(rows: Sequence[RowT], day: date) -> RowT:
    """The newest row that has begun on `day`; a parsed plan has one for each day of its term."""
    found = [row for row in rows if row.since <= day]
    if not found:
        raise InputError(f"no row covers {day}; the first begins on {rows[0].since}")
    return found[-1]
