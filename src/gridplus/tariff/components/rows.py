"""Charges that others set and that change with the date: delivery, the grid operator's fee, taxes.

They are passed through unchanged. A row holds until the next one that was known when the plan was
written; each names its source.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Protocol, Self, TypeVar

from gridplus.failures import InputError
from gridplus.tariff.components.component import Component, Slot
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, flat
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity
from gridplus.units import PPM

MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """TDSP delivery charges from `since` on: µBOLT a month, µBOLT/MWh."""

    since: date
    monthly_ubolt: int
    price: int
    source: str


@dataclass(frozen=True, slots=True)
class FeeRow:
    """The ERCOT system administration fee from `since` on, µBOLT/MWh."""

    since: date
    price: int
    source: str


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Taxes on every charge before tax, from `since` on."""

    since: date
    puc_ppm: int
    gross_receipts_ppm: int
    source: str

    @property
    def gross_up_ppm(self) -> int:
        """What one unit of a charge costs with taxes."""
        return PPM + self.puc_ppm + self.gross_receipts_ppm


NO_TAX = TaxRow(date.min, 0, 0, "no component of the plan is a tax")


class Dated(Protocol):
    @property
    def since(self) -> date: ...


RowT = TypeVar("RowT", bound=Dated)


def row_on(rows: Sequence[RowT], day: date) -> RowT:
    """The newest row that has begun on `day`; a parsed plan has one for each day of its term."""
    found = [row for row in rows if row.since <= day]
    if not found:
        raise InputError(f"no row covers {day}; the first begins on {rows[0].since}")
    return found[-1]


@dataclass(frozen=True, slots=True)
class Delivery(Component):
    """What the wires company charges the home, by date."""

    kind = "delivery"
    tdsp: str
    rows: tuple[DeliveryRow, ...]

    def slot(self, moment: Moment) -> Slot:
        row = row_on(self.rows, moment.day)
        monthly_pbolt = moment.accrued_monthly(row.monthly_ubolt)
        return Slot(
            import_prices=((Code.DELIVERY, row.price),),
            fixed=(flat(Code.DELIVERY_MONTHLY, monthly_pbolt),),
        )

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(fields.text("tdsp"), _rows(fields, _delivery_row, start=start))


@dataclass(frozen=True, slots=True)
class ErcotFee(Component):
    """What the grid operator charges for each MWh taken, by date."""

    kind = "ercot_fee"
    rows: tuple[FeeRow, ...]

    def slot(self, moment: Moment) -> Slot:
        return Slot(import_prices=((Code.ERCOT_FEE, row_on(self.rows, moment.day).price),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(_rows(fields, _fee_row, start=start))


@dataclass(frozen=True, slots=True)
class Taxes(Component):
    """The PUC's assessment and the gross receipts tax of the customer's city, by date."""

    kind = "taxes"
    rows: tuple[TaxRow, ...]

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(_rows(fields, _tax_row, start=start))


def _rows(fields: Fields, read: Callable[[Fields], RowT], *, start: date) -> tuple[RowT, ...]:
    """Rows by the day they begin, oldest first; the first must have begun when the plan does."""
    rows = tuple(read(row) for row in fields.objects("rows", limit=MAX_ROWS))
    if not rows or rows[0].since > start:
        fields.fail("rows", f"must cover {start}, the plan's first day; add a row from then")
    if any(later.since <= earlier.since for earlier, later in pairwise(rows)):
        fields.fail("rows", "must stand in order of their first day, each day once")
    return rows


def _delivery_row(fields: Fields) -> DeliveryRow:
    row = DeliveryRow(
        since=fields.day("from"),
        monthly_ubolt=read_quantity(fields, "monthly", measure=Measure.MONTHLY_UBOLT),
        price=read_quantity(fields, "energy", measure=Measure.PRICE_UBOLT_PER_MWH),
        source=fields.text("source"),
    )
    fields.close()
    return row


def _fee_row(fields: Fields) -> FeeRow:
    row = FeeRow(
        since=fields.day("from"),
        price=read_quantity(fields, "ercot", measure=Measure.PRICE_UBOLT_PER_MWH),
        source=fields.text("source"),
    )
    fields.close()
    return row


def _tax_row(fields: Fields) -> TaxRow:
    row = TaxRow(
        since=fields.day("from"),
        puc_ppm=read_quantity(fields, "puc_assessment", measure=Measure.RATIO_PPM),
        gross_receipts_ppm=read_quantity(fields, "gross_receipts", measure=Measure.RATIO_PPM),
        source=fields.text("source"),
    )
    fields.close()
    return row
