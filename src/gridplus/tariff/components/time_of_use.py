"""The energy price by season, kind of day and hour of the wall clock."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.calendar import CELLS, Cell, Holidays, describe, read_cells, read_holidays
from gridplus.tariff.components.component import Component, Slot
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity

MAX_PERIODS = 48


@dataclass(frozen=True, slots=True)
class Period:
    """A price (µBOLT/MWh) and the cells of the calendar in which it holds."""

    name: str
    price: int
    cells: frozenset[Cell]


@dataclass(frozen=True, slots=True)
class TimeOfUse(Component):
    """Each hour of each month and kind of day has exactly one period."""

    kind = "time_of_use"
    is_energy = True
    periods: tuple[Period, ...]
    holidays: Holidays

    def slot(self, moment: Moment) -> Slot:
        cell = moment.day.month, self.holidays.kind_of(moment.day), moment.hour
        price = next(period.price for period in self.periods if cell in period.cells)
        return Slot(import_prices=((Code.ENERGY, price),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        holidays = read_holidays(fields)
        periods = tuple(_period(item) for item in fields.objects("periods", limit=MAX_PERIODS))
        covered: dict[Cell, Period] = {}
        for place, period in enumerate(periods):
            twice = frozenset(period.cells & covered.keys())
            if twice:
                other = covered[min(twice, key=CELLS.index)].name
                where = f"overlaps {other!r} in {describe(twice)}; each hour has one price"
                fields.fail(f"periods[{place}]", where)
            covered |= dict.fromkeys(period.cells, period)
        gap = frozenset(CELLS) - covered.keys()
        if gap:
            fields.fail("periods", f"leave a gap in {describe(gap)}; add a period for it")
        return cls(periods, holidays)


def _period(fields: Fields) -> Period:
    period = Period(
        name=fields.text("name"),
        price=read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH),
        cells=read_cells(fields),
    )
    fields.close()
    return period
