"""The energy price when it depends on nothing but the interval: one price, or an index."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.components.component import Component, Slot
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity


@dataclass(frozen=True, slots=True)
class FixedPrice(Component):
    """One price for every Wh taken (µBOLT/MWh)."""

    kind = "fixed_price"
    is_energy = True
    price: int

    def slot(self, moment: Moment) -> Slot:
        return Slot(import_prices=((Code.ENERGY, self.price),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH))


@dataclass(frozen=True, slots=True)
class IndexPrice(Component):
    """The plan's index, within its floor and cap. Below zero it becomes a credit line."""

    kind = "index_price"
    is_energy = True

    @property
    def needs_index(self) -> bool:
        return True

    def slot(self, moment: Moment) -> Slot:
        index = moment.require_index()
        credit = ((Code.ENERGY_CREDIT, -index),) if index < 0 else ()
        return Slot(import_prices=((Code.ENERGY, max(index, 0)),), import_credits=credit)

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class Adder(Component):
    """The retailer's mark-up on every Wh taken (µBOLT/MWh)."""

    kind = "adder"
    price: int

    def slot(self, moment: Moment) -> Slot:
        return Slot(import_prices=((Code.ADDER, self.price),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH))
