"""What the retailer bought day-ahead, and what it was short or long of it.

Amounts of energy are signed here, because a street with solar panels may sell ahead: positive is
bought, negative is sold. A position is bought per hour, at constant power; an hour is spread over
its settlement intervals by largest remainder, so the parts sum to the hour to the Wh.

Money: Wh x µBOLT/MWh is an exact number of pBOLT. A cost is the exact sum over all intervals,
divided by 1,000,000 once, rounded up: the retailer never counts on a fraction it may have to pay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gridplus.failures import InputError
from gridplus.market.prices import PriceVersion
from gridplus.units import (
    HOUR_S,
    SETTLEMENT_INTERVAL_S,
    WH_PER_MWH,
    Interval,
    mul_div_up,
    share_by_largest_remainder,
)


@dataclass(frozen=True, slots=True)
class Position:
    """Energy bought ahead (Wh, negative = sold) per hour from `start_s`, hour after hour."""

    settlement_point: str
    start_s: int
    energy_wh: tuple[int, ...]

    @classmethod
    def from_forecast(
        cls, settlement_point: str, forecast_wh: Mapping[Interval, int]
    ) -> "Position":
        """The position that buys a forecast of net consumption (Wh per settlement interval).

        Raises InputError when the intervals are not whole hours without a gap.
        """
        intervals = sorted(forecast_wh)
        if not intervals or intervals[0].start_s % HOUR_S or intervals[-1].end_s % HOUR_S:
            raise InputError("a position needs a forecast of whole hours")
        span = range(intervals[0].start_s, intervals[-1].end_s, SETTLEMENT_INTERVAL_S)
        if intervals != [Interval(at, SETTLEMENT_INTERVAL_S) for at in span]:
            raise InputError("a position needs a forecast of every 15 minutes, once")
        quarters = [forecast_wh[interval] for interval in intervals]
        hours = tuple(sum(quarters[i : i + 4]) for i in range(0, len(quarters), 4))
        return cls(settlement_point, span.start, hours)

    @property
    def by_hour(self) -> tuple[tuple[Interval, int], ...]:
        """The hours bought, in order of time, with their Wh."""
        return tuple(
            (Interval(self.start_s + i * HOUR_S, HOUR_S), energy_wh)
            for i, energy_wh in enumerate(self.energy_wh)
        )

    def in_interval(self, interval: Interval) -> int:
        """Wh bought ahead for a settlement interval inside one of the hours.

        Raises InputError for an interval that is not an equal part of a bought hour.
        """
        place, offset_s = divmod(interval.start_s - self.start_s, HOUR_S)
        if HOUR_S % interval.length_s or not 0 <= place < len(self.energy_wh):
            raise InputError(f"there is no position for {interval}")
        hour_wh = self.energy_wh[place]
        parts = share_by_largest_remainder(abs(hour_wh), [1] * (HOUR_S // interval.length_s))
        part_wh = parts[offset_s // interval.length_s]
        return part_wh if hour_wh >= 0 else -part_wh

    def cost_ubolt(self, prices: PriceVersion) -> int:
        """What the position costs (µBOLT, negative = revenue) at day-ahead `prices`, rounded up."""
        return cost_ubolt(self.by_hour, prices)


def imbalance_wh(
    position: Position, consumption_wh: Mapping[Interval, int]
) -> tuple[tuple[Interval, int], ...]:
    """Net consumption minus position per settlement interval, in order of time.

    Positive: bought in real time. Negative: sold back. Raises InputError outside the position.
    """
    return tuple(
        (interval, consumption_wh[interval] - position.in_interval(interval))
        for interval in sorted(consumption_wh)
    )


def cost_ubolt(energy_wh: Iterable[tuple[Interval, int]], prices: PriceVersion) -> int:
    """Signed energies at their prices: the exact sum in pBOLT, rounded up once to µBOLT."""
    total_pbolt = sum(wh * prices.price_at(interval) for interval, wh in energy_wh)
    return mul_div_up(total_pbolt, 1, divisor=WH_PER_MWH)
