"""Amounts that accrue over a month or a day, whatever is used."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.components.component import Component, Slot
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, flat
from gridplus.tariff.moment import Moment
from gridplus.tariff.quantity import Measure, read_quantity


@dataclass(frozen=True, slots=True)
class StandingCharge(Component):
    """A membership or base charge per local month or per local day (µBOLT)."""

    kind = "standing_charge"
    several = True
    label: str
    monthly_ubolt: int
    daily_ubolt: int

    @property
    def name(self) -> str:
        return self.label

    def slot(self, moment: Moment) -> Slot:
        monthly = moment.accrued_monthly(self.monthly_ubolt) if self.monthly_ubolt else 0
        daily = moment.accrued_daily(self.daily_ubolt) if self.daily_ubolt else 0
        return Slot(fixed=(flat(Code.STANDING, monthly + daily),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        label, by_day = fields.text("name"), fields.has("daily")
        if by_day:
            return cls(label, 0, read_quantity(fields, "daily", measure=Measure.DAILY_UBOLT))
        return cls(label, read_quantity(fields, "monthly", measure=Measure.MONTHLY_UBOLT), 0)


@dataclass(frozen=True, slots=True)
class CapacityCharge(Component):
    """A subscribed power (W) at a price per kW and month (µBOLT)."""

    kind = "capacity_charge"
    power_w: int
    price_ubolt_per_kw: int

    def slot(self, moment: Moment) -> Slot:
        monthly_ubolt = self.power_w * self.price_ubolt_per_kw // 1_000
        return Slot(fixed=(flat(Code.CAPACITY, moment.accrued_monthly(monthly_ubolt)),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        power_w = read_quantity(fields, "power", measure=Measure.POWER_W)
        price = read_quantity(fields, "price", measure=Measure.DEMAND_UBOLT_PER_KW)
        return cls(power_w, price)
