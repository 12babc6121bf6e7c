"""What a month's use decides: a fee for using little, a credit for using much."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.components.component import Effect, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, flat
from gridplus.tariff.moment import PBOLT_PER_UBOLT
from gridplus.tariff.quantity import Measure, read_quantity
from gridplus.tariff.tally import Memory


@dataclass(frozen=True, slots=True)
class MinimumUseFee(Stepwise):
    """A fee (µBOLT) in the last interval of a month in which less than `below_wh` was used.

    A month that was not billed from its first interval carries none.
    """

    kind = "minimum_use_fee"
    below_wh: int
    fee_ubolt: int

    def step(self, use: Use, memory: Memory) -> Effect:
        used_wh = use.month_import_wh + use.read.import_wh
        due = use.moment.ends_month and use.whole_month and used_wh < self.below_wh
        amount = self.fee_ubolt * PBOLT_PER_UBOLT if due else 0
        return Effect(charges=(flat(Code.MINIMUM_USE, amount),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        below_wh = read_quantity(fields, "below", measure=Measure.ENERGY_WH)
        return cls(below_wh, read_quantity(fields, "fee", measure=Measure.AMOUNT_UBOLT))


@dataclass(frozen=True, slots=True)
class UsageCredit(Stepwise):
    """A credit (µBOLT), with the taxes on it, in the interval in which a month's use first passes
    `above_wh`: once a month, and nothing at exactly that use."""

    kind = "usage_credit"
    above_wh: int
    credit_ubolt: int

    def step(self, use: Use, memory: Memory) -> Effect:
        used_wh = use.month_import_wh + use.read.import_wh
        crosses = use.month_import_wh <= self.above_wh < used_wh
        amount = self.credit_ubolt * PBOLT_PER_UBOLT if crosses else 0
        return Effect(returns=(flat(Code.USAGE_CREDIT, amount),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        above_wh = read_quantity(fields, "above", measure=Measure.ENERGY_WH)
        return cls(above_wh, read_quantity(fields, "credit", measure=Measure.AMOUNT_UBOLT))
