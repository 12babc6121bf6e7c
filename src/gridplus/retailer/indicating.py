"""Indicative prices: what the real-time market seems to become, published for homes to plan by.

They are signed and numbered like final ones and updated as often as the office likes. A home plans
by them only where the final prices are not there, and no bill is ever made with them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.retailer.announcing import Announcer
from gridplus.tariff import Fields, Plan

MOST_PRICES = 300
_PRICE_MAX = 1 << 40
_STEP_MAX_S = 3_600


@dataclass(frozen=True, slots=True)
class IndicativePrices:
    """The curve of a whole operating day, and where it comes from."""

    day: date
    step_s: int
    source: str
    prices_ubolt_per_mwh: tuple[int, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Raises InputError that names the field."""
        day, source = fields.day("day"), fields.text("source")
        step_s = fields.integer("step_s", high=_STEP_MAX_S)
        found = fields.take("prices_ubolt_per_mwh")
        if not isinstance(found, list) or len(found) > MOST_PRICES:
            fields.fail("prices_ubolt_per_mwh", f"must be a list of at most {MOST_PRICES}")
        prices = tuple(each for each in found if type(each) is int and abs(each) < _PRICE_MAX)
        if len(prices) != len(found):
            fields.fail("prices_ubolt_per_mwh", "must hold whole numbers alone")
        fields.close()
        return cls(day, step_s, source, prices)


async def indicate(announcer: Announcer, said: IndicativePrices, *, plan: Plan) -> PriceVersion:
    """Publish the curve as the next version of its day's; the version. Raises InputError when it
    does not cover the day, StorageError."""
    first = PriceVersion(
        settlement_point=plan.settlement_point,
        operating_day=said.day,
        market="RTM",
        kind="indicative",
        version=1,
        known_at_s=announcer.clock.now_s(),
        source=said.source,
        start_s=operating_day_bounds(said.day)[0],
        step_s=said.step_s,
        prices_ubolt_per_mwh=said.prices_ubolt_per_mwh,
    )
    return await announcer.announce_next(first, program=plan.id)
