"""Wholesale prices, and the position a retailer takes against them; files in `formats`."""

from gridplus.market.position import Position, cost_ubolt, imbalance_wh
from gridplus.market.prices import (
    ERCOT_ZONE,
    PRICE_LIMIT_UBOLT_PER_MWH,
    PriceVersion,
    day_ahead_posting_s,
    operating_day_bounds,
    operating_day_intervals,
    operating_day_of,
    parse_price_version,
    price_version_from,
)

__all__ = [
    "ERCOT_ZONE",
    "PRICE_LIMIT_UBOLT_PER_MWH",
    "Position",
    "PriceVersion",
    "cost_ubolt",
    "day_ahead_posting_s",
    "imbalance_wh",
    "operating_day_bounds",
    "operating_day_intervals",
    "operating_day_of",
    "parse_price_version",
    "price_version_from",
]
