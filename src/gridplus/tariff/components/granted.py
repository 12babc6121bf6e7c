"""A line that rests on a fact given from outside: a mark-up waived."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.tariff.components.component import Effect, Marginal, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, per_wh
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
