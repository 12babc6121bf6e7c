"""Price files: bytes -> a series of prices and the faults of its rows."""

from gridplus.market.formats.ercot_dam import parse_ercot_dam
from gridplus.market.formats.price_csv import parse_price_csv
from gridplus.market.formats.series import PriceSeries

__all__ = ["PriceSeries", "parse_ercot_dam", "parse_price_csv"]
