"""Lines that rest on a fact given from outside: a mark-up waived, a reward for using less."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.components.component import Effect, Marginal, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, per_wh
from gridplus.tariff.quantity import Measure, read_quantity
from gridplus.tariff.tally import Memory


@dataclass(frozen=True, slots=True)
class MarkupWaiver(Stepwise):
    """kWh credits: each redeemed Wh gives the adder on one Wh of use back, with its taxes.

    Memory: Wh granted and not used yet. They do not end with the month.
    """

    kind = "markup_waiver"

    def step(self, use: Use, memory: Memory) -> Effect:
        left_wh = (memory[0] if memory else 0) + use.given.waived_wh
        waived_wh = min(left_wh, use.read.import_wh)
        price = use.prices[Code.ADDER]
        return Effect(
            memory=(left_wh - waived_wh,),
            returns=(per_wh(Code.MARKUP_WAIVED, waived_wh, price=price),),
        )

    def marginal(self, use: Use, memory: Memory) -> Marginal:
        left_wh = memory[0] if memory else 0
        return Marginal(import_return=use.prices[Code.ADDER] if left_wh else 0)

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class DemandResponse(Stepwise):
    """A reward (µBOLT/MWh) for each Wh that the home takes less than its baseline, in intervals for
    which one is given. It is no reduction of a price, so no tax is returned."""

    kind = "demand_response"
    reward: int

    def step(self, use: Use, memory: Memory) -> Effect:
        baseline_wh = use.given.baseline_wh
        less_wh = 0 if baseline_wh is None else max(baseline_wh - use.read.import_wh, 0)
        return Effect(credits=(per_wh(Code.DEMAND_RESPONSE, less_wh, price=self.reward),))

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        return cls(read_quantity(fields, "reward", measure=Measure.PRICE_UBOLT_PER_MWH))
