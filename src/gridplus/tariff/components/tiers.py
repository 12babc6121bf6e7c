"""The energy price by how much was used in the local month so far."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple, Self

from gridplus.tariff.components.component import Effect, Marginal, Stepwise, Use
from gridplus.tariff.fields import Fields
from gridplus.tariff.line import Code, Line, per_wh
from gridplus.tariff.quantity import Measure, read_quantity
from gridplus.tariff.tally import Memory

MAX_TIERS = 16
ENDLESS_WH = 1 << 62


class Tier(NamedTuple):
    """A price (µBOLT/MWh) for the month's Wh below `up_to_wh`."""

    up_to_wh: int
    price: int


@dataclass(frozen=True, slots=True)
class Tiers(Stepwise):
    """Each Wh has the price of the tier in which it falls: a line for each tier that the interval
    touches, at least one."""

    kind = "tiers"
    is_energy = True
    tiers: tuple[Tier, ...]

    def step(self, use: Use, memory: Memory) -> Effect:
        at_wh, left_wh = use.month_import_wh, use.read.import_wh
        charges: list[Line] = []
        while left_wh > 0 or not charges:
            tier = self._tier_at(at_wh)
            part_wh = min(left_wh, tier.up_to_wh - at_wh)
            charges.append(per_wh(Code.ENERGY, part_wh, price=tier.price))
            at_wh, left_wh = at_wh + part_wh, left_wh - part_wh
        return Effect(charges=tuple(charges))

    def marginal(self, use: Use, memory: Memory) -> Marginal:
        """The price of the month's next Wh; a course that crosses into the next tier costs that
        tier's price from there on."""
        return Marginal(import_charge=self._tier_at(use.month_import_wh).price)

    def _tier_at(self, used_wh: int) -> Tier:
        return next(tier for tier in self.tiers if used_wh < tier.up_to_wh)

    @classmethod
    def read(cls, fields: Fields, *, start: date) -> Self:
        rows = list(fields.objects("tiers", limit=MAX_TIERS))
        if not rows:
            fields.fail("tiers", "must hold at least one tier")
        tiers = tuple(_tier(row, is_last=row is rows[-1]) for row in rows)
        if tiers[0].up_to_wh == 0 or any(
            later.up_to_wh <= earlier.up_to_wh for earlier, later in pairwise(tiers)
        ):
            fields.fail("tiers", "must rise: each ends above the one before, the last has no end")
        return cls(tiers)


def _tier(fields: Fields, *, is_last: bool) -> Tier:
    """The last tier has no end."""
    up_to_wh = ENDLESS_WH
    if not is_last:
        up_to_wh = read_quantity(fields, "up_to", measure=Measure.ENERGY_WH)
    tier = Tier(up_to_wh, read_quantity(fields, "price", measure=Measure.PRICE_UBOLT_PER_MWH))
    fields.close()
    return tier
